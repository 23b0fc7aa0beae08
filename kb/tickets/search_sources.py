"""What this app gives to the search: tickets, for those whose role reads them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from kb.tickets.models import Ticket, TicketEntry, TicketStatus
from procedures.models import ErrorCode, Machine, MachineModel
from procedures.reach import release_key
from procedures.reindexing import follow
from search import registry
from search.registry import starts_of

SCOPE = "ticket"


def documents(ids: Iterable[object] | None) -> Iterator[registry.DocumentData]:
    """One document a ticket: the symptom and the log, the machine and its code."""
    tickets = Ticket.objects.select_related(
        "machine__model__product_line", "machine__release", "error_code"
    ).prefetch_related(Prefetch("entries", queryset=TicketEntry.objects.order_by("written_at", "pk")))
    if ids is not None:
        tickets = tickets.filter(pk__in=list(ids))
    for ticket in tickets.order_by("pk").iterator(chunk_size=500):
        machine, code = ticket.machine, ticket.error_code
        entries, line = list(ticket.entries.all()), machine.model.product_line.code
        opening = "\n".join([ticket.symptom, machine.customer, machine.site])
        texts = [opening, *(entry.text for entry in entries)]
        yield registry.DocumentData(
            source="ticket",
            object_id=str(ticket.pk),
            title=" · ".join([ticket.number, machine.serial, *([code.code] if code else [])]),
            url=ticket.get_absolute_url(),
            scope=SCOPE,
            updated_at=entries[-1].written_at if entries else ticket.opened_at,
            text="\n".join(texts),
            passages=list(zip(starts_of(texts)[1:], [f"entry-{entry.pk}" for entry in entries], strict=True)),
            status=ticket.status,
            lines=[line],
            models=[machine.model.code],
            releases=[release_key(line, machine.release.version)],
            # No codes: who asks for an error code wants the code and its guides before old tickets.
            number=ticket.number,
        )


def visible_to(user: Any, object_ids: Sequence[str]) -> set[str]:
    keys = [int(object_id) for object_id in object_ids if object_id.isdigit()]
    visible = Ticket.objects.visible_to(user).filter(pk__in=keys)
    return {str(pk) for pk in visible.values_list("pk", flat=True)}


def scopes(user: Any) -> frozenset[str]:
    may_read = user.is_authenticated and user.has_perm("tickets.view_ticket")
    return frozenset({SCOPE}) if may_read else frozenset()


def register() -> None:
    registry.register(
        registry.Source(
            name="ticket",
            label=_("Tickets"),
            documents=documents,
            visible_to=visible_to,
            scopes=scopes,
            statuses=dict(TicketStatus.choices),
            audiences={SCOPE: _("Who reads tickets")},
            passage=_("Log, entry %(number)s"),
            answers=False,
            weight=0.4,  # short and many: an old ticket should not stand before the guide that solves it
        )
    )
    tickets = Ticket.objects.order_by("pk")
    follow(
        Machine,
        "ticket",
        ["serial", "customer", "site", "model_id"],
        lambda pks: tickets.filter(machine__in=pks).values_list("pk", flat=True),
    )
    follow(
        MachineModel,
        "ticket",
        ["code"],
        lambda pks: tickets.filter(machine__model__in=pks).values_list("pk", flat=True),
    )
    follow(
        ErrorCode,
        "ticket",
        ["code"],
        lambda pks: tickets.filter(error_code__in=pks).values_list("pk", flat=True),
    )
