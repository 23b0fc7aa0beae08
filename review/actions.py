"""What people do with proposed edits: propose, decide. Each is one transaction, recorded with who and when."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.content import STEP_TEXTS, clean_text
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import rules, watching
from review.merge import land
from review.models import (
    NoticeKind,
    SuggestedChange,
    SuggestedField,
    Suggestion,
    SuggestionStatus,
)
from review.notifying import notify
from review.recording import required, save_as
from review.threads import step_of

ChangeKey = tuple[str, str]  # (step id, field)


@transaction.atomic
def suggest(
    *,
    version: ProcedureVersion,
    changes: Mapping[ChangeKey, str],
    reason: str,
    by: Any,
    ticket_reference: str = "",
    at: datetime | None = None,
) -> Suggestion:
    """Propose texts for fields of steps, on the text as this version shows it.

    Fields left as they are do not count. Raises NotAllowed where nothing would change.
    """
    rules.check_mark(user=by, version=version)
    suggestion = Suggestion(
        version=version,
        author=by,
        submitted_at=at or timezone.now(),
        reason=required(reason, _("Say why: the owner decides by the reason.")),
        ticket_reference=ticket_reference.strip(),
    )
    rows = []
    for (step_id, field), text in changes.items():
        base, proposed = step_of(version, step_id)[field], clean_text(text)
        if field == SuggestedField.TITLE and not proposed:
            raise NotAllowed(_("A step needs a title."))
        if proposed != base:
            rows.append(
                SuggestedChange(
                    suggestion=suggestion,
                    step_id=step_id,
                    field=field,
                    base_text=base,
                    proposed_text=proposed,
                )
            )
    if not rows:
        raise NotAllowed(_("Nothing is changed yet: edit the text first."))
    save_as(suggestion, by)
    for row in rows:
        save_as(row, by)
    watching.tell_watchers(
        version.page, NoticeKind.PROPOSED,
        by=by, at=suggestion.submitted_at, text=suggestion.reason, suggestion=suggestion,
    )  # fmt: skip
    return suggestion


def landing(suggestion: Suggestion, page: ProcedurePage | None = None) -> dict[ChangeKey, str | None]:
    """For each change: the text it would leave in the working copy, None where a person must decide."""
    page = page or working_copy(suggestion.version.page)
    return {
        (change.step_id, change.field): land(
            base=change.base_text, proposed=change.proposed_text, current=current
        ).text
        if (current := current_text(page, change.step_id, change.field)) is not None
        else None
        for change in suggestion.changes.all()
    }


def working_digest(suggestion: Suggestion, page: ProcedurePage) -> str:
    """A short digest of the working copy's texts that this proposal would change."""
    texts = [current_text(page, change.step_id, change.field) for change in suggestion.changes.all()]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]


def current_text(page: ProcedurePage, step_id: str, field: str) -> str | None:
    """The working copy's text of that field; None where the step is gone."""
    for block in page.steps:
        if block.id == step_id:
            return clean_text(block.value.get(field))
    return None


def working_copy(page: ProcedurePage) -> ProcedurePage:
    """The page as last saved by anybody, which may be ahead of what is live."""
    return page.get_latest_revision_as_object()


@transaction.atomic
def accept(
    *,
    suggestion: Suggestion,
    by: Any,
    answer: str = "",
    final: Mapping[ChangeKey, str] | None = None,
    seen: str | None = None,
    at: datetime | None = None,
) -> Suggestion:
    """Land the proposal in the working copy as a revision of the decider's.

    `final` holds the decider's own text for a field; `seen` is the `working_digest` of what the decider
    looked at. Raises NotAllowed where the texts have moved since, and where a change meets another one in
    the same sentence, or its step is gone, and no final text was given.
    """
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.ACCEPTED)
    page = working_copy(suggestion.version.page)
    if seen is not None and seen != working_digest(suggestion, page):
        raise NotAllowed(
            _(
                "The working copy changed while you were deciding. Look at the text below again; yours is still there."
            )
        )
    texts = landing(suggestion, page)
    with_changes = False
    for key, text in (final or {}).items():
        text = clean_text(text)
        if key in texts and text != texts[key] and (text or texts[key] is not None):
            if current_text(page, *key) is None:
                raise NotAllowed(_("That step is no longer in the working copy."))
            if key[1] == SuggestedField.TITLE and not text:
                raise NotAllowed(_("A step needs a title."))
            texts[key] = text
            with_changes = True
    to = SuggestionStatus.CHANGED if with_changes else SuggestionStatus.ACCEPTED
    if any(text is None for text in texts.values()):
        raise NotAllowed(
            _(
                "The working copy has changed in the same place since this was proposed: write the text to land yourself."
            )
        )
    for (step_id, field), landed in texts.items():
        _set_text(page, step_id, field, landed or "")
    revision = page.save_revision(user=by, log_action=True)
    for change in suggestion.changes.all():
        change.landed_text = texts[change.step_id, change.field] or ""
        save_as(change, by)
    suggestion.landed_in = revision
    return _decide(suggestion, to, by, answer, at)


@transaction.atomic
def refuse(*, suggestion: Suggestion, by: Any, answer: str, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.REFUSED)
    answer = required(answer, _("Say why it is refused: the author is told."))
    return _decide(suggestion, SuggestionStatus.REFUSED, by, answer, at)


@transaction.atomic
def withdraw(*, suggestion: Suggestion, by: Any, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_withdraw(user=by, suggestion=suggestion)
    return _decide(suggestion, SuggestionStatus.WITHDRAWN, by, "", at)


def _locked(suggestion: Suggestion) -> Suggestion:
    """The proposal as it is now, and its procedure held against another decision until this one is through."""
    ProcedurePage.objects.select_for_update().get(pk=suggestion.version.page_id)
    return (
        Suggestion.objects.select_for_update(of=("self",))
        .select_related("version__page")
        .get(pk=suggestion.pk)
    )


def _decide(suggestion: Suggestion, to: str, by: Any, answer: str, at: datetime | None) -> Suggestion:
    suggestion.status = to
    suggestion.decided_by, suggestion.decided_at = by, at or timezone.now()
    suggestion.answer = clean_text(answer)
    save_as(suggestion, by)
    said = {"by": by, "at": suggestion.decided_at, "text": suggestion.answer, "suggestion": suggestion}
    page = suggestion.version.page
    told = notify([suggestion.author], NoticeKind.DECIDED, page, **said)
    watching.tell_watchers(page, NoticeKind.SETTLED, **said, besides=told)
    return suggestion


def _set_text(page: ProcedurePage, step_id: str, field: str, text: str) -> None:
    assert field in STEP_TEXTS
    for block in page.steps:
        if block.id == step_id:
            block.value[field] = text
