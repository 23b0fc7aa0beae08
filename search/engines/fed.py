"""Engines outside the database: documents are stored and noted with the data, and told after the commit.

A rebuild must not write an older state over what somebody has written meanwhile, nor hold everybody up. So it goes
batch by batch: each under a lock that all who write documents share, and only over documents that are as they were
when it began; whatever has changed since was described by the very transaction that changed it, and is newer.
"""

import fcntl
import logging
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from search import documents, outbox, switching
from search.documents import Entry, in_batches
from search.engine import Again, Hit, Results, SearchQuery
from search.engines.terms import TermEngine
from search.models import SearchDocument
from search.registry import DocumentData

PAUSE = 30.0
"""Seconds in which an engine that could not be reached is not told: nobody waits for it at every change."""
CATCH_UP = 50
"""Documents that a search tells before it asks; the schedule tells the rest."""
_PATIENCE = 60.0  # seconds that a rebuild waits for others' transactions to end
_WRITING, _REBUILDING = 7_365_001, 7_365_002  # keys of PostgreSQL's advisory locks

logger = logging.getLogger(__name__)
_Keys = dict[tuple[str, str], int]


class RebuildUnderWay(Exception):
    """Somebody rebuilds the index at this moment."""


class FedEngine(TermEngine):
    """A subclass is an outbox.Listener too."""

    _paused_until = 0.0  # of time.monotonic()

    @abstractmethod
    def turn(self) -> AbstractContextManager[object]:
        """See outbox.Listener."""

    @abstractmethod
    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        """See outbox.Listener."""

    @abstractmethod
    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        """See outbox.Listener."""

    @abstractmethod
    def refill(self) -> None:
        """Make the index anew from the documents as stored; searches see the old one until the new one is whole.

        Called outside transactions. What it has read need not be told again: see outbox.all_heard. Raises Unreachable.
        """

    def prepare(self) -> str:
        """Make sure that there is an index to tell, however long it takes; returns why it had to be made anew, or "".

        Raises Unreachable.
        """
        return ""

    @abstractmethod
    def disagreement(self) -> str:
        """What the index has otherwise than the database (search.agreement), in words, or "". Raises Unreachable."""

    def misconfigured(self) -> Iterator[str]:
        """What is set wrong, each in words that name the variable."""
        return iter(())

    # Writing

    def index(self, documents_: Iterable[DocumentData]) -> int:
        """See Engine.index."""
        count = 0
        for batch in in_batches(documents_):
            with transaction.atomic():
                _writing()
                stored = documents.save(batch)
                outbox.note({document.pk: document.revision for document in stored})
                transaction.on_commit(self.tell_soon, robust=True)
            count += len(stored)
        return count

    def delete(self, source: str, ids: Iterable[object]) -> int:
        """See Engine.delete."""
        count = 0
        for batch in in_batches(map(str, ids)):
            with transaction.atomic():
                _writing()
                ended = _delete(SearchDocument.objects.filter(source=source, object_id__in=batch))
                transaction.on_commit(self.tell_soon, robust=True)
            count += len(ended)
        return count

    def rebuild(self, documents_: Iterable[DocumentData], again: Again | None = None) -> int:
        """See Engine.rebuild. Call it outside transactions: each batch is one.

        Raises RebuildUnderWay, and Unreachable where the engine is: what changed is stored then, and told later.
        """
        outbox.check_committed()
        with _one_at_a_time():
            before: _Keys = {
                (source, object_id): revision
                for source, object_id, revision in SearchDocument.objects.values_list(
                    "source", "object_id", "revision"
                ).iterator()
            }
            left = dict(before)
            count = 0
            for batch in in_batches(documents_):
                keys = {(data.source, str(data.object_id)): data for data in batch}
                with _nobody_writing():
                    count += _describe(keys, before, again)
                for key in keys:
                    left.pop(key, None)
            for gone in in_batches(left):
                with _nobody_writing():
                    _delete(
                        SearchDocument.objects.filter(pk__in=[row.pk for row in _unchanged(gone, before)])
                    )
            self.refill()
            with _nobody_writing():
                documents.prune()
        return count

    # Telling

    def tell_soon(self, most: int = outbox.BATCH) -> None:
        """Tell what waits unless the engine could not be reached a moment ago. Never raises Unreachable."""
        if time.monotonic() < self._paused_until:
            return
        try:
            outbox.tell(self, most=most, refused_too=False)
        except outbox.Ahead as error:
            logger.error("The search index is not that of this database any more: %s", error)
            switching.doubt()
        except outbox.Unreachable as error:
            self._paused_until = time.monotonic() + PAUSE
            logger.warning("The search engine is told later: %s", error)

    def catch_up(self) -> None:
        """Tell what still waits after its commit, so far as that takes no time."""
        try:
            outbox.check_committed()
        except RuntimeError:  # inside a transaction, and only then
            return
        if time.monotonic() >= self._paused_until and outbox.is_anything_new():
            self.tell_soon(CATCH_UP)
            switching.check()

    # Asking

    def search(self, query: SearchQuery) -> Results:
        """See Engine.search. Raises Unreachable."""
        self.catch_up()
        paused_until = self._paused_until
        results = super().search(query)
        if self._paused_until < paused_until:  # it is back
            self.catch_up()
        return results

    def suggest(self, prefix: str, scopes: frozenset[str], limit: int = 8) -> list[Hit]:
        """See Engine.suggest. Raises Unreachable."""
        self.catch_up()
        return super().suggest(prefix, scopes, limit)

    def similar(self, query: SearchQuery) -> list[Hit]:
        """See Engine.similar. Raises Unreachable."""
        self.catch_up()
        return super().similar(query)


