"""What an engine outside the database has yet to hear: noted with the change, told after the commit.

A note is of a document, not of a change: whoever tells it reads the document as it is then. So notes may be told
twice, late or in any order, and by several processes at once, and the newest state still wins.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from django.db import transaction
from django.db.models import F
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


class Listener(Protocol):
    """An engine that is told. Every method raises Unreachable where it cannot be."""

    def turn(self) -> AbstractContextManager[object]:
        """Held while documents are read and told, where the engine cannot itself tell an older state from a newer."""
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


def waiting() -> int:
    """How many documents have yet to be told, but for those given up."""
    return PendingChange.objects.filter(given_up_at=None).count()


def tell(listener: Listener, most: int | None = None) -> int:
    """Tell what waits, `most` documents if given; returns how many were told.

    Raises Unreachable, and RuntimeError inside a transaction: what it may yet undo must not be told.
    """
    with transaction.atomic(durable=True):
        pass  # only asks; no transaction stays open while an engine takes its time
    told = 0
    last = 0
    while most is None or told < most:
        with listener.turn():
            batch = list(PendingChange.objects.filter(given_up_at=None, pk__gt=last).order_by("pk")[:BATCH])
            if not batch:
                return told
            told += _tell(listener, batch)
        last = batch[-1].pk  # those refused just now are not asked again at once
    return told


def _tell(listener: Listener, batch: Sequence[PendingChange]) -> int:
    documents = SearchDocument.objects.in_bulk([change.document for change in batch])
    gone = {change.document: change.revision for change in batch if change.document not in documents}
    refused = {
        **(listener.put(list(map(entry_of, documents.values()))) if documents else {}),
        **(listener.drop(gone) if gone else {}),
    }
    # What was noted again meanwhile has another date and stays.
    for noted_at in {change.noted_at for change in batch}:
        heard = [c.pk for c in batch if c.noted_at == noted_at and c.document not in refused]
        PendingChange.objects.filter(pk__in=heard, noted_at=noted_at).delete()
    for change in batch:
        if why := refused.get(change.document):
            logger.error("The search engine refuses document %s: %s", change.document, why)
            same = PendingChange.objects.filter(pk=change.pk, noted_at=change.noted_at)
            given_up = timezone.now() if change.attempts + 1 >= ATTEMPTS else None
            same.update(attempts=F("attempts") + 1, error=why[:2000], given_up_at=given_up)
    return len(batch) - len(refused)
