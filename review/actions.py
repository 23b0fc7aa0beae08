"""What people do: comment, propose, decide, release. Each is one transaction, recorded with who and when."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import TaskState

from procedures import audit
from procedures.actions import mint_version
from procedures.content import STEP_TEXTS, canonical_content, clean_text, content_hash
from procedures.models import AuditKind, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import rules
from review.carrying import carried_by
from review.merge import land
from review.models import (
    Approval,
    Comment,
    SuggestedChange,
    SuggestedField,
    Suggestion,
    SuggestionStatus,
    Thread,
    ThreadStatus,
)

ChangeKey = tuple[str, str]  # (step id, field)


def _required(text: str, message: str) -> str:
    if not (cleaned := clean_text(text)):
        raise NotAllowed(message)
    return cleaned


def _frozen_step(version: ProcedureVersion, step_id: str) -> dict[str, Any]:
    for step in version.steps:
        if step["id"] == step_id:
            return step
    raise NotAllowed(_("This version has no such step."))


@transaction.atomic
def start_thread(
    *,
    version: ProcedureVersion,
    step_id: str,
    kind: str,
    text: str,
    by: Any,
    quote: str = "",
    at: datetime | None = None,
) -> Thread:
    """Open a thread on a step ("" for the whole procedure) with its first comment."""
    rules.check_mark(user=by, version=version)
    text = _required(text, _("Write a comment first."))
    if step_id:
        _frozen_step(version, step_id)
    at = at or timezone.now()
    thread = Thread(
        version=version, step_id=step_id, kind=kind, quote=clean_text(quote), started_by=by, started_at=at
    )
    _save(thread, by)
    comment = Comment(thread=thread, author=by, written_at=at, text=text)
    _save(comment, by)
    return thread


@transaction.atomic
def reply(*, thread: Thread, text: str, by: Any, at: datetime | None = None) -> Comment:
    """Add a comment; the owner's makes an open thread answered, the asker's opens an answered one again."""
    thread = Thread.objects.select_for_update().select_related("version__page").get(pk=thread.pk)
    rules.check_mark(user=by, version=thread.version)
    comment = Comment(
        thread=thread,
        author=by,
        written_at=at or timezone.now(),
        text=_required(text, _("Write a comment first.")),
    )
    _save(comment, by)
    if by.pk == thread.started_by_id:
        status = ThreadStatus.OPEN
    elif rules.owns(by, thread.version.page):
        status = ThreadStatus.ANSWERED
    else:
        return comment
    if thread.status != status:
        thread.status, thread.resolved_by, thread.resolved_at = status, None, None
        _save(thread, by)
    return comment


@transaction.atomic
def resolve_thread(*, thread: Thread, by: Any, at: datetime | None = None) -> Thread:
    thread = Thread.objects.select_for_update().select_related("version__page").get(pk=thread.pk)
    rules.check_resolve(user=by, thread=thread)
    thread.status, thread.resolved_by, thread.resolved_at = ThreadStatus.RESOLVED, by, at or timezone.now()
    _save(thread, by)
    return thread


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
        reason=_required(reason, _("Say why: the owner decides by the reason.")),
        ticket_reference=ticket_reference.strip(),
    )
    rows = []
    for (step_id, field), text in changes.items():
        base, proposed = _frozen_step(version, step_id)[field], clean_text(text)
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
    _save(suggestion, by)
    for row in rows:
        _save(row, by)
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
        _save(change, by)
    suggestion.landed_in = revision
    return _decide(suggestion, to, by, answer, at)


@transaction.atomic
def refuse(*, suggestion: Suggestion, by: Any, answer: str, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_decide(user=by, suggestion=suggestion, to=SuggestionStatus.REFUSED)
    answer = _required(answer, _("Say why it is refused: the author is told."))
    return _decide(suggestion, SuggestionStatus.REFUSED, by, answer, at)


@transaction.atomic
def withdraw(*, suggestion: Suggestion, by: Any, at: datetime | None = None) -> Suggestion:
    suggestion = _locked(suggestion)
    rules.check_withdraw(user=by, suggestion=suggestion)
    return _decide(suggestion, SuggestionStatus.WITHDRAWN, by, "", at)


@transaction.atomic
def submit_for_release(*, page: ProcedurePage, by: Any, change_summary: str, significance: str) -> None:
    """Send the working copy, as it stands now, to the approvers."""
    page = ProcedurePage.objects.select_for_update().get(pk=page.pk)
    rules.check_submit(user=by, page=page)
    draft = working_copy(page)
    summary = _required(change_summary, _("Say what changes: readers see it in the change log."))
    if not draft.steps:
        raise NotAllowed(_("A procedure needs at least one step before it can be released."))
    if (draft.change_summary, draft.significance) != (summary, significance):
        draft.change_summary, draft.significance = summary, significance
        draft.save_revision(user=by, log_action=True)
    newest, sha256 = page.versions.first(), content_hash(canonical_content(draft))
    if newest is not None and newest.sha256 == sha256:
        raise NotAllowed(_("Nothing has changed since version %(label)s.") % {"label": newest.label})
    workflow = page.get_workflow()
    if workflow is None:
        raise NotAllowed(_("No release workflow is set up for this procedure; an administrator can add one."))
    page.refresh_from_db()
    workflow.start(page, by)
    submitted = {"change_summary": summary, "significance": significance, "sha256": sha256}
    audit.record(AuditKind.SUBMITTED, page=page, by=by, data=submitted)


@transaction.atomic
def approve_release(
    *,
    page: ProcedurePage,
    by: Any,
    meaning: str = "",
    seen_sha256: str | None = None,
    at: datetime | None = None,
) -> ProcedureVersion:
    """Approve the release that waits on this page; the version is minted in the same transaction.

    `seen_sha256` is the hash of the content that the approver looked at: other content is not approved.
    """
    ProcedurePage.objects.select_for_update().get(pk=page.pk)
    page = ProcedurePage.objects.get(pk=page.pk)
    task_state = page.current_workflow_task_state
    rules.check_approve(user=by, page=page, task_state=task_state)
    assert task_state is not None  # check_approve raised otherwise
    if seen_sha256 is not None and seen_sha256 != content_hash(
        canonical_content(task_state.revision.as_object())
    ):
        raise NotAllowed(_("What waits for approval is no longer what you looked at. Look again below."))
    # Wagtail hands this very object to finish_workflow; history loaded from elsewhere keeps its own day.
    task_state.workflow_state.released_at = at
    task_state.task.specific.on_action(task_state, by, "approve", comment=meaning)
    return task_state.revision.procedure_versions.get()


@transaction.atomic
def send_back(*, page: ProcedurePage, by: Any, reason: str) -> None:
    """Refuse the release that waits on this page; the submitter sees the reason."""
    rules.check_send_back(user=by, page=page)
    task_state = page.current_workflow_task_state
    assert task_state is not None  # check_send_back raised otherwise
    reason = _required(reason, _("Say what has to change first."))
    task_state.task.specific.on_action(task_state, by, "reject", comment=reason)
    page.current_workflow_state.cancel(user=by)
    audit.record(AuditKind.SENT_BACK, page=page, by=by, data={"reason": reason})


def release(*, task_state: TaskState, by: Any, at: datetime | None = None) -> ProcedureVersion:
    """Mint the version of the approved revision, sign it, and name the proposals that it carries.

    Called by Wagtail when the workflow's last stage is approved, inside that transaction.
    """
    revision = task_state.revision
    page = revision.as_object()
    version = mint_version(
        revision=revision, by=by, significance=page.significance, change_summary=page.change_summary, at=at
    )
    approval = Approval(
        version=version,
        approver=by,
        approved_at=version.approved_at,
        meaning=(task_state.comment or _("I approve this version for release."))[:200],
        sha256=version.sha256,
    )
    _save(approval, by)
    for suggestion in carried_by(revision):
        suggestion.released_in = version
        _save(suggestion, by)
    audit.record(
        AuditKind.SIGNED,
        version=version,
        by=by,
        at=approval.approved_at,
        data={"meaning": approval.meaning},
        sealed=[approval],
    )
    return version


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
    _save(suggestion, by)
    return suggestion


def _set_text(page: ProcedurePage, step_id: str, field: str, text: str) -> None:
    assert field in STEP_TEXTS
    for block in page.steps:
        if block.id == step_id:
            block.value[field] = text


def _save(record: Any, by: Any) -> None:
    """Save with the acting person in the history, also outside a request."""
    record._history_user = by
    record.save()