def _describe(keys: Mapping[tuple[str, str], DocumentData], before: _Keys, again: Again | None) -> int:
    """Store what these documents are like now; returns how many there are."""
    present = {(row.source, row.object_id): row for row in _stored(keys)}
    wanted: list[DocumentData] = []
    new: dict[str, list[str]] = {}
    for key, data in keys.items():
        row = present.get(key)
        if row is None and key in before:
            continue  # taken out since
        if row is None and again:
            new.setdefault(key[0], []).append(key[1])  # it may have been added and taken out since
        elif row is None or (row.revision == before.get(key) and not documents.same(data, row)):
            wanted.append(data)
    if again:
        for source, ids in new.items():
            wanted += again(source, ids)
    if wanted:
        stored = documents.save(wanted)
        outbox.note({document.pk: document.revision for document in stored})
    return len(present) + sum((data.source, str(data.object_id)) not in present for data in wanted)


def _stored(keys: Iterable[tuple[str, str]]) -> Iterator[SearchDocument]:
    ids: dict[str, list[str]] = {}
    for source, object_id in keys:
        ids.setdefault(source, []).append(object_id)
    for source, some in ids.items():
        yield from SearchDocument.objects.filter(source=source, object_id__in=some)


def _unchanged(keys: Iterable[tuple[str, str]], before: _Keys) -> list[SearchDocument]:
    return [row for row in _stored(keys) if row.revision == before[row.source, row.object_id]]


def _delete(rows: QuerySet[SearchDocument]) -> dict[int, int]:
    """Delete them and note their end; returns {pk: revision of the end}."""
    ended = {pk: revision + 1 for pk, revision in rows.values_list("pk", "revision")}
    rows.delete()
    outbox.note(ended)
    return ended


# On SQLite whoever writes has the database alone; on PostgreSQL these locks see to it, to the transaction's end.


def _writing() -> None:
    """Many may write documents at once, but not while a rebuild looks at a batch of them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_WRITING])


@contextmanager
def _nobody_writing() -> Iterator[None]:
    """A transaction in which nobody else writes documents; what is read in it is the newest state.

    It asks again and again: one that stood in the queue would make others wait who hold what the first waits for.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        with transaction.atomic(durable=True):
            if connection.vendor != "postgresql" or _locked("pg_try_advisory_xact_lock", _WRITING):
                yield
                return
        if time.monotonic() > until:
            raise outbox.Unreachable("somebody's transaction has been writing documents for a minute")
        time.sleep(0.02)  # see above: it must not stand in the queue


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Released when the process ends, however it does. Raises RebuildUnderWay."""
    if connection.vendor == "postgresql":
        if not _locked("pg_try_advisory_lock", _REBUILDING):
            raise RebuildUnderWay
        try:
            yield
        finally:
            _locked("pg_advisory_unlock", _REBUILDING)
        return
    lock = Path(settings.REDLINE_SEARCH_SIDECAR).with_suffix(".rebuild.lock")  # in the data directory
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RebuildUnderWay from None
        yield


def _locked(function: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        return bool(cursor.fetchone()[0])
