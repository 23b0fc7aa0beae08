"""What the pages ask about marks: one query for many steps, never one a step."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    When,
    prefetch_related_objects,
)

from procedures.models import ProcedurePage, ProcedureVersion
from review.anchors import Fate
from review.eligibility import open_stages_for
from review.models import (
    CALLS_FOR_SAFETY,
    Comment,
    Notice,
    Photo,
    Release,
    ReleaseStatus,
    Remark,
    Signature,
    Stage,
    SuggestedAction,
    Suggestion,
    SuggestionKind,
    SuggestionStatus,
    Thread,
    ThreadKind,
    ThreadStatus,
)
from review.pointing import PointedImage
from review.threads import place_of


@dataclass(slots=True)
class StepMarks:
    """What hangs on one step (or, without a step, on the whole procedure)."""

    threads: list[Thread] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)


# What templates/review/_thread.html shows of a thread: its version alone has as many columns again.
_SHOWN_OF_A_MARK = (
    "version__number", "version__major", "version__minor", "step_id", "suggestion", "kind", "status", "quote",
    "prefix", "suffix", "image_sha256", "image_x", "image_y", "started_at",
    "safety_clock__thread", "safety_clock__due_at", "safety_clock__stopped_at",
)  # fmt: skip


def marks_by_step(version: ProcedureVersion, step_ids: Iterable[str]) -> dict[str, StepMarks]:
    """Unresolved threads of every version of the page and its waiting proposals, by step id ("" for the whole, and for
    what is to come before the first step). Some are not among those shown: their steps are in other versions only.

    `step_ids` are those of the version: whoever shows it has them, and need not fetch its content for them.
    """
    marks: dict[str, StepMarks] = {}
    unresolved = Thread.objects.on_page(version.page_id).on_text().exclude(status=ThreadStatus.RESOLVED)
    threads = list(threads_with_comments(unresolved).only(*_SHOWN_OF_A_MARK))
    show_places(threads, version)
    for thread in threads:
        marks.setdefault(thread.step_id, StepMarks()).threads.append(thread)
    waiting = list(Suggestion.objects.on_page(version.page_id).waiting().select_related("author"))
    shown = set(step_ids)
    added = {edit.step_id: edit.after or "" for edit in waiting if edit.action == SuggestedAction.ADD}
    for suggestion in waiting:
        place = _place(suggestion.step_id, shown, added)
        marks.setdefault(place, StepMarks()).suggestions.append(suggestion)
    return marks


def _place(step_id: str, shown: Collection[str], added: Mapping[str, str]) -> str:
    """Where a step is told of: a new one at the step that it is to follow, which may follow another new one."""
    for _following in added:  # no more than these follow one another
        if step_id in shown or step_id not in added:
            break
        step_id = added[step_id]
    return step_id


def open_safety_threads(marks: Iterable[StepMarks]) -> list[Thread]:
    """Those of what marks_by_step found that are about safety: what waits longest first."""
    about = [thread for found in marks for thread in found.threads if thread.kind == ThreadKind.SAFETY]
    return sorted(about, key=lambda thread: thread.started_at)


def threads_with_comments(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """With what a template shows of a thread, but without the frozen texts of its version."""
    return (
        threads.select_related("version", "safety_clock")
        .defer("version__content", "version__html", "version__search_text")
        .prefetch_related(Prefetch("comments", _comments()))
    )


def _comments() -> QuerySet[Comment]:
    photos = Photo.objects.filter(comment=OuterRef("pk"))
    return Comment.objects.select_related("author").annotate(has_photos=Exists(photos))


def comments_on(suggestion: Suggestion) -> list[Comment]:
    """What was said to a proposal; `suggestion` is the first of what was sent together."""
    comments = list(_comments().filter(thread__suggestion=suggestion))
    prefetch_related_objects([found for found in comments if getattr(found, "has_photos", False)], "photos")
    return comments


def show_photos(threads: Iterable[Thread]) -> None:
    """Fetch the photos of all comments: one query, and none where there are no photos."""
    comments = [comment for thread in threads for comment in thread.comments.all()]
    prefetch_related_objects([found for found in comments if getattr(found, "has_photos", False)], "photos")


def show_places(threads: Sequence[Thread], version: ProcedureVersion) -> None:
    """Give each thread what templates/review/_thread.html shows of its place, as this version has it."""
    show_photos(threads)
    for thread in threads:
        place = place_of(thread, version)
        thread.passage_is_gone = place is not None and place.fate == Fate.GONE
        thread.pointed = PointedImage.of(thread)


def for_list(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    return (
        suggestions.select_related(
            "author", "version__page", "decided_by", "released_in", "assigned_to", "sent_with"
        )
        .defer("version__search_text", "version__html", "released_in__content", "released_in__html")
        .prefetch_related("changes", "images")
    )


def decided_by(user: Any) -> Q:
    """The filter on `version__page` of what this person answers for."""
    if user.has_perm("review.decide_any_suggestion"):
        return Q()
    return Q(version__page__procedure_owner=user)


def suggestions_to_decide(user: Any) -> QuerySet[Suggestion]:
    if not user.has_perm("review.decide_suggestion"):
        return Suggestion.objects.none()
    own = Q(assigned_to=user) | decided_by(user) & Q(assigned_to__isnull=True)
    submitted = Suggestion.objects.filter(status=SuggestionStatus.SUBMITTED)
    return submitted.filter(own).exclude(author=user).order_by(_safety_first(), "submitted_at", "pk")


def suggestions_of(user: Any) -> QuerySet[Suggestion]:
    """What this person proposed: first what waits for their own answer, then the undecided, then the last decided."""
    turn = Case(
        When(status=SuggestionStatus.ASKED, then=0),
        When(status=SuggestionStatus.SUBMITTED, then=1),
        default=2,
    )
    # Databases differ in where NULLs come.
    newest = F("decided_at").desc(nulls_last=True)
    return Suggestion.objects.filter(author=user).order_by(turn, newest, "-submitted_at", "-pk")


def threads_to_answer(user: Any) -> QuerySet[Thread]:
    if not user.has_perm("review.decide_suggestion"):
        return Thread.objects.none()
    waiting = Thread.objects.waiting().on_text().filter(decided_by(user)).exclude(started_by=user)
    return waiting.order_by(_safety_first(), "started_at", "pk")


def _safety_first() -> Case:
    return Case(When(about_safety(), then=0), default=1)


def about_safety() -> Q:
    """The filter on comments, and on proposed edits."""
    return Q(kind__in=(ThreadKind.SAFETY, SuggestionKind.SAFETY))


def news_of(user: Any) -> QuerySet[Notice]:
    """Not yet read, without the calls to answer what is listed for them among the comments to answer."""
    listed = threads_to_answer(user)
    return Notice.objects.news().filter(recipient=user).exclude(kind__in=CALLS_FOR_SAFETY, thread__in=listed)


def stages_for(user: Any) -> QuerySet[Stage]:
    """The open stages that wait for this person, the soonest due first."""
    return (
        open_stages_for(user)
        .select_related("release__page", "release__submitted_by")
        .defer("release__content")
        .order_by(F("due_at").asc(nulls_last=True), "opened_at")
    )


def release_in_review(page: ProcedurePage) -> Release | None:
    return (
        Release.objects.in_review()
        .filter(page=page)
        .select_related("page", "submitted_by", "revision", "workflow_state__workflow")
        .first()
    )


def stages_of(release: Release) -> list[Stage]:
    """With what a page shows of each: who is asked, who has signed, what was said."""
    stages = (
        release.stages.select_related("release", "escalate_to")
        .prefetch_related(
            "groups",
            "people",
            Prefetch("signatures", Signature.objects.select_related("signatory", "on_behalf_of")),
            Prefetch("remarks", Remark.objects.select_related("author")),
        )
        .order_by("position")
    )
    return list(stages)


def sent_back(page: ProcedurePage) -> Release | None:
    """The newest release that others ended without a version, while nothing was submitted or released since."""
    newest = Release.objects.filter(page=page).order_by("-pk").values("pk")[:1]
    return Release.objects.ended_by_others().filter(pk__in=newest).select_related("ended_by").first()


def ended_last(page: ProcedurePage) -> Release | None:
    """The newest release, where it ended without a version, whoever ended it."""
    newest = Release.objects.filter(page=page).order_by("-pk").first()
    ended = (ReleaseStatus.SENT_BACK, ReleaseStatus.TAKEN_BACK, ReleaseStatus.STOPPED)
    return newest if newest and newest.status in ended else None


def releases_sent_back(user: Any) -> QuerySet[Release]:
    """What this person submitted and others ended, while it waits for another submission."""
    newest = Release.objects.filter(page=OuterRef("page")).order_by("-pk").values("pk")[:1]
    return (
        Release.objects.ended_by_others()
        .filter(submitted_by=user, pk=Subquery(newest))
        .select_related("page", "ended_by")
        .defer("content")
        .order_by("-ended_at")
    )


def releases_of(user: Any) -> QuerySet[Release]:
    """What this person submitted and others are signing."""
    return Release.objects.in_review().filter(submitted_by=user).select_related("page").defer("content")
