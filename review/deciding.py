"""Deciding on proposed edits. Each action is one transaction, recorded with who and when, and the author is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Revision

from procedures.content import STEP_TEXTS, canonical_content, clean_line, clean_text
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import notifying, rules, threads, watching
from review.landing import Images, Landing, Take, landings, working_copy
from review.merge import Step
from review.models import (
    REMINDS_OF_A_MARK,
    NoticeKind,
    SuggestedAction,
    SuggestedChange,
    SuggestedField,
    Suggestion,
    SuggestionStatus,
)
from review.notifying import notify
from review.recording import cleaned_text, required, save_as
from review.steps import Steps
from review.wanted import FIRST


class EditRefused(NotAllowed):
    """One of several that were to land together cannot, as they stand."""

    def __init__(self, reason: str, suggestion_id: int) -> None:
        super().__init__(reason)
        self.suggestion_id = suggestion_id


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That one edit lands, and how.

    `final`: the decider's own texts by field; `takes`: what lands of those that both sides changed, and of "images".
    `after`: the id of the step that it is to follow, where the decider says so. `anyway`: a step goes though its text
    has changed. `seen`: `Landing.seen` of what the decider looked at.
    """

    suggestion: Suggestion
    final: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, Take] = field(default_factory=dict)
    after: str | None = None
    anyway: bool = False
    seen: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What lands of one edit; `after` None: the step stays where it is; `along`: what goes with it; `images` None: those
    of the step stay. `texts`: also of the fields that come back with a step that was gone."""

    texts: Mapping[str, str] = field(default_factory=dict)
    after: str | None = None
    along: Sequence[str] = ()
    images: Images | None = None
    with_changes: bool = False


def accept(
    *,
    suggestion: Suggestion,
    by: Any,
    answer: str = "",
    final: Mapping[str, str] | None = None,
    at: datetime | None = None,
    **how: Any,
) -> Suggestion:
    """Land one edit in the working copy as a revision of the decider's; `how`: see `Acceptance`."""
    acceptance = Acceptance(suggestion, answer=answer, final=final or {}, **how)
    return accept_together([acceptance], by=by, at=at)[0]


@transaction.atomic
def accept_together(
    acceptances: Sequence[Acceptance], *, by: Any, at: datetime | None = None
) -> list[Suggestion]:
    """Land edits that were sent together in one revision of the working copy: all of them, or none.

    Raises NotAllowed where the working copy has moved since the decider looked, and where a person must decide
    (the same sentence changed, the step is gone) and did not say what lands.
    """
    wanted = {acceptance.suggestion.pk: acceptance for acceptance in acceptances}
    locked = [_locked(acceptance.suggestion) for acceptance in acceptances]
    for suggestion in locked:
        rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.ACCEPTED)
    page = working_copy(locked[0].version.page)
    steps = Steps(page)
    landed = []
    for pk, landing in landings(locked, canonical_content(page)["steps"]).items():
        try:
            outcome = outcome_of(landing, wanted[pk])
            _carry_out(landing, outcome, steps, by)
        except NotAllowed as refused:
            raise EditRefused(refused.reason, pk) from refused
        landed.append((landing.suggestion, outcome))
    steps.put_back(page)
    before = dict(zip(steps.order, [FIRST, *steps.order], strict=False))
    revision = page.save_revision(user=by, log_action=True)
    decided = [
        _land(
            suggestion,
            outcome,
            before.get(suggestion.step_id),
            revision,
            by,
            wanted[suggestion.pk].answer,
            at,
        )
        for suggestion, outcome in landed
    ]
    _adopt_others(decided, page, revision, by, at)
    return decided


