"""Proposing edits: over one or several steps of a version, sent at once; and what others add to a proposal.

Each action is one transaction, recorded with who and when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.content import STEP_TEXTS, clean_line
from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from procedures.wording import in_order
from review import rules, threads, watching
from review.eligibility import who_answers
from review.merge import Step
from review.models import (
    Comment,
    NoticeKind,
    SuggestedAction,
    SuggestedChange,
    SuggestedField,
    SuggestedImage,
    Suggestion,
    SuggestionKind,
    SuggestionStatus,
    Vote,
)
from review.notifying import notify
from review.photos import CleanPhoto
from review.recording import cleaned_text, required, save_as
from review.threads import SHOWN, step_of
from review.wanted import FIRST, in_a_ring

ChangeKey = tuple[str, str]  # (step id, field)


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image in the place of the step's image with this SHA-256, and what it shows."""

    replaces: str
    photo: CleanPhoto
    alt: str


@dataclass(frozen=True, slots=True)
class StepEdit:
    """What is proposed for one step: texts by field, where it is to stand (`after`, None: where it does), its images.

    `adds`: it is a new step, and `step_id` what the others sent with it call it; it gets an id of its own when it is
    sent. `removes`: it is to go.
    """

    step_id: str
    texts: Mapping[str, str] = field(default_factory=dict)
    after: str | None = None
    images: Sequence[NewImage] = ()
    adds: bool = False
    removes: bool = False


def new_step_id() -> str:
    return str(uuid4())


