"""The demo's tickets: 120 over the past year, the same ones each time, dated from the day of loading."""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q

from kb.tickets.models import ProcedureUse, Ticket, TicketEntry, TicketStatus
from procedures.models import ErrorCode, Machine, ProcedureVersion
from search.indexing import reindex

HERE = Path(__file__).resolve().parent
COUNT = 120
_SEED = 1042
_DAYS = 360
# The youngest tickets are still being worked on.
_OPEN_STATES = [
    TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.WAITING, TicketStatus.IN_PROGRESS,
    TicketStatus.OPEN, TicketStatus.WAITING, TicketStatus.IN_PROGRESS, TicketStatus.OPEN,
]  # fmt: skip
ENGINEERS = {"en": "fiona.field", "zh-hans": "feng.field"}


@dataclass(frozen=True, slots=True)
class _Planned:
    case: Mapping[str, Any]
    machine: Machine
    opened_at: datetime
    status: str
    took: timedelta


class DemoTickets:
    """Loads in two rounds: first the tickets, then, once the review story is told, the versions used."""

    def __init__(self, *, now: datetime, wanted: Mapping[str, int]) -> None:
        """`wanted` names cases that must have a ticket before that many days ago."""
        self._now = now
        self._wanted = wanted
        self._cases: list[dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
        users = get_user_model()._default_manager.filter(username__in=ENGINEERS.values())
        people = {user.get_username(): user for user in users}
        self._engineers = {language: people[name] for language, name in ENGINEERS.items()}
        self._loaded: list[tuple[_Planned, Ticket]] = []

    @transaction.atomic
    def load(self) -> int:
        """Create the tickets with their logs; returns how many, 0 where they are here already."""
        symptoms = [case["symptom"] for case in self._cases]
        if Ticket.objects.filter(symptom__in=symptoms, opened_by__in=self._engineers.values()).exists():
            return 0
        codes = {code.code: code for code in ErrorCode.objects.all()}
        for planned in self._plan():
            self._loaded.append((planned, self._create(planned, codes.get(planned.case["error_code"]))))
        return len(self._loaded)

    def number_for(self, case: str, at: datetime) -> str:
        """The number of the last ticket of that case opened before `at`; "" where there is none."""
        before = [
            ticket
            for planned, ticket in self._loaded
            if planned.case["key"] == case and planned.opened_at < at
        ]
        return before[-1].number if before else ""

    @transaction.atomic
    def record_uses(self) -> int:
        """Record the version in force on each closed ticket's day; returns how many were recorded."""
        versions = list(
            ProcedureVersion.objects.filter(Q(status="effective") | Q(superseded_at__isnull=False))
        )
        count = 0
        for planned, ticket in self._loaded:
            number, at = planned.case["procedure"], ticket.resolved_at
            if number is None or at is None:
                continue
            use = ProcedureUse(
                ticket=ticket,
                version=_in_force(versions, number, at),
                outcome=planned.case["outcome"],
                note=planned.case["note"],
                recorded_by=ticket.opened_by,
                recorded_at=at,
            )
            _save(use, ticket.opened_by, at)
            count += 1
        reindex("ticket", [ticket.pk for _planned, ticket in self._loaded])
        return count

    def _plan(self) -> Sequence[_Planned]:
        chance = random.Random(_SEED)
        machines = list(Machine.objects.select_related("model").order_by("serial"))
        pool = [case for case in self._cases for _time in range(3)]
        pool += chance.choices(self._cases, k=COUNT - len(pool)) if len(pool) < COUNT else []
        chance.shuffle(pool)
        days = sorted((chance.uniform(0.4, _DAYS) for _case in pool[:COUNT]), reverse=True)
        planned, placed = [], set()
        for position, (case, ago) in enumerate(zip(pool, days, strict=False)):
            if case["key"] in self._wanted and case["key"] not in placed:
                placed.add(case["key"])
                ago = self._wanted[case["key"]] + chance.uniform(1.0, 5.0)
            opened = self._working_hour(ago, chance)
            still_open = len(pool[:COUNT]) - position - 1
            status = (
                _OPEN_STATES[still_open]
                if still_open < len(_OPEN_STATES) and ago < 30
                else TicketStatus.RESOLVED
            )
            fitting = [machine for machine in machines if machine.model.code in case["models"]]
            took = timedelta(hours=chance.uniform(3, 60))
            took = min(took, (self._now - opened) * 0.9)
            planned.append(_Planned(case, chance.choice(fitting), opened, status, took))
        return sorted(planned, key=lambda one: one.opened_at)

    def _working_hour(self, days_ago: float, chance: random.Random) -> datetime:
        day = self._now - timedelta(days=days_ago)
        opened = day.replace(
            hour=chance.randint(6, 18), minute=chance.randint(0, 59), second=0, microsecond=0
        )
        return opened if opened < self._now else day

    def _create(self, planned: _Planned, code: ErrorCode | None) -> Ticket:
        case, opened = planned.case, planned.opened_at
        by = self._engineers[case["language"]]
        ticket = Ticket(
            machine=planned.machine,
            error_code=code,
            symptom=case["symptom"],
            severity=case["severity"],
            opened_by=by,
            opened_at=opened,
        )
        _save(ticket, by, opened)
        closed = planned.status == TicketStatus.RESOLVED
        log = case["log"] if closed else case["log"][: 0 if planned.status == TicketStatus.OPEN else 1]
        TicketEntry.objects.bulk_create(
            TicketEntry(
                ticket=ticket,
                author=by,
                written_at=opened + planned.took * ((position + 1) / (len(log) + 1)),
                text=text,
            )
            for position, text in enumerate(log)
        )
        if planned.status != TicketStatus.OPEN:
            ticket.status = planned.status
            if closed:
                ticket.resolved_by, ticket.resolved_at = by, opened + planned.took
            _save(ticket, by, opened + planned.took)
        return ticket


def _in_force(versions: Sequence[ProcedureVersion], number: str, at: datetime) -> ProcedureVersion:
    """The version of that number in force at that time; the first where it is older than all."""
    line = sorted(
        (version for version in versions if version.number == number), key=lambda one: one.effective_from
    )
    return line[max(bisect_right([version.effective_from for version in line], at) - 1, 0)]


def _save(record: Any, by: Any, at: datetime) -> None:
    """Save with the history saying who and when it was, not that it was loaded today."""
    record._history_user = by
    record._history_date = at
    record.save()
