"""The index of a PostgreSQL site without Elasticsearch: the same as on SQLite, in a file of its own, fed by the outbox.

The file is this machine's: several machines that serve one site need Elasticsearch.
"""

import json
import logging
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection

from search import outbox
from search.documents import BATCH, Entry, entry_of
from search.engines import sidecar_file
from search.engines.fed import FedEngine
from search.engines.fts import FtsTerms
from search.engines.sidecar_file import Unfit
from search.models import SearchDocument
from search.outbox import Unreachable

SOME = 500
"""Documents of which an index is made anew while somebody waits; more are left to a thread."""
_PATIENCE = 10.0  # seconds that a rebuild waits for those who tell

logger = logging.getLogger(__name__)


class SidecarEngine(FedEngine, FtsTerms):
    """See search.engine.Engine."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(using)
        self._mending = threading.Lock()

    def connection(self) -> Any:
        """See FtsTerms. Raises Unfit and Unreachable."""
        return sidecar_file.connected()

    def misconfigured(self) -> Iterator[str]:
        """See FedEngine. It makes the folder, as the first one who tells would."""
        folder = sidecar_file.path().parent
        try:
            if why := sidecar_file.not_for_an_index():
                yield why
                return
            folder.mkdir(parents=True, exist_ok=True)
            # Only trying tells: what permissions say holds neither for root nor on every file system.
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield f"REDLINE_SEARCH_SIDECAR: no file can be made in {folder}: {error.strerror}"
        except Unreachable:
            pass  # somebody has it for himself just now, which is nothing that is set wrong

    # Told

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See outbox.Listener. With the file's write lock nobody tells what they read before somebody else."""
        try:
            sidecar_file.connected()
        except Unfit as why:
            self._mend(why, sidecar_file.in_use())
        try:
            with sidecar_file.sharing():
                yield
        except Unfit as why:
            self._mend(why, sidecar_file.in_use())
            raise Unreachable(str(why)) from why

    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        """See outbox.Listener."""
        self._raise_if_ahead({entry.pk: entry.revision for entry in entries})
        self.write(entries)
        return {}

    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        """See outbox.Listener."""
        self._raise_if_ahead(gone)
        with self.connection().cursor() as cursor:
            cursor.executemany(
                "DELETE FROM search_index WHERE rowid = (SELECT place FROM search_entry WHERE id = %s)",
                [(pk,) for pk in gone],
            )
            cursor.executemany("DELETE FROM search_entry WHERE id = %s", [(pk,) for pk in gone])
        return {}

    def _raise_if_ahead(self, told: Mapping[int, int]) -> None:
        """Raises Ahead where the file has a newer revision: under its write lock, only of a database that went back."""
        known = self._rows(
            "SELECT id, revision FROM search_entry WHERE id IN (SELECT value FROM json_each(%s))",
            [json.dumps(list(told))],
        )
        if ahead := [pk for pk, revision in known if revision > told[pk]]:
            raise outbox.Ahead(f"the file has newer revisions than the database, e.g. of document {ahead[0]}")

    # Made anew

    def refill(self) -> None:
        """See FedEngine. One transaction of the file; what changes meanwhile is told after it."""
        outbox.check_committed()
        with sidecar_file.alone(_PATIENCE):
            self._fill()

    def prepare(self) -> str:
        """See FedEngine."""
        try:
            sidecar_file.connected()
        except Unfit as why:
            self._mend_now(why, sidecar_file.in_use())
            return str(why)
        return ""

    def disagreement(self) -> str:
        """See FedEngine."""
        try:
            sidecar_file.check(sidecar_file.connected())
        except Unfit as why:
            return str(why)
        return ""

    def _fill(self) -> None:
        try:
            self._fill_once()
        except Unfit as why:  # a damage that only shows in what is read of it
            logger.warning("The search index is damaged: %s", why)
            sidecar_file.put_aside()
            self._fill_once()

    def _fill_once(self) -> None:
        with outbox.all_heard(), sidecar_file.anew():
            last = 0
            while batch := list(SearchDocument.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
                self.write(map(entry_of, batch))
                last = batch[-1].pk

    def _mend(self, why: Unfit, broken: tuple[int, int] | None) -> None:
        """Make an unfit file anew, at once where that takes no time. Raises Unreachable where it does."""
        try:
            outbox.check_committed()
        except RuntimeError as error:
            raise Unreachable(str(why)) from error
        if SearchDocument.objects.count() <= SOME:
            self._mend_now(why, broken)
            return
        if self._mending.acquire(blocking=False):
            threading.Thread(target=self._mend_aside, args=(why, broken), daemon=True).start()
        raise Unreachable(str(why))

    def _mend_aside(self, why: Unfit, broken: tuple[int, int] | None) -> None:
        try:
            self._mend_now(why, broken)
        except Unreachable as error:
            logger.warning("The search index is made anew later: %s", error)
        finally:
            sidecar_file.disconnect()
            connection.close()
            self._mending.release()

    def _mend_now(self, why: Unfit, broken: tuple[int, int] | None) -> None:
        with sidecar_file.alone(patience=1):
            if sidecar_file.there() == broken:
                logger.warning("The search index is made anew: %s", why)
                sidecar_file.put_aside()
            try:
                sidecar_file.connected()  # somebody else was first
            except Unfit:
                self._fill()

    # Asked

    def _fetch(self, sql: str, params: Sequence[Any]) -> list[Any]:
        try:
            return self._rows(sql, params)
        except Unfit as why:
            self._mend(why, sidecar_file.in_use())
        try:
            return self._rows(sql, params)
        except Unfit as why:
            raise Unreachable(str(why)) from why

    def _rows(self, sql: str, params: Sequence[Any]) -> list[Any]:
        with sidecar_file.faults(), self.connection().cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()
