"""Service levels: by which day a mark is to be answered and decided on, and whether that day is over.

Nothing of it is stored: the day follows from the mark's own times (review.marks) and the level of its product line,
in calendar days of the site's time zone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from review.marks import ProposalTimes, ThreadTimes, proposal_times, thread_times
from review.models import ServiceLevel, Suggestion, Thread, ThreadKind

_DAY = timedelta(days=1)


class Promise(StrEnum):
    ANSWER = "answer"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that a mark waits for: `on` is its last day, `days` how many it was given, `today` when it is asked."""

    promise: Promise
    on: date
    days: int
    today: date

    @property
    def is_overdue(self) -> bool:
        return self.on < self.today

    @property
    def is_near(self) -> bool:
        """Its last day or the day before; a level of one day leaves no day before."""
        return not self.is_overdue and self.today >= (self.on - _DAY if self.days > 1 else self.on)

    @property
    def is_passed_on(self) -> bool:
        """Overdue by as much again."""
        return self.on + timedelta(days=self.days) < self.today


@dataclass(frozen=True, slots=True)
class Levels:
    """The service levels of the site by product line; that of None is for every other line."""

    by_line: Mapping[int | None, ServiceLevel]

    @classmethod
    def load(cls) -> "Levels":
        return cls({level.product_line_id: level for level in ServiceLevel.objects.all()})

    def __bool__(self) -> bool:
        return bool(self.by_line)

    def dues(self, mark: ThreadTimes | ProposalTimes, today: date) -> list[Due]:
        """What the mark waits for by now; nothing where no level is set, or where it waits for its own author."""
        level = self.by_line.get(mark.line) or self.by_line.get(None)
        if level is None:
            return []
        if isinstance(mark, ThreadTimes):
            if mark.waits_since is None or mark.kind == ThreadKind.SAFETY:
                return []
            since = timezone.localdate(mark.waits_since)
            return [_due(Promise.ANSWER, since, level.first_answer_days, today)]
        if not mark.waits:
            return []
        sent = timezone.localdate(mark.sent_at)
        decision = _due(Promise.DECISION, sent + mark.paused_days * _DAY, level.decision_days, today)
        if mark.answered_at is not None:
            return [decision]
        return [_due(Promise.ANSWER, sent, level.first_answer_days, today), decision]


def _due(promise: Promise, since: date, days: int, today: date) -> Due:
    return Due(promise, since + timedelta(days=days), days, today)


def dues_of(
    threads: Collection[int], proposals: Collection[int]
) -> tuple[Mapping[int, Sequence[Due]], Mapping[int, Sequence[Due]]]:
    """What these threads on what is read wait for, and these proposals (by the first of each); in at most six queries."""
    levels, today = Levels.load(), timezone.localdate()
    if not levels:
        return {}, {}
    of_threads = thread_times(Q(pk__in=threads)) if threads else ()
    of_proposals = proposal_times(proposals) if proposals else ()
    return (
        {mark.pk: levels.dues(mark, today) for mark in of_threads},
        {mark.pk: levels.dues(mark, today) for mark in of_proposals},
    )


def show_dues(threads: Sequence[Thread] = (), suggestions: Sequence[Suggestion] = ()) -> None:
    """Give each mark what templates/review/_dues.html shows of it."""
    on_text = [thread.pk for thread in threads if not thread.suggestion_id]
    heads = {suggestion.head_id for suggestion in suggestions if suggestion.is_open}
    of_threads, of_heads = dues_of(on_text, heads)
    for thread in threads:
        thread.dues = of_threads.get(thread.pk, ())
    for suggestion in suggestions:
        suggestion.dues = of_heads.get(suggestion.head_id, ()) if suggestion.is_open else ()
