"""When marks were made, answered, asked back and decided: read from the rows and their histories, never stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Min, Q
from django.utils import timezone

from review.models import OPEN, Suggestion, SuggestionStatus, Thread, ThreadKind, ThreadStatus

_ANSWERED = (ThreadStatus.ANSWERED, ThreadStatus.RESOLVED)
Span = tuple[datetime, datetime | None]


@dataclass(slots=True)
class _Times:
    """Whose mark it is, on what, and when it came; `line`, `owner`: of the procedure."""

    pk: int
    page: int
    line: int | None
    owner: int | None
    author: int
    sent_at: datetime


@dataclass(slots=True)
class ThreadTimes(_Times):
    """`waits_since`: since when it is open, which is anew where somebody asked again; None where it is not."""

    kind: str
    waits_since: datetime | None
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.waits_since is not None


@dataclass(slots=True)
class PartTimes:
    """One edit of a proposal. `asked`: the states that it was in, where its author was ever asked back."""

    pk: int
    status: str
    assigned_to: int | None
    decided_by: int | None
    decided_at: datetime | None
    effective_from: datetime | None
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    def waited(self, sent_at: datetime) -> Iterator[Span]:
        """When it waited for a decision; until None: it still does."""
        since: datetime | None = sent_at
        for status, at in self.asked:
            waits = status == SuggestionStatus.SUBMITTED
            if since is not None and not waits:
                yield since, at
                since = None
            elif since is None and waits:
                since = at
        if since is not None:
            yield since, self.decided_at


@dataclass(slots=True)
class ProposalTimes(_Times):
    """All that was sent together; `pk` is the first of it."""

    parts: list[PartTimes] = field(default_factory=list)
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return any(part.status in OPEN for part in self.parts)

    @property
    def waits(self) -> bool:
        """For whoever decides, not only for its author's answer."""
        return any(part.status == SuggestionStatus.SUBMITTED for part in self.parts)

    @property
    def decided_at(self) -> datetime | None:
        """When the last of it was decided; None where something is open, or its author took all of it back."""
        decided = [part for part in self.parts if part.status != SuggestionStatus.WITHDRAWN]
        if self.is_open or not decided:
            return None
        return max(part.decided_at for part in decided if part.decided_at is not None)

    @property
    def paused_days(self) -> int:
        """Calendar days on which all that was open of it waited for its author's answer."""
        paused, until = 0, self.sent_at
        for start, end in sorted(
            (span for part in self.parts for span in part.waited(self.sent_at)), key=lambda span: span[0]
        ):
            if start > until:
                paused += (_day(start) - _day(until)).days
            if end is None:
                break
            until = max(until, end)
        return paused


def thread_times(which: Q) -> list[ThreadTimes]:
    """Of threads on what is read; in two queries."""
    threads = Thread.objects.on_text().filter(which).order_by()
    found: dict[int, ThreadTimes] = {}
    for pk, page, line, owner, author, sent_at, kind, status in threads.values_list(
        "pk", "version__page", "version__product_line", "version__page__procedure_owner", "started_by",
        "started_at", "kind", "status",
    ):  # fmt: skip
        found[pk] = ThreadTimes(
            pk,
            page,
            line,
            owner,
            author,
            sent_at,
            kind,
            waits_since=sent_at if status == ThreadStatus.OPEN else None,
        )
    states = Thread.history.filter(id__in=threads.values("pk")).order_by("history_date", "history_id")
    before: dict[int, str] = {}
    for pk, status, at in states.values_list("id", "status", "history_date"):
        thread = found[pk]
        if status in _ANSWERED and thread.answered_at is None:
            thread.answered_at = at
        if thread.is_open and status == ThreadStatus.OPEN and before.get(pk, status) != status:
            thread.waits_since = at
        before[pk] = status
    return list(found.values())


def proposal_times(heads: Iterable[int] | Any) -> list[ProposalTimes]:
    """Of the proposals with these keys (of the first of each, a list or a query); in three queries."""
    which = Q(pk__in=heads) | Q(sent_with__in=heads)
    found: dict[int, ProposalTimes] = {}
    parts: dict[int, PartTimes] = {}
    for pk, sent_with, page, line, owner, author, sent_at, status, assigned, by, at, effective in (
        Suggestion.objects.filter(which)
        .order_by("pk")
        .values_list(
            "pk", "sent_with", "version__page", "version__product_line", "version__page__procedure_owner",
            "author", "submitted_at", "status", "assigned_to", "decided_by", "decided_at",
            "released_in__effective_from",
        )
    ):  # fmt: skip
        head = found.setdefault(
            sent_with or pk, ProposalTimes(sent_with or pk, page, line, owner, author, sent_at)
        )
        parts[pk] = PartTimes(pk, status, assigned, by, at, effective)
        head.parts.append(parts[pk])
    _read_questions(which, parts)
    said = Thread.history.filter(suggestion__in=heads, status__in=_ANSWERED).order_by()
    answers: dict[int, datetime] = dict(
        said.values("suggestion").annotate(at=Min("history_date")).values_list("suggestion", "at")
    )
    for head in found.values():
        told = [part.decided_at for part in head.parts if part.decided_by not in (None, head.author)]
        told += [at for part in head.parts for status, at in part.asked if status == SuggestionStatus.ASKED]
        head.answered_at = min((at for at in (*told, answers.get(head.pk)) if at is not None), default=None)
    return list(found.values())


def _read_questions(which: Q, parts: dict[int, PartTimes]) -> None:
    asked = Suggestion.history.filter(status=SuggestionStatus.ASKED, id__in=_keys(which)).order_by()
    states = Suggestion.history.filter(id__in=asked.values("id")).order_by("history_date", "history_id")
    for pk, status, at in states.values_list("id", "status", "history_date"):
        parts[pk].asked.append((status, at))


def _keys(which: Q) -> Any:
    return Suggestion.objects.filter(which).order_by().values("pk")


def open_threads() -> Q:
    """Those that wait for an answer; safety comments have a clock of their own."""
    return Q(status=ThreadStatus.OPEN) & ~Q(kind=ThreadKind.SAFETY)


def open_proposals() -> Any:
    """The keys of the first of each proposal of which something waits for a decision."""
    waiting = Suggestion.objects.filter(status=SuggestionStatus.SUBMITTED).order_by()
    heads = Q(pk__in=waiting.values("pk")) | Q(pk__in=waiting.exclude(sent_with=None).values("sent_with"))
    return Suggestion.objects.filter(heads, sent_with=None).order_by().values("pk")


def _day(at: datetime) -> date:
    return timezone.localdate(at)
