"""How much waits for one person: all counts in one query, for they stand on every page of the staff."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils import timezone

from review import readers, upkeep
from review.eligibility import open_stages_for
from review.models import Suggestion
from review.queries import news_of, releases_sent_back, suggestions_to_decide, threads_to_answer


class Waiting(NamedTuple):
    """How much waits for one person, of each kind."""

    news: int  # notices not read yet, but for calls to what is counted by itself
    my_suggestions: int  # own proposed edits that nobody has decided on yet
    to_decide: int  # proposed edits that this person may decide on
    to_answer: int  # open threads that this person should answer
    to_approve: int  # stages of releases that wait for this person's signature or opinion
    to_read: int  # major versions that this person has not acknowledged yet
    to_review: int  # procedures of this person that are due for review within 30 days
    sent_back: int  # releases that this person submitted and others ended, which wait for another submission

    @property
    def total(self) -> int:
        """What this person has to act on; a proposal that waits for somebody else is not counted."""
        return sum(self) - self.my_suggestions


def waiting_for(user: Any) -> Waiting:
    """One query counts it all."""
    sql, params = _statement(_Asker.of(user), timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return Waiting(**dict(zip(_COUNTED, cursor.fetchone(), strict=True)))


def on_page(request: Any) -> Waiting:
    """What waits for whoever asks for this page, counted once for all that the page says of it."""
    if not hasattr(request, "waiting"):
        request.waiting = waiting_for(request.user)
    found: Waiting = request.waiting
    return found


@dataclass(frozen=True, slots=True)
class _Asker:
    """A person as far as the questions depend on who asks: two with the same key and rights ask the same."""

    pk: int
    rights: frozenset[str] | None  # None for every right
    user: Any = field(compare=False)

    @classmethod
    def of(cls, user: Any) -> "_Asker":
        return cls(user.pk, None if user.is_superuser else frozenset(user.get_all_permissions()), user)


_COUNTED = {
    "news": lambda user, today: news_of(user),
    "my_suggestions": lambda user, today: Suggestion.objects.waiting().filter(author=user),
    "to_decide": lambda user, today: suggestions_to_decide(user),
    "to_answer": lambda user, today: threads_to_answer(user),
    "to_approve": lambda user, today: open_stages_for(user),
    "sent_back": lambda user, today: releases_sent_back(user),
    "to_read": lambda user, today: readers.open_tasks(user),
    "to_review": upkeep.due_for,
}


@lru_cache(maxsize=4096)
def _statement(asker: _Asker, today: date) -> tuple[str, tuple[Any, ...]]:
    """The SQL and its parameters, kept: the ORM takes longer to make them than the database to answer.

    Nothing in them may depend on anything but the person, their rights and the day.
    """
    counts: list[str] = []
    values: list[Any] = []
    for rows_of in _COUNTED.values():
        try:
            sql, params = rows_of(asker.user, today).order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:  # not for this person
            counts.append("0")
            continue
        counts.append(f"(SELECT COUNT(*) FROM ({sql}) AS found)")
        values += params
    return f"SELECT {', '.join(counts)}", tuple(values)
