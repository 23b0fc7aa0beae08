"""Conversations on what is read: started on a step, a passage, a point of an image or the whole; answered, resolved,
reopened. Each action is one transaction, recorded with who and when, and whoever it concerns is told.

What a plain reply does: that of whoever answers for the procedure makes an open thread answered, the asker's makes an
answered one open. A resolved thread stays resolved, whoever replies, until somebody reopens it; but for whoever
raised a safety alarm: their words raise it again (review.rules.opens_again).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.content import STEP_TEXTS
from procedures.models import ProcedureVersion
from procedures.people import staff
from procedures.rules import NotAllowed
from review import notifying, rules, safety, watching
from review.anchors import Fate, Place, Quote, find, visible_text
from review.eligibility import who_answers
from review.mentions import mentioned
from review.models import (
    REMINDS_OF_A_MARK,
    Comment,
    NoticeKind,
    Photo,
    Suggestion,
    Thread,
    ThreadKind,
    ThreadStatus,
)
from review.notifying import SHOWN, notify
from review.photos import CleanPhoto
from review.recording import required, save_as

MOST_PHOTOS = 8  # to one comment


@dataclass(frozen=True, slots=True)
class Point:
    """A place on an image of a step, in thousandths of its width and height."""

    sha256: str
    x: int
    y: int


@transaction.atomic
def start_thread(
    *,
    version: ProcedureVersion,
    step_id: str,
    kind: str,
    text: str,
    by: Any,
    quote: Quote | None = None,
    point: Point | None = None,
    photos: Sequence[CleanPhoto] = (),
    at: datetime | None = None,
) -> Thread:
    """Open a thread on a step ("" for the whole procedure) with its first comment.

    Raises NotAllowed where the passage or the image is not in the step, or the passage is there more than once.
    """
    rules.check_mark(user=by, version=version)
    text = required(text, _("Write a comment first."))
    step = step_of(version, step_id) if step_id else None
    thread = Thread(
        version=version, step_id=step_id, kind=kind, started_by=by, started_at=at or timezone.now()
    )
    if quote is not None and quote.exact.strip():
        _check_quote(version, step_id, quote)
        thread.quote, thread.prefix, thread.suffix = quote.exact.strip(), quote.prefix, quote.suffix
    if point is not None:
        if step is None or point.sha256 not in {image["sha256"] for image in step["images"]}:
            raise NotAllowed({"point": _("This image is not in the step: open the procedure again.")})
        thread.image_sha256, thread.image_x, thread.image_y = point.sha256, point.x, point.y
    save_as(thread, by, thread.started_at)
    _say(thread, text, by, photos, thread.started_at)
    at, told = thread.started_at, set[int]()
    if kind == ThreadKind.SAFETY:
        told = safety.raise_alarm(thread=thread, text=text, by=by, at=at)
    told = _tell(mentioned(text), NoticeKind.MENTIONED, thread, by, at, text, told)
    told = _tell(who_answers(version.page), NoticeKind.COMMENTED, thread, by, at, text, told)
    _tell_watchers(thread, NoticeKind.COMMENTED, by, at, text, told)
    return thread


@transaction.atomic
def reply(
    *, thread: Thread, text: str, by: Any, photos: Sequence[CleanPhoto] = (), at: datetime | None = None
) -> Comment:
    """Add a comment, and what follows from it (above)."""
    thread = _locked(thread)
    rules.check_mark(user=by, version=thread.version)
    at = at or timezone.now()
    concerned = _in_conversation(thread)
    comment = _say(thread, required(text, _("Write a comment first.")), by, photos, at)
    if rules.opens_again(user=by, thread=thread) and (
        thread.status != ThreadStatus.OPEN or safety.is_silenced(thread)
    ):
        _open_again(thread, comment.text, by, at, concerned)
        return comment
    told = _tell([thread.started_by], NoticeKind.ANSWERED, thread, by, at, comment.text)
    told = _tell(mentioned(text), NoticeKind.MENTIONED, thread, by, at, text, told)
    told = _tell(concerned, NoticeKind.REPLIED, thread, by, at, comment.text, told)
    _tell_watchers(thread, NoticeKind.REPLIED, by, at, comment.text, told)
    if rules.owns(by, thread.version.page) and thread.started_by_id != by.pk:
        if thread.status == ThreadStatus.OPEN:
            _set(thread, ThreadStatus.ANSWERED, by, at)
        safety.stop_clock(thread=thread, by=by, at=at)
    return comment


@transaction.atomic
def comment_on(
    *,
    suggestion: Suggestion,
    text: str,
    by: Any,
    photos: Sequence[CleanPhoto],
    at: datetime,
    told: Collection[int] = (),
) -> Comment:
    """Add a comment to a proposed edit; its author, the owner and whoever commented before are told, but for those
    `told` by other words."""
    rules.check_comment(user=by, suggestion=suggestion)
    text = required(text, _("Write a comment first."))
    thread = Thread.objects.select_for_update(of=("self",)).filter(suggestion=suggestion).first()
    if thread is None:
        thread = Thread(
            version=suggestion.version, step_id=suggestion.step_id, suggestion=suggestion, started_by=by, started_at=at
        )  # fmt: skip
        save_as(thread, by, at)
    comment = _say(thread, text, by, photos, at)
    before = get_user_model()._default_manager.filter(comments__thread=thread).distinct()
    so_far = _tell(mentioned(text), NoticeKind.MENTIONED, thread, by, at, text, told)
    concerned = [suggestion.author, *before, *who_answers(suggestion.version.page)]
    so_far = _tell(concerned, NoticeKind.DISCUSSED, thread, by, at, text, so_far)
    _tell_watchers(thread, NoticeKind.DISCUSSED, by, at, text, so_far)
    if rules.answers(by, suggestion) and thread.status == ThreadStatus.OPEN:
        _set(thread, ThreadStatus.ANSWERED, by, at)
        notifying.dismiss(REMINDS_OF_A_MARK["answer"], at, suggestion=suggestion)
    return comment


@transaction.atomic
def resolve_thread(*, thread: Thread, by: Any, at: datetime | None = None) -> Thread:
    thread = _locked(thread)
    rules.check_resolve(user=by, thread=thread)
    at = at or timezone.now()
    _set(thread, ThreadStatus.RESOLVED, by, at)
    if rules.owns(by, thread.version.page):
        safety.stop_clock(thread=thread, by=by, at=at)
    # The asker's own resolving stops no clock, but nothing is to be answered any more.
    safety.call_off(thread=thread, at=at)
    _tell([thread.started_by], NoticeKind.RESOLVED, thread, by, at)
    return thread


@transaction.atomic
def change_kind(*, thread: Thread, kind: str, by: Any, at: datetime | None = None) -> Thread:
    """Say that a comment is about safety after all, with all that follows from it, or that it is not.

    Raises NotAllowed where it is that already or resolved, PermissionDenied for a missing right.
    """
    thread = _locked(thread)
    rules.check_change_kind(user=by, thread=thread, kind=kind)
    at = at or timezone.now()
    thread.kind = kind
    save_as(thread, by, at)
    if kind == ThreadKind.SAFETY:  # from now on its clock is another
        notifying.dismiss(REMINDS_OF_A_MARK["answer"], at, thread=thread)
    _tell([thread.started_by], NoticeKind.KIND_CHANGED, thread, by, at)
    if kind == ThreadKind.SAFETY:
        said = thread.comments.first()
        safety.raise_alarm(thread=thread, text=said.text if said else "", by=by, at=at)
    else:
        safety.stop_clock(thread=thread, by=by, at=at)
    return thread


@transaction.atomic
def reopen_thread(
    *, thread: Thread, text: str, by: Any, photos: Sequence[CleanPhoto] = (), at: datetime | None = None
) -> Thread:
    """Ask again: with the reason as a further comment."""
    thread = _locked(thread)
    rules.check_reopen(user=by, thread=thread)
    at = at or timezone.now()
    concerned = _in_conversation(thread)
    comment = _say(thread, required(text, _("Say what is still open.")), by, photos, at)
    _open_again(thread, comment.text, by, at, concerned)
    return thread


def _open_again(thread: Thread, text: str, by: Any, at: datetime, concerned: Sequence[Any]) -> None:
    """It waits for an answer anew, from now on: whoever is to give it is told, of a safety comment with the alarm and
    its clock; then whoever has part in the conversation."""
    _set(thread, ThreadStatus.OPEN, by, at)
    told = set[int]()
    if thread.kind == ThreadKind.SAFETY:
        told = safety.raise_alarm(thread=thread, text=text, by=by, at=at)
    told = _tell(who_answers(thread.version.page), NoticeKind.ASKED_AGAIN, thread, by, at, text, told)
    told = _tell(mentioned(text), NoticeKind.MENTIONED, thread, by, at, text, told)
    told = _tell(concerned, NoticeKind.REOPENED, thread, by, at, text, told)
    _tell_watchers(thread, NoticeKind.REPLIED, by, at, text, told)


def _in_conversation(thread: Thread) -> list[Any]:
    """Whoever began it, said something to it or resolved it, as far as they can still read it."""
    had_part = Q(comments__thread=thread) | Q(pk__in=[thread.started_by_id, thread.resolved_by_id or 0])
    return list(staff().filter(had_part).distinct())


def step_of(version: ProcedureVersion, step_id: str) -> dict[str, Any]:
    """The step as frozen. Raises NotAllowed where the version has none of this id."""
    for step in version.steps:
        if step["id"] == step_id:
            return step
    raise NotAllowed({"step": _("This version has no such step.")})


def place_of(thread: Thread, version: ProcedureVersion) -> Place | None:
    """Where the thread's passage stands in this version's text of its step; None where it quotes nothing."""
    if not thread.quote:
        return None
    quote = Quote(thread.quote, thread.prefix, thread.suffix)
    return find(quote, _shown(version, thread.step_id))


def _shown(version: ProcedureVersion, step_id: str) -> str:
    """What a reader sees of a step, or of the safety notes where there is no step; "" where it is gone."""
    if not step_id:
        return visible_text(version.html["safety"])
    html = version.html["steps"].get(step_id)
    step = next((step for step in version.steps if step["id"] == step_id), None)
    if html is None or step is None:
        return ""
    texts = [visible_text(html[name]) for name in STEP_TEXTS if name in html]
    return "\n".join([step["title"], *texts])


def _check_quote(version: ProcedureVersion, step_id: str, quote: Quote) -> None:
    fate = find(quote, _shown(version, step_id)).fate
    if fate == Fate.GONE:
        raise NotAllowed({"quote": _("The passage is not in this step: select it again, or leave it out.")})
    if fate == Fate.MANY:
        raise NotAllowed(
            {"quote": _("The passage is there more than once: select more of the text around it.")}
        )


def _locked(thread: Thread) -> Thread:
    return (
        Thread.objects.select_for_update(of=("self",))
        .select_related("version__page", "started_by", "resolved_by")
        .get(pk=thread.pk)
    )


def _say(thread: Thread, text: str, by: Any, photos: Sequence[CleanPhoto], at: datetime) -> Comment:
    if len(photos) > MOST_PHOTOS:
        raise NotAllowed(_("At most %(most)d photos go with one comment.") % {"most": MOST_PHOTOS})
    comment = Comment(thread=thread, author=by, written_at=at, text=text)
    save_as(comment, by)
    for photo in photos:
        kept = Photo(
            comment=comment, sha256=photo.sha256, width=photo.width, height=photo.height, has_position=photo.has_position
        )  # fmt: skip
        kept.file.save(f"photo{photo.suffix}", ContentFile(photo.data))
    return comment


def _set(thread: Thread, status: str, by: Any, at: datetime) -> None:
    if thread.status == status:
        return
    resolved = status == ThreadStatus.RESOLVED
    thread.status = status
    thread.resolved_by, thread.resolved_at = (by, at) if resolved else (None, None)
    save_as(thread, by, at)
    if status != ThreadStatus.OPEN:
        waited = (NoticeKind.COMMENTED, NoticeKind.ASKED_AGAIN, *REMINDS_OF_A_MARK["answer"])
        notifying.dismiss(waited, at, thread=thread)


def _tell(
    people: Iterable[Any],
    kind: str,
    thread: Thread,
    by: Any,
    at: datetime,
    text: str = "",
    besides: Collection[int] = (),
) -> set[int]:
    """Notices show the beginning of a long comment."""
    page = thread.version.page
    return notify(people, kind, page, by=by, at=at, text=text[:SHOWN], thread=thread, besides=besides)


def _tell_watchers(
    thread: Thread, kind: str, by: Any, at: datetime, text: str, besides: Collection[int]
) -> None:
    watching.tell_watchers(
        thread.version.page, kind, by=by, at=at, text=text[:SHOWN], thread=thread, besides=besides
    )