def outcome_of(landing: Landing, acceptance: Acceptance) -> Outcome:
    """What lands. Raises NotAllowed where a person must say more than they did, or looked at another text."""
    suggestion, undecided = landing.suggestion, landing.undecided
    if acceptance.seen is not None and acceptance.seen != landing.seen:
        raise NotAllowed(
            _(
                "The working copy changed while you were deciding. Look at what would land now, and decide anew."
            )
        )
    if suggestion.action == SuggestedAction.REMOVE:
        if undecided and not acceptance.anyway:
            raise NotAllowed(
                _("The step has changed since this was proposed: say that it goes all the same.")
            )
        return Outcome()
    if suggestion.action == SuggestedAction.ADD and landing.current is not None and not landing.contained:
        raise NotAllowed(
            _("The working copy has this step already, in other words: refuse it, or ask its author.")
        )
    after, along = _place_of(landing, acceptance)
    images, texts = _images_of(landing, acceptance), {}
    # As proposed, and where both sides changed it as the one who decides took it from the proposal, is unchanged.
    with_changes = after != landing.after or acceptance.takes.get("images", Take.THEIRS) != Take.THEIRS
    for change in suggestion.changes.all():
        texts[change.field] = text = _text_of(landing, acceptance, change)
        merged = change.proposed_text if change.field in undecided else (landing.step or {}).get(change.field)
        with_changes |= text != merged
    if not landing.contained and after is None and _says(landing.current, texts, images):
        raise NotAllowed(_("Nothing of it would land: refuse it, and say why."))
    if landing.gone:
        texts = {name: (landing.step or {}).get(name, "") for name in STEP_TEXTS} | texts
    return Outcome(texts, after, along, images, with_changes)


def _place_of(landing: Landing, acceptance: Acceptance) -> tuple[str | None, Sequence[str]]:
    """The id of the step that it is to follow, None where it stays, and the steps that go along."""
    clash = landing.undecided.get("")
    as_said = acceptance.after in (None, landing.place) or acceptance.after in landing.new
    if clash is None and (as_said or not landing.moves):
        return landing.after, landing.along
    if acceptance.after is not None:
        return acceptance.after, ()
    if landing.gone:
        raise NotAllowed(
            _("That step is no longer in the working copy: say where it is to stand again, or refuse.")
        )
    raise NotAllowed(_("Steps were added or moved at the same place: say where this one is to stand."))


def _images_of(landing: Landing, acceptance: Acceptance) -> Images | None:
    if not landing.suggestion.images.all():
        return None
    if "images" not in landing.undecided:
        return list((landing.step or {}).get("images", ()))
    if "images" not in acceptance.takes:
        raise NotAllowed(_("The images of the step have changed since: choose which ones it is to show."))
    return landing.taken_images()[acceptance.takes["images"]]


def _text_of(landing: Landing, acceptance: Acceptance, change: SuggestedChange) -> str:
    undecided = change.field in landing.undecided
    if undecided and (take := acceptance.takes.get(change.field)) is not None:
        text = landing.taken(change.field)[take]
    elif (final := acceptance.final.get(change.field)) is not None:
        text = cleaned_text(final)
        if change.field == SuggestedField.TITLE:
            text = clean_line(text)
    elif undecided:
        raise NotAllowed(
            _(
                "The working copy has changed in the same place since this was proposed: "
                "choose which text lands, or write it yourself."
            )
        )
    else:
        text = (landing.step or {}).get(change.field, "")
    if change.field == SuggestedField.TITLE and not text:
        raise NotAllowed(_("A step needs a title."))
    return text


def _says(step: Step | None, texts: Mapping[str, str], images: Images | None) -> bool:
    """Whether the step is this already."""
    if step is None or any(step[name] != text for name, text in texts.items()):
        return False
    return images is None or images == step["images"]


