"""Before a release is signed: the open tickets on the version that it replaces."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kb.tickets.models import Ticket
from review.effects import Effect, Item, Outlook, effect


def open_tickets(outlook: Outlook) -> Iterable[Effect]:
    tickets = (
        Ticket.objects.visible_to(outlook.user).open().filter(uses__version__page=outlook.page).distinct()
    )
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
