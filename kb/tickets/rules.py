"""What the state of a ticket allows, and who may ask for it; every refusal says why."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kb.tickets.models import Ticket, TicketStatus
from procedures.admin.record_changes import RecordChange
from procedures.models import ErrorCode, Machine, ProcedureVersion, VersionStatus

# From which state to which; whatever is not here is refused. Staying in a state is no transition.
TICKET_TRANSITIONS: Mapping[str, frozenset[str]] = {
    TicketStatus.OPEN: frozenset({TicketStatus.IN_PROGRESS, TicketStatus.WAITING, TicketStatus.RESOLVED}),
    TicketStatus.IN_PROGRESS: frozenset({TicketStatus.OPEN, TicketStatus.WAITING, TicketStatus.RESOLVED}),
    TicketStatus.WAITING: frozenset({TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.RESOLVED}),
    TicketStatus.RESOLVED: frozenset({TicketStatus.OPEN, TicketStatus.IN_PROGRESS}),
}


class Overtaken(ValidationError):
    """Somebody saved the ticket after the form was opened. Carries what they changed, newest first."""

    def __init__(self, changes: Sequence[RecordChange], edition: int) -> None:
        super().__init__(
            _("This ticket was changed while you were editing it. What you typed is still here.")
            + " "
            + _("Look at what changed, then save again."),
            code="overtaken",
        )
        self.changes = changes
        self.edition = edition


def check_open(*, user: Any) -> None:
    """Raise PermissionDenied unless this person's role opens tickets."""
    if not user.has_perm("tickets.add_ticket"):
        raise PermissionDenied(_("Your role does not open tickets."))


def check_change(*, user: Any) -> None:
    """Raise PermissionDenied unless this person's role works on tickets."""
    if not user.has_perm("tickets.change_ticket"):
        raise PermissionDenied(_("Your role reads tickets but does not change them."))


def check_use(*, version: ProcedureVersion) -> None:
    """Raise ValidationError where nobody can have followed the version yet."""
    if version.status == VersionStatus.APPROVED:
        raise ValidationError(
            _("%(version)s is not in force before %(date)s.")
            % {"version": version, "date": date_format(version.effective_from, "Y-m-d H:i e")}
        )


def can_open(*, user: Any) -> bool:
    return bool(user.has_perm("tickets.add_ticket"))


def can_change(*, user: Any) -> bool:
    return bool(user.has_perm("tickets.change_ticket"))


def check_error_code(*, machine: Machine, error_code: ErrorCode | None) -> None:
    """Raise ValidationError unless the code is one of the machine's product line."""
    if error_code is not None and error_code.product_line_id != machine.model.product_line_id:
        raise ValidationError(
            {
                "error_code": _("%(code)s is not a code of %(line)s, the product line of %(serial)s.")
                % {
                    "code": error_code.code,
                    "line": machine.model.product_line.code,
                    "serial": machine.serial,
                }
            }
        )


def check_transition(*, before: str, after: str) -> None:
    """Raise ValidationError unless a ticket may go from one state to the other."""
    if before != after and after not in TICKET_TRANSITIONS[before]:
        raise ValidationError(
            {
                "status": _("A ticket cannot go from “%(before)s” to “%(after)s”.")
                % {"before": TicketStatus(before).label, "after": TicketStatus(after).label}
            }
        )


def allowed_statuses(ticket: Ticket) -> list[tuple[str, str]]:
    """The states a form may offer: the present one and those it can go to, as choices."""
    reachable = TICKET_TRANSITIONS[ticket.status] | {ticket.status}
    return [(value, str(label)) for value, label in TicketStatus.choices if value in reachable]
