"""What an engine outside the database has yet to hear: noted with the change, told after the commit.

A note is of a document, not of a change: whoever tells it reads the document as it is then. So notes may be told
twice, late or in any order, and by several processes at once, and the newest state still wins.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.db.models import Count, F, Min, Q
from django.utils import timezone

from search.documents import Entry, entry_of
from search.models import PendingChange, SearchDocument

BATCH = 200
"""Documents told at a time."""
ATTEMPTS = 5
"""How often a document that the engine refuses is told before it is given up, to be looked at by a person."""

logger = logging.getLogger(__name__)


class Unreachable(Exception):
    """The engine cannot be reached, or takes nothing for now. What was noted stays noted."""


class Ahead(Unreachable):
    """The engine has what the database no longer knows: it was put back to an earlier state, and the index was not."""


class Listener(Protocol):
    """An engine that is told. Every method raises Unreachable where it cannot be; Ahead where it knows better."""

    def turn(self) -> AbstractContextManager[object]:
        """Held while documents are read and told, where the engine cannot itself tell an older state from a newer.

        What was told is sure to stay when it ends without an error.
        """
        ...

    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        """Add or replace, unless a newer revision is there. Returns {pk: why} of those it will not take."""
        ...

    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        """Take out {pk: revision of its end}, whether they are in or not. Returns {pk: why} as `put` does."""
        ...


def note(revisions: Mapping[int, int]) -> None:
    """These documents, by primary key, are now of that revision, or have ended with it."""
    now = timezone.now()
    PendingChange.objects.bulk_create(
        [PendingChange(document=pk, revision=revision, noted_at=now) for pk, revision in revisions.items()],
        update_conflicts=True,
        unique_fields=["document"],
        update_fields=["revision", "noted_at", "attempts", "error", "given_up_at"],
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many documents have yet to be told, since when the first of them, and how many were given up."""

    count: int
    since: datetime | None
    given_up: int


def waiting() -> Waiting:
    """What waits now."""
    told_on = Q(given_up_at=None)
    return Waiting(
        **PendingChange.objects.aggregate(
            count=Count("pk", filter=told_on),
            since=Min("noted_at", filter=told_on),
            given_up=Count("pk", filter=~told_on),
        )
    )


def is_anything_new() -> bool:
    """Whether something waits that was not refused before."""
    return PendingChange.objects.filter(given_up_at=None, attempts=0).exists()


def check_committed() -> None:
    """Raise RuntimeError inside a transaction: what it may yet undo must not be told."""
    with transaction.atomic(durable=True, savepoint=False):
        pass  # only asks; no transaction stays open while an engine takes its time


def tell(listener: Listener, most: int | None = None, *, refused_too: bool = True) -> int:
    """Tell what waits, `most` documents if given; returns how many were told.

    Raises Unreachable, and RuntimeError inside a transaction.
    """
    check_committed()
    changes = PendingChange.objects.filter(given_up_at=None)
    if not refused_too:
        changes = changes.filter(attempts=0)
    told = 0
    last = 0
    while most is None or told < most:
        size = BATCH if most is None else min(BATCH, most - told)
        with listener.turn():
            batch = list(changes.filter(pk__gt=last).order_by("pk")[:size])
            refused = _hand_over(listener, batch) if batch else {}
        if not batch:
            return told
        # Now that what was told is sure to stay; whoever is killed before tells it again.
        _settle(batch, refused)
        told += len(batch) - len(refused)
        last = batch[-1].pk  # those refused just now are not asked again at once
    return told


@contextmanager
def all_heard() -> Iterator[dict[int, str]]:
    """What waits at the beginning is told when the block, which reads every document, ends without an error.

    The block puts {document: why} of what the engine refused into the dictionary.
    """
    batch = list(PendingChange.objects.all())
    refused: dict[int, str] = {}
    yield refused
    _settle(batch, refused)


def send_again(pk: int | None = None) -> int:
    """What was given up, or that one row of it, waits again; returns how many."""
    given_up = PendingChange.objects.exclude(given_up_at=None)
    if pk is not None:
        given_up = given_up.filter(pk=pk)
    return given_up.update(given_up_at=None, attempts=0)


def _hand_over(listener: Listener, batch: Sequence[PendingChange]) -> Mapping[int, str]:
    documents = SearchDocument.objects.in_bulk([change.document for change in batch])
    gone = {change.document: change.revision for change in batch if change.document not in documents}
    return {
        **(listener.put(list(map(entry_of, documents.values()))) if documents else {}),
        **(listener.drop(gone) if gone else {}),
    }


def _settle(batch: Sequence[PendingChange], refused: Mapping[int, str]) -> None:
    """Forget what was told and put on record what was refused; what was noted again meanwhile stays as it is."""
    heard: dict[datetime, list[int]] = defaultdict(list)
    for change in batch:
        if change.document not in refused:
            heard[change.noted_at].append(change.pk)
    for noted_at, pks in heard.items():
        PendingChange.objects.filter(pk__in=pks, noted_at=noted_at).delete()
    for change in batch:
        if why := refused.get(change.document):
            logger.error("The search engine refuses document %s: %s", change.document, why)
            same = PendingChange.objects.filter(pk=change.pk, noted_at=change.noted_at)
            given_up = timezone.now() if change.attempts + 1 >= ATTEMPTS else None
            same.update(attempts=F("attempts") + 1, error=why[:2000], given_up_at=given_up)