def moves(shown: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """{id: the id that it is to follow} of the steps that have to move, and of the new ones, to get `wanted`."""
    places = {step_id: place for place, step_id in enumerate(shown)}
    there = [step_id for step_id in wanted if step_id in places]
    kept = set(in_order([places[step_id] for step_id in there]))
    before = [FIRST, *wanted[:-1]]
    return {
        step_id: previous
        for step_id, previous in zip(wanted, before, strict=True)
        if places.get(step_id) not in kept
    }


def suggest(
    *,
    version: ProcedureVersion,
    changes: Mapping[ChangeKey, str],
    reason: str,
    by: Any,
    ticket_reference: str = "",
    at: datetime | None = None,
) -> Suggestion:
    """Propose texts for fields of steps; see `propose`."""
    texts: dict[str, dict[str, str]] = {}
    for (step_id, name), text in changes.items():
        texts.setdefault(step_id, {})[name] = text
    edits = [StepEdit(step_id, texts=fields) for step_id, fields in texts.items()]
    return propose(
        version=version, edits=edits, reason=reason, by=by, ticket_reference=ticket_reference, at=at
    )


@transaction.atomic
def propose(
    *,
    version: ProcedureVersion,
    edits: Sequence[StepEdit],
    reason: str,
    by: Any,
    kind: str = SuggestionKind.IMPROVEMENT,
    ticket_reference: str = "",
    alternative_to: Suggestion | None = None,
    at: datetime | None = None,
) -> Suggestion:
    """Send edits of steps of the text as this version shows it; returns the first, which the others hang on.

    Steps and fields left as they are do not count. Raises NotAllowed where nothing would change, or a step, an image
    or a place is named that the version does not have.
    """
    rules.check_mark(user=by, version=version)
    other = _head_of(alternative_to, version)
    head = Suggestion(
        version=version,
        alternative_to=other,
        author=by,
        submitted_at=at or timezone.now(),
        kind=kind,
        reason=required(reason, _("Say why: the owner decides by the reason.")),
        ticket_reference=ticket_reference.strip(),
    )
    edits = _with_ids(edits, version)
    _check_places(edits, version)
    for edit in edits:
        changes = _changes(version, edit)
        if not (changes or edit.images or edit.adds or edit.removes or edit.after is not None):
            continue
        suggestion = head if head.pk is None else _another(head)
        suggestion.action, suggestion.step_id, suggestion.after = _action(edit), edit.step_id, edit.after
        save_as(suggestion, by, suggestion.submitted_at)
        for change in changes:
            change.suggestion = suggestion
            save_as(change, by)
        for image in edit.images:
            _keep(image, suggestion, by)
    if head.pk is None:
        raise NotAllowed(_("Nothing is changed yet: edit the text first."))
    said: dict[str, Any] = {
        "by": by, "at": head.submitted_at, "text": head.reason[:SHOWN], "suggestion": head
    }  # fmt: skip
    told = notify([other.author], NoticeKind.ALTERNATIVE, version.page, **said) if other else set()
    told = notify(who_answers(version.page), NoticeKind.PROPOSED, version.page, **said, besides=told)
    watching.tell_watchers(version.page, NoticeKind.PROPOSED, **said, besides=told)
    return head


def _with_ids(edits: Sequence[StepEdit], version: ProcedureVersion) -> list[StepEdit]:
    """New steps under ids that nothing else has, whatever the sender called them."""
    edited = [edit.step_id for edit in edits if not edit.adds]
    if len({*edited}) < len(edited):
        raise NotAllowed(_("A step is named twice: say all that changes in it at once."))
    called = [edit.step_id for edit in edits if edit.adds]
    others = {
        FIRST,
        *edited,
        *(step["id"] for step in version.steps),
    }
    if len({*called}) < len(called) or others & {*called}:
        raise NotAllowed(_("A new step cannot go by the id of another step: open the procedure again."))
    ids = {name: new_step_id() for name in called}
    return [
        replace(
            edit, step_id=ids.get(edit.step_id, edit.step_id), after=ids.get(edit.after or FIRST, edit.after)
        )
        for edit in edits
    ]


def _check_places(edits: Sequence[StepEdit], version: ProcedureVersion) -> None:
    titles = {step["id"]: step["title"] for step in version.steps}
    titles |= {edit.step_id: edit.texts.get(SuggestedField.TITLE, "") for edit in edits if edit.adds}
    places = {edit.step_id: edit.after for edit in edits if edit.after is not None}
    if any(after not in (FIRST, *titles) or after == step_id for step_id, after in places.items()):
        raise NotAllowed(_("The step that another one is to follow is not there."))
    if ring := in_a_ring(places):
        named = ", ".join(f"“{title}”" for step_id, title in titles.items() if step_id in ring)
        raise NotAllowed(
            _(
                "Each of these steps is to follow another of them: %(steps)s. Say for one of them where it goes."
            )
            % {"steps": named}
        )


def _head_of(suggestion: Suggestion | None, version: ProcedureVersion) -> Suggestion | None:
    if suggestion is None:
        return None
    if suggestion.version.page_id != version.page_id:
        raise NotAllowed(_("An alternative is proposed to an edit of the same procedure."))
    return suggestion.sent_with or suggestion


def _another(head: Suggestion) -> Suggestion:
    """One more step of the same proposal."""
    return Suggestion(
        version=head.version,
        sent_with=head,
        alternative_to=head.alternative_to,
        author=head.author,
        submitted_at=head.submitted_at,
        kind=head.kind,
        reason=head.reason,
        ticket_reference=head.ticket_reference,
    )


def _action(edit: StepEdit) -> SuggestedAction:
    if edit.adds:
        return SuggestedAction.ADD
    return SuggestedAction.REMOVE if edit.removes else SuggestedAction.EDIT


def _changes(version: ProcedureVersion, edit: StepEdit) -> list[SuggestedChange]:
    """What would be another text; nothing of a step that is to go."""
    if edit.adds:
        shown: Step = dict.fromkeys(STEP_TEXTS, "")
    else:
        shown = step_of(version, edit.step_id)
        missing = {image.replaces for image in edit.images} - {image["sha256"] for image in shown["images"]}
        if missing:
            raise NotAllowed(_("This image is not in the step: open the procedure again."))
    texts = {name: cleaned_text(text) for name, text in edit.texts.items()}
    if texts.get(SuggestedField.TITLE, shown["title"]) != shown["title"]:
        texts[SuggestedField.TITLE] = clean_line(texts[SuggestedField.TITLE])
    if not texts.get(SuggestedField.TITLE, shown["title"]) and not edit.removes:
        raise NotAllowed(_("A step needs a title."))
    if edit.removes:
        return []
    return [
        SuggestedChange(field=name, base_text=shown[name], proposed_text=text)
        for name, text in texts.items()
        if text != shown[name]
    ]


def _keep(image: NewImage, suggestion: Suggestion, by: Any) -> None:
    if image.photo.sha256 == image.replaces:
        raise NotAllowed(_("That is the image that is there already."))
    kept = SuggestedImage(
        suggestion=suggestion,
        replaces=image.replaces,
        alt=required(image.alt, _("Say what the image shows.")),
        sha256=image.photo.sha256,
    )
    kept.file.save(f"image{image.photo.suffix}", ContentFile(image.photo.data), save=False)
    save_as(kept, by)


@transaction.atomic
def vote(*, suggestion: Suggestion, by: Any, ticket_reference: str = "", at: datetime | None = None) -> Vote:
    """Somebody else met this too: counted once a person; a ticket that they name later is added."""
    head = suggestion.sent_with or suggestion
    rules.check_vote(user=by, suggestion=head)
    ticket = ticket_reference.strip()
    at = at or timezone.now()
    found, is_new = Vote.objects.get_or_create(
        suggestion=head, person=by, defaults={"voted_at": at, "ticket_reference": ticket}
    )
    if not is_new:
        if not ticket or ticket == found.ticket_reference:
            raise NotAllowed(_("You said so already; it counts once."))
        found.ticket_reference = ticket
        save_as(found, by)
    return found


@transaction.atomic
def comment(
    *,
    suggestion: Suggestion,
    text: str,
    by: Any,
    photos: Sequence[CleanPhoto] = (),
    at: datetime | None = None,
) -> Comment:
    """Say something to a proposal. Its author's answer to a question makes it wait for the decision again."""
    head = suggestion.sent_with or suggestion
    at = at or timezone.now()
    said = threads.comment_on(suggestion=head, text=text, by=by, photos=photos, at=at)
    if by.pk == head.author_id:
        for asked in head.sent_together().filter(status=SuggestionStatus.ASKED):
            asked.status = SuggestionStatus.SUBMITTED
            save_as(asked, by, at)
    return said
