"""The index in Django's own SQLite database: it commits and rolls back with the data."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DatabaseError, connections, transaction

from search import documents
from search.documents import entry_of, in_batches
from search.engine import Again
from search.engines import schema
from search.engines.fts import FtsTerms
from search.models import SearchDocument, SearchProfile
from search.outbox import Unreachable
from search.registry import DocumentData


class SqliteEngine(FtsTerms):
    """See search.engine.Engine."""

    def _fetch(self, sql: str, params: Sequence[Any]) -> list[Any]:
        """Raises Unreachable where the index is damaged: the documents themselves may be whole, and answer."""
        try:
            return super()._fetch(sql, params)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            raise Unreachable(f"The search index is damaged (manage.py rebuild_search): {error}") from error

    def index(self, documents_: Iterable[DocumentData]) -> int:
        """See Engine.index."""
        count = 0
        for batch in in_batches(documents_):
            with transaction.atomic(using=self.using):
                stored = documents.save(batch, self.using)
                self.write(map(entry_of, stored))
            count += len(stored)
        return count

    def delete(self, source: str, ids: Iterable[object]) -> int:
        """See Engine.delete. A trigger takes the terms out with the document."""
        count = 0
        for batch in in_batches(map(str, ids)):
            stored = SearchDocument.objects.using(self.using).filter(source=source, object_id__in=batch)
            count += stored.delete()[0]
        return count

    def rebuild(self, documents_: Iterable[DocumentData], again: Again | None = None) -> int:
        """See Engine.rebuild. One transaction: readers see the old index until it commits."""
        with transaction.atomic(using=self.using):
            self._empty()
            SearchDocument.objects.using(self.using).all().delete()
            SearchProfile.objects.using(self.using).all().delete()
            count = self.index(documents_)
            with connections[self.using].cursor() as cursor:
                cursor.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
        return count

    def refill(self) -> None:
        """Make the index anew from the documents as stored. One transaction, as above."""
        with transaction.atomic(using=self.using):
            self._empty()
            stored = SearchDocument.objects.using(self.using).order_by("pk")
            last = 0
            while batch := list(stored.filter(pk__gt=last)[: documents.BATCH]):
                self.write(map(entry_of, batch))
                last = batch[-1].pk

    def _empty(self) -> None:
        """Not emptied but made: a damaged table cannot be emptied."""
        with connections[self.using].cursor() as cursor:
            for statement in (*schema.drop(), *schema.create()):
                cursor.execute(statement)
