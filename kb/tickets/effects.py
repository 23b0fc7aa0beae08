"""Before a release is signed: the open tickets on the version that it replaces."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kb.tickets.models import Ticket
from procedures.models import ProcedurePage, ProcedureVersion
from review.effects import Effect, Item, effect


def open_tickets(
    page: ProcedurePage, newest: ProcedureVersion | None, content: Mapping[str, Any], user: Any
) -> Iterable[Effect]:
    tickets = Ticket.objects.visible_to(user).open().filter(uses__version__page=page).distinct()
    yield effect(
        gettext_lazy("Open tickets that used it"),
        [
            Item(
                f"{ticket.number} {ticket.symptom[:60]}",
                ticket.get_absolute_url(),
                _("stays on the version that was used"),
            )
            for ticket in tickets.order_by("-pk")
        ],
    )
