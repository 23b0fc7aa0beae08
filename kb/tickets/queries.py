"""Questions about tickets: which there are, what changed, which version somebody means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from kb.tickets.models import ProcedureUse, Ticket, TicketEntry
from procedures.admin.record_changes import FieldChange, RecordChange, record_changes
from procedures.as_written import meant_by
from procedures.extensions import with_on_hold
from procedures.models import ErrorCode, Machine, ProcedureVersion, VersionStatus
from procedures.plain_codes import plain_code
from review.models import Suggestion

TICKET_REFERENCE = re.compile(r"\A#?(?:T[\s._/-]*)?(\d{1,9})\Z", re.IGNORECASE)
VERSION_REFERENCE = re.compile(
    r"\A(?P<number>\S+)(?:\s+v?(?P<major>\d{1,6})\.(?P<minor>\d{1,6}))?\Z", re.IGNORECASE
)
# Shown with the status, which says the same.
_PAIRED = {"resolved_by", "resolved_at"}
# Which record it is and when it was made; its author corrects only what it says.
_OF_THE_RECORD = {"id", "ticket", "version", "recorded_by", "recorded_at"}


def number_meant(reference: str) -> str:
    """The ticket's number that "T-00042", "t00042", "Ｔ－４２" or "42" means; "" where it cannot be one."""
    match = TICKET_REFERENCE.match(plain_code(reference))
    return f"T-{int(match[1]):05d}" if match else ""


def ticket_for_reference(reference: str, user: Any) -> Ticket | None:
    """The ticket that is meant, if this person may see it."""
    number = number_meant(reference)
    return Ticket.objects.visible_to(user).filter(number=number).first() if number else None


