"""An index of its own for the documents of another database, beside the site's: to measure the search in.

Nothing of them is noted in the outbox, and nothing that waits in the site's is told to it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction

from search import documents
from search.documents import BATCH, entry_of, in_batches
from search.engine import Again
from search.engines import schema
from search.engines.elastic import ElasticEngine
from search.engines.fed import FedEngine
from search.engines.sidecar import SidecarEngine
from search.engines.sidecar_file import Opened
from search.models import SearchDocument
from search.registry import DocumentData


class _Beside(FedEngine):
    def catch_up(self) -> None:
        """Nothing: what waits is the site's."""

    def rebuild(self, documents_: Iterable[DocumentData], again: Again | None = None) -> int:
        """See Engine.rebuild."""
        count = 0
        for batch in in_batches(documents_):
            with transaction.atomic(using=self.using):
                count += len(documents.save(batch, self.using))
        self.refill()
        return count


class ElasticBeside(_Beside, ElasticEngine):
    """Indices of another prefix."""


class SidecarBeside(_Beside, SidecarEngine):
    """Another file, empty."""

    def __init__(self, using: str, path: Path) -> None:
        super().__init__(using)
        self.file = Opened(path, "rwc")

    def connection(self) -> Any:
        """See FtsTerms."""
        return self.file.connection

    def refill(self) -> None:
        """See FedEngine.refill."""
        with self.connection().cursor() as cursor:
            for statement in [*schema.drop(), *schema.create()]:
                cursor.execute(statement)
        cursor = self.connection().cursor()
        cursor.execute("BEGIN IMMEDIATE")
        last = 0
        while batch := list(
            SearchDocument.objects.using(self.using).filter(pk__gt=last).order_by("pk")[:BATCH]
        ):
            self.write(map(entry_of, batch))
            last = batch[-1].pk
        cursor.execute("COMMIT")
