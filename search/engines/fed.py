"""Engines outside the database: documents are stored and noted with the data, and told after the commit."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from django.db import transaction

from search import documents, outbox
from search.documents import Entry, in_batches
from search.engines.terms import TermEngine
from search.models import SearchDocument
from search.registry import DocumentData

PAUSE = 30.0
"""Seconds in which an engine that could not be reached is not told: nobody waits for it at every change."""

logger = logging.getLogger(__name__)


class FedEngine(TermEngine):
    """A subclass is an outbox.Listener too."""

    _paused_until = 0.0  # of time.monotonic()

    def turn(self) -> AbstractContextManager[object]:
        """See outbox.Listener."""
        raise NotImplementedError

    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        """See outbox.Listener."""
        raise NotImplementedError

    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        """See outbox.Listener."""
        raise NotImplementedError

    def index(self, documents_: Iterable[DocumentData]) -> int:
        """See Engine.index."""
        count = 0
        for batch in in_batches(documents_):
            with transaction.atomic():
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
                stored = SearchDocument.objects.filter(source=source, object_id__in=batch)
                ended = {pk: revision + 1 for pk, revision in stored.values_list("pk", "revision")}
                stored.delete()
                outbox.note(ended)
                transaction.on_commit(self.tell_soon, robust=True)
            count += len(ended)
        return count

    def tell_soon(self) -> None:
        """Tell what waits unless the engine could not be reached a moment ago. Never raises Unreachable."""
        if time.monotonic() < self._paused_until:
            return
        try:
            outbox.tell(self, most=outbox.BATCH)
        except outbox.Unreachable as error:
            self._paused_until = time.monotonic() + PAUSE
            logger.warning("The search engine is told later: %s", error)
