"""What the clock says of marks under a service level: due, overdue, passed on. Each once, however many workers run.

Whoever is to act is told, not always the owner: of what was handed on, whoever got it; of an owner's own marks,
documentation staff. What is overdue by as much again goes to documentation staff, and where they are late
themselves to administrators.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from procedures.models import ProcedurePage
from procedures.people import administrators, holding, staff
from review.eligibility import acting_owners, documentation_staff
from review.levels import Due, Levels
from review.marks import (
    ProposalTimes,
    ThreadTimes,
    open_proposals,
    open_threads,
    proposal_times,
    thread_times,
)
from review.models import REMINDS_OF_A_MARK, Comment, Notice, Suggestion, SuggestionStatus, Thread
from review.notifying import SHOWN, post_once

logger = logging.getLogger(__name__)

Mark = ThreadTimes | ProposalTimes
Key = tuple[str, int]  # the field of Notice that names the mark, and its key


def pursue(now: datetime) -> Iterator[str]:
    """Tell whom a mark waits for that it is due or overdue, and pass it on; yields a line for each.

    One that fails holds no other up; the first error is raised at the end.
    """
    levels, today = Levels.load(), timezone.localdate(now)
    if not levels:
        return
    failed: Exception | None = None
    people, told = _People.load(), _told()
    marks: list[Mark] = [*thread_times(open_threads()), *proposal_times(open_proposals())]
    for mark in marks:
        for due in levels.dues(mark, today):
            for kind, asked in _to_tell(mark, due, people):
                if told.get((*_key(mark), kind, due.on), set()) & asked.keys() or not asked:
                    continue
                try:
                    line = _tell(_key(mark), mark.page, kind, now)
                except Exception as error:  # whatever it is, the other marks wait as well
                    logger.exception("nobody could be told of %s", _key(mark))
                    failed = failed or error
                else:
                    if line:
                        yield line
    if failed is not None:
        raise failed


@dataclass(frozen=True, slots=True)
class _People:
    """Who can be asked, each by key."""

    owners: Mapping[int, Any]
    staff: Mapping[int, Any]
    deciders: Mapping[int, Any]
    administrators: Mapping[int, Any]

    @classmethod
    def load(cls) -> Self:
        deciders = staff().filter(pk__in=holding("review.decide_suggestion").values("pk"))
        groups = (acting_owners(), documentation_staff(), deciders, administrators())
        return cls(*({person.pk: person for person in people} for people in groups))

    def asked(self, mark: Mark) -> dict[int, Any]:
        """Whom the mark waits for: never its author, who cannot answer themselves."""
        found: dict[int, Any] = {}
        for handed_to in _handed_to(mark):
            one = self.deciders.get(handed_to or 0) if handed_to != mark.author else None
            if one is None and mark.owner != mark.author:
                one = self.owners.get(mark.owner or 0)
            if one is not None:
                found[one.pk] = one
            else:
                found |= {pk: person for pk, person in self.staff.items() if pk != mark.author}
        return found

    def above(self, mark: Mark, late: Iterable[int]) -> dict[int, Any]:
        """To whom it is passed on."""
        to = self.administrators if self.staff.keys() >= set(late) else self.staff
        return {pk: person for pk, person in to.items() if pk != mark.author}


def _handed_to(mark: Mark) -> set[int | None]:
    if isinstance(mark, ThreadTimes):
        return {None}
    return {part.assigned_to for part in mark.parts if part.status == SuggestionStatus.SUBMITTED}


def _to_tell(mark: Mark, due: Due, people: _People) -> Iterator[tuple[str, dict[int, Any]]]:
    """The kinds of notice that it is time for, and to whom."""
    near, late, passed_on = REMINDS_OF_A_MARK[due.promise]
    asked = people.asked(mark)
    if due.is_near:
        yield near, asked
    if due.is_overdue:
        yield late, asked
    if due.is_passed_on:
        yield passed_on, people.above(mark, asked)


def _key(mark: Mark) -> Key:
    return ("thread" if isinstance(mark, ThreadTimes) else "suggestion"), mark.pk


def _told() -> dict[tuple[str, int, str, Any], set[int]]:
    """Who was told what of which mark: a new owner, or whoever it was handed to since, is told as well."""
    kinds = [kind for kinds in REMINDS_OF_A_MARK.values() for kind in kinds]
    threads = Thread.objects.filter(open_threads()).order_by().values("pk")
    of_open = Q(thread__in=threads) | Q(suggestion__in=open_proposals())
    rows = Notice.objects.filter(of_open, kind__in=kinds).order_by()
    found: dict[tuple[str, int, str, Any], set[int]] = {}
    for thread, suggestion, kind, due_on, person in rows.values_list(
        "thread", "suggestion", "kind", "due_on", "recipient"
    ):
        key: Key = ("thread", thread) if thread else ("suggestion", suggestion)
        found.setdefault((*key, kind, due_on), set()).add(person)
    return found


@transaction.atomic
def _tell(key: Key, page_id: int, kind: str, now: datetime) -> str:
    """Under the lock of the procedure, after asking again: it may have been answered, handed on or told of since."""
    # Without its key: who answers holds the thread, and what they write names the procedure.
    page = ProcedurePage.objects.select_for_update(no_key=True).get(pk=page_id)
    name, pk = key
    # Whoever answers holds the thread; of a proposal, whoever decides holds the procedure.
    about_it = Q(pk=pk) if name == "thread" else Q(suggestion=pk)
    list(Thread.objects.select_for_update(no_key=True).filter(about_it).values_list("pk"))
    marks: list[Any] = list(thread_times(Q(pk=pk)) if name == "thread" else proposal_times([pk]))
    people = _People.load()
    for mark in marks:
        for due in Levels.load().dues(mark, timezone.localdate(now)):
            for again, asked in _to_tell(mark, due, people):
                about = {name: pk, "kind": kind, "due_on": due.on}
                known = Notice.objects.filter(**about, recipient__in=asked)
                if again != kind or known.exists():
                    continue
                fields = {f"{name}_id": pk, "kind": kind, "due_on": due.on, "text": _text(key)}
                notices = [
                    Notice(recipient=person, page=page, created_at=now, **fields) for person in asked.values()
                ]
                if post_once(notices, now, **about):
                    return f"{page.number}: {name} {pk} {kind} {due.on}"
    return ""


def _text(key: Key) -> str:
    name, pk = key
    if name == "thread":
        said = Comment.objects.filter(thread=pk).first()
        return said.text[:SHOWN] if said is not None else ""
    return Suggestion.objects.values_list("reason", flat=True).get(pk=pk)[:SHOWN]