def for_list(queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Everything a row of the list shows, in one query."""
    uses = ProcedureUse.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    return queryset.select_related("machine__model", "error_code", "opened_by").annotate(
        # A subquery is counted for the rows of the page; a join would group the whole table first.
        use_count=Coalesce(
            Subquery(uses.annotate(number=Count("version", distinct=True)).values("number")), 0
        )
    )


def matching_text(queryset: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
    """Tickets that hold every word in the number, the symptom, the customer or the log."""
    for word in text.split()[:10]:
        entry = TicketEntry.objects.filter(ticket=OuterRef("pk"), text__icontains=word)
        queryset = queryset.filter(
            Q(number__icontains=word)
            | Q(symptom__icontains=word)
            | Q(machine__customer__icontains=word)
            | Q(machine__site__icontains=word)
            | Exists(entry)
        )
    return queryset


def edition(ticket: Ticket) -> int:
    """Which state of the ticket a form was opened on: the number of its newest history row, 0 if none."""
    return ticket.history.values_list("history_id", flat=True).order_by("-history_id").first() or 0


def changes(ticket: Ticket, *, since: int = 0) -> list[RecordChange]:
    """What was changed after an edition, newest first, with who and when."""
    rows = ticket.history.filter(history_id__gte=since).select_related("history_user").order_by("-history_id")
    return [change for change in record_changes(rows, exclude=_PAIRED) if change.kind == "~"]


def find_error_code(*, machine: Machine, code: str) -> ErrorCode:
    """The code of the machine's product line, in whatever capitals, separators and width it is typed.

    Raises ValidationError saying which codes it could be, or whose code it is, if any.
    """
    line = machine.model.product_line
    if len(own := meant_by(code, line.error_codes.select_related("product_line"))) == 1:
        return own[0]
    if own:
        raise ValidationError(
            _("“%(typed)s” could be %(codes)s: write the one that is meant.")
            % {"typed": code, "codes": ", ".join(error_code.code for error_code in own)}
        )
    found = meant_by(code, ErrorCode.objects.select_related("product_line"))
    if found:
        raise ValidationError(
            _("%(code)s is a code of %(others)s, not of %(line)s, the product line of %(serial)s.")
            % {
                "code": found[0].code,
                "others": ", ".join(sorted({error_code.product_line.code for error_code in found})),
                "line": line.code,
                "serial": machine.serial,
            }
        )
    raise ValidationError(
        _("%(line)s, the product line of %(serial)s, has no error code “%(code)s”.")
        % {"line": line.code, "serial": machine.serial, "code": code}
    )


def with_code(queryset: QuerySet[Ticket], code: str) -> QuerySet[Ticket]:
    """Tickets with a code that holds these characters, or is this one written differently."""
    alike = [error_code.pk for error_code in meant_by(code, ErrorCode.objects.only("code"))]
    return queryset.filter(Q(error_code__code__icontains=code) | Q(error_code__in=alike))


def find_version(*, reference: str, user: Any) -> ProcedureVersion:
    """The version that "SOP-1001" (the one in force) or "SOP-1001 1.0" means, also by a number that it had before.

    Raises ValidationError saying what there is instead. What this person may not read does not exist.
    """
    match = VERSION_REFERENCE.match(reference.strip())
    if not match:
        raise ValidationError(_("Give a procedure's number, or its number and version, e.g. SOP-1001 1.0."))
    readable = ProcedureVersion.objects.visible_to(user)
    # Under whatever number it goes by now: a renumbered procedure is the same one.
    pages = readable.filter(number__iexact=match["number"]).values("page")
    versions = list(
        readable.filter(page__in=pages)
        .exclude(status=VersionStatus.APPROVED)  # nobody can have followed it yet
        .defer("content", "html", "search_text")
        .order_by("-major", "-minor")
    )
    if not versions:
        raise ValidationError(_("There is no procedure %(number)s.") % {"number": match["number"]})
    labels = ", ".join(version.label for version in versions)
    if match["major"] is None:
        for version in versions:
            if version.is_effective:
                return version
        raise ValidationError(
            _("No version of %(number)s is in force. Name the one that was used: %(labels)s.")
            % {"number": versions[0].number, "labels": labels}
        )
    for version in versions:
        if (version.major, version.minor) == (int(match["major"]), int(match["minor"])):
            return version
    raise ValidationError(
        _("%(number)s has no version %(wanted)s; there is %(labels)s.")
        % {
            "number": versions[0].number,
            "wanted": f"{int(match['major'])}.{int(match['minor'])}",
            "labels": labels,
        }
    )


def misfits(versions: set[int], machine: Machine) -> set[int]:
    """Those of these versions that do not apply to the machine as it is now."""
    if not versions:
        return set()
    asked = ProcedureVersion.objects.filter(pk__in=versions)
    applying = asked.applicable_to(machine.model, machine.release, machine.options)
    return versions - set(applying.values_list("pk", flat=True))


def offered_versions(
    *, machine: Machine | None, error_code: ErrorCode | None, user: Any, limit: int = 100
) -> list[ProcedureVersion]:
    """Versions in force to choose from: those for the machine first, the code's guides before the others."""
    effective = (
        with_on_hold(ProcedureVersion.objects.effective().visible_to(user))
        .defer("content", "html", "search_text")
        .order_by("number")
    )
    if machine is None:
        return list(effective[:limit])
    applicable = effective.applicable_to(machine.model, machine.release, machine.options)
    guides = list(applicable.for_code(error_code)[:limit]) if error_code else []
    others = applicable.exclude(pk__in=[version.pk for version in guides])[: limit - len(guides)]
    first = [*guides, *others]
    rest = effective.exclude(pk__in=[version.pk for version in first])[: limit - len(first)]
    return [*first, *rest]


def offered_machines(user: Any, *, limit: int = 100) -> list[Machine]:
    """Machines to choose from: this person's own first, then others."""
    mine = list(user.machines.select_related("model")[:limit])
    others = Machine.objects.select_related("model").exclude(pk__in=[machine.pk for machine in mine])
    return [*mine, *others[: limit - len(mine)]]


@dataclass(frozen=True)
class UseRow:
    """One procedure used on a ticket, and whether what was used is still in force.

    `readable`: whether the person who asks may read that version. `current`: the version now in force where
    it is another one; of a withdrawn version, the one of the procedure to use instead.
    """

    use: ProcedureUse
    readable: bool
    current: ProcedureVersion | None
    on_hold: bool = False  # nobody is to work by the procedure now, whichever version was used
    corrections: tuple[RecordChange, ...] = ()  # what its author changed in it, newest first


def use_rows(uses: Iterable[ProcedureUse], user: Any) -> list[UseRow]:
    """The uses with what is now in force of each, two queries for all of them."""
    uses = list(uses)
    visible = ProcedureVersion.objects.visible_to(user)
    corrections = _corrections(uses)
    used = visible.filter(pk__in={use.version_id for use in uses})
    readable = {version.pk: version.on_hold for version in with_on_hold(used.only("pk"))}
    instead = {use.version_id: use.version.replaced_by_id or use.version.page_id for use in uses}
    in_force = {
        version.page_id: version
        for version in visible.effective()
        .filter(page__in=set(instead.values()))
        .defer("content", "html", "search_text")
    }
    return [
        UseRow(
            use,
            use.version_id in readable,
            None if use.version.is_effective else in_force.get(instead[use.version_id]),
            readable.get(use.version_id, False),
            tuple(corrections.get(use.pk, ())),
        )
        for use in uses
    ]


def _corrections(uses: Iterable[ProcedureUse]) -> dict[int, list[RecordChange]]:
    """By the key of a use, what its author changed in it, newest first."""
    authors = {use.pk: use.recorded_by_id for use in uses}
    rows: dict[int, list[Any]] = {}
    history = ProcedureUse.history.filter(id__in=authors).select_related("history_user")
    for row in history.order_by("-history_id"):
        if row.recorded_by_id == authors[row.id]:
            rows.setdefault(row.id, []).append(row)
    return {
        pk: [change for change in record_changes(of_one, exclude=_OF_THE_RECORD) if change.kind == "~"]
        for pk, of_one in rows.items()
    }


def changes_with_corrections(ticket: Ticket, uses: Iterable[UseRow]) -> list[RecordChange]:
    """The changes of the ticket and of the records on it of how a version went, newest first."""
    corrected = [
        replace(change, changes=[_named(row, field) for field in change.changes])
        for row in uses
        for change in row.corrections
    ]
    return sorted([*changes(ticket), *corrected], key=lambda change: change.at, reverse=True)


def _named(row: UseRow, field: FieldChange) -> FieldChange:
    """The change with the version it is about, for those who may know that."""
    version = str(row.use.version) if row.readable else _("Procedure used")
    return replace(field, label=f"{version} · {field.label}")


def uses_of_procedure(number: str, user: Any) -> QuerySet[ProcedureUse] | None:
    """Where any version of the procedure was used, newest first; None where there is none to be read."""
    versions = ProcedureVersion.objects.visible_to(user).filter(number__iexact=number)
    pages = set(versions.order_by().values_list("page_id", flat=True))
    if not pages:
        return None
    return (
        ProcedureUse.objects.filter(version__page__in=pages, ticket__in=Ticket.objects.visible_to(user))
        .select_related("ticket__machine__model", "ticket__error_code", "version", "recorded_by")
        .defer("version__content", "version__html", "version__search_text")
        .order_by("-recorded_at", "-pk")
    )


def suggestions_from(ticket: Ticket, user: Any) -> QuerySet[Suggestion]:
    """The proposed edits that name this ticket, for those who read internal procedures."""
    suggestions = Suggestion.objects.filter(ticket_reference__iexact=ticket.number)
    if not user.has_perm("procedures.view_internal"):
        return suggestions.none()
    return suggestions.select_related("version", "author").defer(
        "version__content", "version__html", "version__search_text"
    )
