"""What the log tells: what is asked most, what finds nothing, and what is found and never opened.

What only customers asked, in fewer than three visits, may be somebody's name or letter: that is for those with the
right to read single searches (administrators). What three asked, or the staff, says what a guide is missing for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from search.log.masking import as_kept
from search.log.models import Channel, SearchLog, SearchOpening
from search.log.roles import STAFF, names

FEWEST = 3
"""Visits from which what only customers asked is shown to everybody who reads reports."""
SHOWN = 100
EXPORTED = 5_000
EVERY = "every"
"""The choice of a Scope's channel that leaves none out."""


class Kind(StrEnum):
    """The reports, by their name in an address."""

    ASKED = "asked-most"
    NOTHING = "nothing-found"
    UNOPENED = "nothing-opened"


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which searches: `days` back from now, 0 all that are kept; "" any language, any role.

    `channel` is a Channel, EVERY, or "" for what people asked: a program asks the same a thousand times a day.
    """

    days: int = 0
    language: str = ""
    role: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Searches for the same text. `found` is the most that was found; `opened` how many led to a result."""

    text: str
    times: int
    found: int
    opened: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """The first rows, how many there are, and how many more are not for this reader."""

    rows: list[Row]
    total: int
    hidden: int


def report(kind: Kind, scope: Scope, *, now: datetime, may_read_single: bool, limit: int = SHOWN) -> Report:
    """Asked most often first, the latest of those first. Two queries, whatever there is."""
    groups = _groups(kind, scope, now)
    shown = groups if may_read_single else groups.filter(_NOT_PRIVATE)
    numbers = groups.aggregate(all=Count("normalised"), shown=Count("normalised", filter=_NOT_PRIVATE))
    total = numbers["all"] if may_read_single else numbers["shown"]
    rows = [
        # What was kept under other rules is shown by these.
        Row(as_kept(row["typed"])[:200], row["times"], row["most"], row["led"], row["latest"])
        for row in shown.order_by("-times", "-latest", "normalised")[:limit]
    ]
    return Report(rows, total, numbers["all"] - total)


_NOT_PRIVATE = Q(times__gte=FEWEST) | Q(by_staff__gt=0)


def _groups(kind: Kind, scope: Scope, now: datetime) -> "QuerySet[Any, Any]":
    asked = SearchLog.objects.all()
    if scope.days:
        asked = asked.filter(asked_at__gte=now - timedelta(days=scope.days))
    if scope.language:
        asked = asked.filter(language=scope.language)
    if scope.role:
        asked = asked.filter(role=scope.role)
    if not scope.channel:
        asked = asked.exclude(channel=Channel.API)
    elif scope.channel != EVERY:
        asked = asked.filter(channel=scope.channel)
    if kind == Kind.NOTHING:
        asked = asked.filter(found=0)
    elif kind == Kind.UNOPENED:
        asked = asked.filter(found__gt=0).exclude(channel=Channel.API)  # what a program opens is not told
    opened = Exists(SearchOpening.objects.filter(search=OuterRef("pk")))
    groups = asked.values("normalised").annotate(
        times=Count("pk"),
        typed=Min("text"),
        most=Max("found"),
        latest=Max("asked_at"),
        by_staff=Count("pk", filter=Q(role__in=names(STAFF))),
        led=Count("pk", filter=opened),
    )
    return groups.filter(led=0) if kind == Kind.UNOPENED else groups