def _carry_out(landing: Landing, outcome: Outcome, steps: Steps, by: Any) -> None:
    suggestion, step_id = landing.suggestion, landing.suggestion.step_id
    if suggestion.action == SuggestedAction.REMOVE:
        steps.remove(step_id)
        return
    if outcome.after is not None and (not steps.is_place(outcome.after) or outcome.after == step_id):
        raise NotAllowed(_("The step that this one was to follow is not there: say where it is to stand."))
    if step_id not in steps:
        steps.add(step_id, landing.stood_in)
    steps.write(step_id, outcome.texts)
    if outcome.after is not None:
        steps.move(step_id, outcome.after, outcome.along)
    if outcome.images is not None:
        proposed = list(suggestion.images.all())
        steps.show_images(step_id, outcome.images, proposed, by)
        for image in proposed:
            if image.landed_as is not None:
                save_as(image, by)


def _land(
    suggestion: Suggestion,
    outcome: Outcome,
    before: str | None,
    revision: Revision,
    by: Any,
    answer: str,
    at: datetime | None,
) -> Suggestion:
    for change in suggestion.changes.all():
        change.landed_text = outcome.texts[change.field]
        save_as(change, by)
    suggestion.landed_in = revision
    suggestion.landed_after = None if outcome.after is None else before
    to = SuggestionStatus.CHANGED if outcome.with_changes else SuggestionStatus.ACCEPTED
    return _decide(suggestion, to, by, answer, at)


def _adopt_others(
    decided: Sequence[Suggestion], page: ProcedurePage, revision: Revision, by: Any, at: datetime | None
) -> None:
    """What the text says already, now that these have landed, waits for no further decision."""
    steps = canonical_content(page)["steps"]
    waiting = Suggestion.objects.on_page(page.pk).waiting().exclude(author=by)
    same_steps = waiting.filter(step_id__in={suggestion.step_id for suggestion in decided})
    for suggestion in same_steps.select_related("version__page", "sent_with", "author"):
        if landings([suggestion], steps)[suggestion.pk].contained:
            _adopt(suggestion, revision, by, "", at)


@transaction.atomic
def adopt(*, suggestion: Suggestion, by: Any, answer: str = "", at: datetime | None = None) -> Suggestion:
    """Close an edit whose words the working copy has already; its author is credited all the same."""
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.ADOPTED)
    page = working_copy(suggestion.version.page)
    if not landings([suggestion], canonical_content(page)["steps"])[suggestion.pk].contained:
        raise NotAllowed(_("The working copy does not say this: accept it, or refuse it with a reason."))
    revision = page.get_latest_revision() or page.save_revision(user=by)
    return _adopt(suggestion, revision, by, answer, at)


def _adopt(
    suggestion: Suggestion, revision: Revision, by: Any, answer: str, at: datetime | None
) -> Suggestion:
    for change in suggestion.changes.all():
        change.landed_text = change.proposed_text
        save_as(change, by)
    suggestion.landed_in = revision
    return _decide(suggestion, SuggestionStatus.ADOPTED, by, answer, at)


@transaction.atomic
def refuse(*, suggestion: Suggestion, by: Any, answer: str, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.REFUSED)
    answer = required(answer, _("Say why it is refused: the author is told."))
    return _decide(suggestion, SuggestionStatus.REFUSED, by, answer, at)


@transaction.atomic
def ask_back(*, suggestion: Suggestion, by: Any, question: str, at: datetime | None = None) -> Suggestion:
    """Ask the author before deciding: it waits for their answer, which is a comment on the proposal."""
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.ASKED)
    question, at = required(question, _("Write the question to the author.")), at or timezone.now()
    head = suggestion.sent_with or suggestion
    suggestion.status = SuggestionStatus.ASKED
    save_as(suggestion, by, at)
    _dismiss_reminders(suggestion, at)
    threads.comment_on(suggestion=head, text=question, by=by, photos=(), at=at, told={suggestion.author_id})
    _tell(NoticeKind.ASKED_BACK, suggestion, [suggestion.author], by, at, question)
    return suggestion


