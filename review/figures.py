"""The figures of the loop from a mark to a version: how many marks come, how soon they are answered and decided on.

Groups are product lines and whoever answers for procedures, in the order of their names; nothing is said of the
people who propose, and nothing of groups too small to say anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from procedures.models import ProcedurePage, ProductLine
from review import safety
from review.levels import Levels
from review.marks import ProposalTimes, ThreadTimes, proposal_times, thread_times
from review.models import LANDED, OPEN, Suggestion, SuggestionStatus, Thread, ThreadStatus

MONTHS = 12
FEWEST = 3  # of fewer nothing is said but their number
NOBODY = "none"  # in an address: without a product line, without an owner
_DAY = timedelta(days=1)

Mark = ThreadTimes | ProposalTimes


@dataclass(slots=True)
class Figures:
    """Of the marks of one group; days are from when the mark was made. `open` and `overdue` count older ones, too."""

    name: str
    proposals: int = 0
    comments: int = 0
    edits_decided: int = 0
    edits_accepted: int = 0
    days_to_answer: list[float] = field(default_factory=list)
    days_to_decision: list[float] = field(default_factory=list)
    days_to_effective: list[float] = field(default_factory=list)
    open: int = 0
    overdue: int = 0

    @property
    def marks(self) -> int:
        return self.proposals + self.comments

    @property
    def share_accepted(self) -> int | None:
        """In percent of the edits that were decided; None where too few were."""
        if self.edits_decided < FEWEST:
            return None
        return round(100 * self.edits_accepted / self.edits_decided)

    @property
    def medians(self) -> list[float | None]:
        """Days to the first answer, to the decision, to the version in force; None where too few came so far."""
        found = (self.days_to_answer, self.days_to_decision, self.days_to_effective)
        return [round(median(days), 1) if len(days) >= FEWEST else None for days in found]

    def count(self, mark: Mark, now: datetime) -> None:
        """One that was made in the time that is looked at."""
        if isinstance(mark, ThreadTimes):
            self.comments += 1
        else:
            self.proposals += 1
            for part in mark.parts:
                if part.status not in (*OPEN, SuggestionStatus.WITHDRAWN):
                    self.edits_decided += 1
                    self.edits_accepted += part.status in LANDED
                if part.effective_from is not None and part.effective_from <= now:
                    self.days_to_effective.append(_days(mark, part.effective_from))
            if mark.decided_at is not None:
                self.days_to_decision.append(_days(mark, mark.decided_at))
        if mark.answered_at is not None:
            self.days_to_answer.append(_days(mark, mark.answered_at))


@dataclass(frozen=True, slots=True)
class Scope:
    """Which marks: of a product line, of whom answers for their procedures; each by its name in addresses, "" for all."""

    line: str = ""
    owner: str = ""

    @property
    def marks(self) -> Q:
        found = Q()
        for chosen, path, name in (
            (self.line, "version__product_line", "code"),
            (self.owner, "version__page__procedure_owner", get_user_model().USERNAME_FIELD),
        ):
            if chosen:
                found &= (
                    Q(**{f"{path}__isnull": True}) if chosen == NOBODY else Q(**{f"{path}__{name}": chosen})
                )
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """`lines` and `owners`: the choices of a filter, by their names in addresses."""

    total: Figures
    months: list[Figures]
    by_line: list[Figures]
    by_owner: list[Figures]
    lines: Mapping[str, str]
    owners: Mapping[str, str]

    @property
    def most_in_a_month(self) -> int:
        return max(month.marks for month in self.months)


def report(scope: Scope, now: datetime) -> Report:
    """The figures of this month and the eleven before it; in ten queries, however many marks there are."""
    start = first_month(timezone.localdate(now))
    lines = ProductLine.objects.in_bulk()
    owning = ProcedurePage.objects.exclude(procedure_owner=None).order_by().values("procedure_owner")
    people: Any = get_user_model()._default_manager.filter(pk__in=owning)
    owners = {person.pk: person for person in people}
    levels, late = Levels.load(), set(safety.overdue(now).values_list("thread", flat=True))
    total = Figures("")
    months = {(start.year, start.month): Figures(f"{start:%Y-%m}")}
    while len(months) < MONTHS:
        year, month = next(reversed(months))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        months[year, month] = Figures(f"{year}-{month:02}")
    by_line: dict[int | None, Figures] = {}
    by_owner: dict[int | None, Figures] = {}
    for mark in _marks(scope.marks, start):
        sent_on = timezone.localdate(mark.sent_at)
        groups = [
            total,
            by_line.setdefault(mark.line, Figures(_name(lines.get(mark.line or 0), "local_name"))),
            by_owner.setdefault(mark.owner, Figures(_name(owners.get(mark.owner or 0), "display_name"))),
        ]
        if (sent_on.year, sent_on.month) in months:
            groups.append(months[sent_on.year, sent_on.month])
            for group in groups:
                group.count(mark, now)
        is_late = any(due.is_overdue for due in levels.dues(mark, timezone.localdate(now)))
        is_late |= isinstance(mark, ThreadTimes) and mark.pk in late
        for group in groups:
            group.open += mark.is_open
            group.overdue += is_late
    return Report(
        total,
        list(months.values()),
        _by_name(by_line.values()),
        _by_name(by_owner.values()),
        _named(lines.values(), lambda line: (line.code, str(line))),
        _named(owners.values(), lambda person: (person.get_username(), person.display_name)),
    )


def first_month(today: date) -> date:
    """The first day of the eleventh month before this one."""
    months = today.year * 12 + today.month - MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _marks(scope: Q, start: date) -> Iterable[Mark]:
    """What was made since then, and what is older and still open."""
    since = timezone.make_aware(datetime(start.year, start.month, start.day))
    heads = Suggestion.objects.filter(scope, sent_with=None).order_by()
    heads = heads.filter(Q(submitted_at__gte=since) | Q(status__in=OPEN) | Q(others__status__in=OPEN))
    yield from proposal_times(heads.values("pk"))
    threads = Thread.objects.filter(scope).filter(Q(started_at__gte=since) | Q(status=ThreadStatus.OPEN))
    yield from thread_times(Q(pk__in=threads.order_by().values("pk")))


def _days(mark: Mark, until: datetime) -> float:
    return (until - mark.sent_at) / _DAY


def _name(record: Any, attribute: str) -> str:
    return getattr(record, attribute, "")


def _by_name(groups: Iterable[Figures]) -> list[Figures]:
    """In the order of their names, without a name last: this is no ranking."""
    return sorted(groups, key=lambda group: (not group.name, group.name))


def _named(found: Iterable[Any], name: Callable[[Any], tuple[str, str]]) -> dict[str, str]:
    return dict(sorted(map(name, found), key=lambda pair: pair[1]))
