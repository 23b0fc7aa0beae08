"""What people do with tickets: open, edit, log, record the procedure used. Each is atomic and audited."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from kb.tickets import queries, rules
from kb.tickets.models import ProcedureUse, Ticket, TicketEntry, TicketStatus
from procedures.models import ErrorCode, Machine, ProcedureVersion
from search.indexing import reindex


def _reindex(ticket: Ticket) -> None:
    reindex("ticket", [ticket.pk])


@transaction.atomic
def open_ticket(
    *, machine: Machine, error_code: ErrorCode | None, symptom: str, severity: str, by: Any
) -> Ticket:
    """Return a new, numbered ticket. Raises PermissionDenied or ValidationError (rules)."""
    rules.check_open(user=by)
    rules.check_error_code(machine=machine, error_code=error_code)
    ticket = Ticket(
        machine=machine,
        error_code=error_code,
        symptom=symptom,
        severity=severity,
        opened_by=by,
        opened_at=timezone.now(),
    )
    ticket._history_user = by
    ticket.save()
    _reindex(ticket)
    return ticket


@transaction.atomic
def edit_ticket(
    *,
    ticket: Ticket,
    by: Any,
    machine: Machine,
    error_code: ErrorCode | None,
    symptom: str,
    severity: str,
    status: str,
    edition: int,
) -> Ticket:
    """Save the whole form; resolving and reopening are the change of status.

    `edition` is the state the form was opened on (queries.edition): rules.Overtaken is raised if somebody
    saved the ticket since. Raises PermissionDenied or ValidationError (rules).
    """
    rules.check_change(user=by)
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    newest = queries.edition(ticket)
    if edition != newest:
        raise rules.Overtaken(queries.changes(ticket, since=edition), newest)
    rules.check_error_code(machine=machine, error_code=error_code)
    rules.check_transition(before=ticket.status, after=status)
    after = {
        "machine": machine,
        "error_code": error_code,
        "symptom": symptom,
        "severity": severity,
        "status": status,
    }
    if all(getattr(ticket, name) == value for name, value in after.items()):
        return ticket
    if status != ticket.status:
        resolved = status == TicketStatus.RESOLVED
        ticket.resolved_by = by if resolved else None
        ticket.resolved_at = timezone.now() if resolved else None
    for name, value in after.items():
        setattr(ticket, name, value)
    ticket._history_user = by
    ticket.save()
    _reindex(ticket)
    return ticket


@transaction.atomic
def add_entry(*, ticket: Ticket, text: str, by: Any) -> TicketEntry:
    """Return a new entry of the ticket's log. Raises PermissionDenied (rules)."""
    rules.check_change(user=by)
    entry = TicketEntry.objects.create(ticket=ticket, author=by, written_at=timezone.now(), text=text)
    _reindex(ticket)
    return entry


@transaction.atomic
def record_use(
    *, ticket: Ticket, version: ProcedureVersion, outcome: str, note: str, by: Any
) -> ProcedureUse:
    """Return this person's record that exactly this version was used and how it went.

    Each person has one for a version on a ticket: recording it again corrects the outcome and the note of one's
    own, and the history keeps what was said before. Raises PermissionDenied (rules).
    """
    rules.check_change(user=by)
    rules.check_use(version=version)
    Ticket.objects.select_for_update().get(pk=ticket.pk)  # one's own two at once follow each other
    use = ProcedureUse.objects.filter(ticket=ticket, version=version, recorded_by=by).first()
    if use is None:
        use = ProcedureUse(ticket=ticket, version=version, recorded_by=by, recorded_at=timezone.now())
    elif (use.outcome, use.note) == (outcome, note):
        return use
    use.outcome, use.note = outcome, note
    use._history_user = by
    use.save()
    _reindex(ticket)
    return use
