"""Events go into the chain one after the other, inside the transaction of what they tell of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from procedures.audit.canonical import FORMAT, check_plain, event_hash
from procedures.audit.comparing import Misfits, frozen_misfits, newest_seals
from procedures.audit.sealing import row_key, seals_of
from procedures.models import AuditEvent, AuditHead, AuditKind, ProcedurePage, ProcedureVersion
from procedures.models.audit import MISFITS, NO_HASH

_kinds: dict[str, Any] = dict(AuditKind.choices)
Alarm = Callable[[ProcedurePage, str, datetime], None]
"""(procedure, what no longer fits, when): tells whoever is to know."""
_alarms: list[Alarm] = []


def register_kind(kind: str, label: Any) -> None:
    """Another thing that can happen, at most 40 characters; called in AppConfig.ready()."""
    _kinds[kind] = label


def register_alarm(alarm: Alarm) -> None:
    """A higher app tells people that a row was changed behind the log's back; called in AppConfig.ready()."""
    if alarm not in _alarms:
        _alarms.append(alarm)


def kind_label(kind: str) -> str:
    return str(_kinds.get(kind, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event before it has its place. `sealed` are the stored rows that it leaves as they now are."""

    kind: str
    by: Any
    page: ProcedurePage | None = None
    version: ProcedureVersion | None = None
    at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    sealed: Sequence[models.Model] = ()

    @property
    def page_id(self) -> int | None:
        if self.page is not None:
            return self.page.pk
        return self.version.page_id if self.version is not None else None

    @property
    def about(self) -> ProcedurePage | None:
        return self.page if self.page is not None or self.version is None else self.version.page

    @property
    def says(self) -> dict[str, Any]:
        """The data, with what the event is about in words that need no other table."""
        about: dict[str, Any] = {}
        if self.version is not None:
            about = {
                "number": self.version.number,
                "version": self.version.label,
                "sha256": self.version.sha256,
            }
        elif self.page is not None:
            about = {"number": self.page.number}
        return about | dict(self.data)


def record(
    kind: str,
    *,
    page: ProcedurePage | None = None,
    version: ProcedureVersion | None = None,
    by: Any,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    sealed: Sequence[models.Model] = (),
) -> AuditEvent:
    """Append one event; as record_many."""
    happening = Happening(kind=kind, page=page, version=version, by=by, at=at, data=data or {}, sealed=sealed)
    return record_many([happening])[0]


def record_many(happenings: Iterable[Happening]) -> list[AuditEvent]:
    """Append the events in this order, once what they tell of is stored.

    Where a row that is sealed again was changed in a column that never changes, an event that says so comes first.
    The chain's end stays locked until the transaction ends: record last. Raises TransactionManagementError
    outside a transaction, LookupError for an unknown kind or a row that cannot be sealed, TypeError for data
    that is not plain JSON (no floats).
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "an event is recorded with what it tells of, or not at all"
        )
    happenings = list(happenings)
    asked = len(happenings)
    for happening in happenings:
        if happening.kind not in _kinds:
            raise LookupError(f"no kind of event: {happening.kind}")
        check_plain(happening.data)
    head, _new = AuditHead.objects.select_for_update().get_or_create(pk=1)
    seals = seals_of(row for happening in happenings for row in happening.sealed)
    pages = {h.page_id for h in happenings if h.page_id is not None}
    last_of_page = _last_of_pages(pages)
    now = timezone.now()
    events = []
    found = frozen_misfits(newest_seals(last_of_page, seals), seals)
    happenings = [*_tamperings(happenings, found), *happenings]
    for happening in happenings:
        event = _event(happening, head, last_of_page.get(happening.page_id or 0, NO_HASH), seals, now)
        head.sequence, head.hash = event.sequence, event.hash
        if happening.page_id is not None:
            last_of_page[happening.page_id] = event.hash
        events.append(event)
    AuditEvent.objects.bulk_create(events, batch_size=500)
    head.save()
    for happening, event in zip(happenings, events, strict=True):
        if happening.kind == AuditKind.TAMPERED and (about := happening.about) is not None:
            for alarm in _alarms:
                alarm(about, misfits_in_words(happening.data[MISFITS]), event.happened_at)
    return events[len(happenings) - asked :]


def record_misfits(
    found: Misfits, rows: Sequence[models.Model], *, page: ProcedurePage, at: datetime | None
) -> AuditEvent:
    """Put on record that these rows are not as they were sealed, and seal them as they were found."""
    return record(AuditKind.TAMPERED, page=page, by=None, at=at, data={MISFITS: found}, sealed=rows)


def misfits_in_words(found: Misfits) -> str:
    """ "procedures.procedureversion 12: html, content"; the names are those of tables and columns."""
    return "; ".join(
        f"{key.replace(':', ' ')}: {', '.join(columns)}".removesuffix(": ")
        for key, columns in sorted(found.items())
    )


def _tamperings(happenings: Sequence[Happening], found: Misfits) -> list[Happening]:
    """What is to be on record before these: of each procedure one event of the rows that no longer fit."""
    rows: dict[int | None, dict[str, models.Model]] = {}
    abouts = {}
    for happening in happenings:
        if happening.kind == AuditKind.TAMPERED:
            continue
        for row in happening.sealed:
            if (key := row_key(row)) in found:
                rows.setdefault(happening.page_id, {})[key] = row
                abouts[happening.page_id] = happening
    return [
        Happening(
            kind=AuditKind.TAMPERED,
            by=None,
            page=abouts[page].about,
            at=abouts[page].at,
            data={MISFITS: {key: found[key] for key in of_page}},
            sealed=list(of_page.values()),
        )
        for page, of_page in rows.items()
    ]


def _event(
    happening: Happening, head: AuditHead, last_of_page: str, seals: Mapping[str, str], now: datetime
) -> AuditEvent:
    values = {
        "format": FORMAT,
        "sequence": head.sequence + 1,
        "kind": str(happening.kind),
        "page": happening.page_id,
        "version": happening.version.pk if happening.version is not None else None,
        "actor": happening.by.pk if happening.by is not None else None,
        "actor_name": str(happening.by) if happening.by is not None else "",
        "happened_at": happening.at or now,
        "recorded_at": now,
        "data": happening.says,
        "seals": {(key := row_key(row)): seals[key] for row in happening.sealed},
        "previous_hash": head.hash,
        "previous_of_page": last_of_page if happening.page_id is not None else NO_HASH,
    }
    columns = {
        f"{name}_id" if name in ("page", "version", "actor") else name: values[name] for name in values
    }
    return AuditEvent(**columns, hash=event_hash(values))


def _last_of_pages(pages: set[int]) -> dict[int, str]:
    """The hash of the newest event of each procedure."""
    newest = (
        AuditEvent.objects.filter(page__in=pages)
        .order_by()
        .values("page")
        .annotate(newest=Max("sequence"))
        .values("newest")
    )
    return dict(AuditEvent.objects.filter(sequence__in=newest).values_list("page_id", "hash"))