@transaction.atomic
def hand_on(
    *, suggestion: Suggestion, to: Any, by: Any, note: str = "", at: datetime | None = None
) -> Suggestion:
    """Let somebody else decide; they and the author are told, with the note, which stays in the mark's history.

    Whoever answers for the procedure still may decide.
    """
    suggestion = _locked(suggestion)
    rules.check_hand_on(user=by, suggestion=suggestion, to=to)
    suggestion.assigned_to, at = to, at or timezone.now()
    suggestion.handed_note = clean_text(note)
    save_as(suggestion, by, at)
    if not suggestion.sent_together().filter(status=SuggestionStatus.SUBMITTED, assigned_to=None).exists():
        reminders = [kind for due, late, _passed_on in REMINDS_OF_A_MARK.values() for kind in (due, late)]
        notifying.dismiss(reminders, at, suggestion=suggestion.head_id)  # of whoever was to decide before
    _tell(NoticeKind.HANDED_ON, suggestion, [to], by, at, suggestion.handed_note)
    notifying.dismiss([NoticeKind.PASSED_ON], at, suggestion=suggestion)  # of whoever had it before
    _tell(NoticeKind.PASSED_ON, suggestion, [suggestion.author], by, at, suggestion.handed_note)
    return suggestion


@transaction.atomic
def withdraw(*, suggestion: Suggestion, by: Any, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_withdraw(user=by, suggestion=suggestion)
    return _decide(suggestion, SuggestionStatus.WITHDRAWN, by, "", at)


@transaction.atomic
def withdraw_together(*, suggestion: Suggestion, by: Any, at: datetime | None = None) -> None:
    """Take back what is undecided of all that was sent together."""
    undecided = list(suggestion.sent_together().waiting())
    for part in undecided or [suggestion]:  # the one that is decided says so
        withdraw(suggestion=part, by=by, at=at)


def _locked(suggestion: Suggestion) -> Suggestion:
    """The edit as it is now, and its procedure held against another decision until this one is through."""
    ProcedurePage.objects.select_for_update().get(pk=suggestion.version.page_id)
    return (
        Suggestion.objects.select_for_update(of=("self",))
        .select_related("version__page", "sent_with", "author")
        .get(pk=suggestion.pk)
    )


def _decide(suggestion: Suggestion, to: str, by: Any, answer: str, at: datetime | None) -> Suggestion:
    suggestion.status = to
    suggestion.decided_by, suggestion.decided_at = by, at or timezone.now()
    suggestion.answer = clean_text(answer)
    save_as(suggestion, by, suggestion.decided_at)
    told = _tell(
        NoticeKind.DECIDED, suggestion, [suggestion.author], by, suggestion.decided_at, suggestion.answer
    )
    watching.tell_watchers(
        suggestion.version.page, NoticeKind.SETTLED,
        by=by, at=suggestion.decided_at, text=suggestion.answer[: threads.SHOWN], suggestion=suggestion, besides=told,
    )  # fmt: skip
    if not suggestion.sent_together().waiting().exists():
        kinds = (NoticeKind.PROPOSED, NoticeKind.HANDED_ON)
        notifying.dismiss(kinds, suggestion.decided_at, suggestion=suggestion.head_id)
    if to != SuggestionStatus.WITHDRAWN:
        notifying.dismiss(REMINDS_OF_A_MARK["answer"], suggestion.decided_at, suggestion=suggestion.head_id)
    _dismiss_reminders(suggestion, suggestion.decided_at)
    return suggestion


def _dismiss_reminders(suggestion: Suggestion, at: datetime) -> None:
    """Nobody is reminded of what waits for nobody who could decide: all of it is decided, or asked back."""
    if not suggestion.sent_together().filter(status=SuggestionStatus.SUBMITTED).exists():
        kinds = [kind for kinds in REMINDS_OF_A_MARK.values() for kind in kinds]
        notifying.dismiss(kinds, at, suggestion=suggestion.head_id)


def _tell(
    kind: str, suggestion: Suggestion, people: Sequence[Any], by: Any, at: datetime, text: str
) -> set[int]:
    page = suggestion.version.page
    return notify(people, kind, page, by=by, at=at, text=text[: threads.SHOWN], suggestion=suggestion)
