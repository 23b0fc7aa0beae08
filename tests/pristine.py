"""The database as every test finds it, put back after a test that commits (`django_db(transaction=True)`).

Django would flush instead: that loses the site's pages and roles, and on SQLite it deletes row by row, which
the log of events refuses.
"""

import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection, transaction
from django.test import TransactionTestCase

ROOT = Path(__file__).resolve().parent.parent
_TEMPLATES = Path(tempfile.gettempdir()) / f"redline-tests-{os.getuid()}"
_SCHEMA = "pristine"
Built = TypeVar("Built")


def sqlite_template() -> Path:
    """The database of a new site: made once for all workers, and for all runs with the same migrations."""
    _TEMPLATES.mkdir(mode=0o700, exist_ok=True)
    template = _TEMPLATES / f"template-{_template_key()}.sqlite3"
    with (_TEMPLATES / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=_TEMPLATES) as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            building = Path(folder) / "site.sqlite3"
            environment = {**os.environ, "DATABASE_URL": f"sqlite:///{building}", "REDLINE_DATA_DIR": folder}
            manage(environment, "migrate", "-v0")
            manage(environment, "bootstrap")
            with sqlite3.connect(building) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
            building.rename(template)
    return template


def manage(environment: Mapping[str, str], *command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, capture_output=True
    )


def _template_key() -> str:
    """Changes when a migration, or what the site is built with, changes."""
    files = sorted(
        [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("kb/*/migrations/*.py"), ROOT / "kb/bootstrap.py"]
    )
    digest = hashlib.sha256()
    for file in [
        *files,
        ROOT / "kb/accounts/roles.py",
        ROOT / "search/analysis.py",
        ROOT / "requirements.lock",
    ]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def as_stored(built: Built) -> Built:
    """A dataclass of rows, each as it is in the database now."""
    rows = {field.name: getattr(built, field.name) for field in fields(built)}
    return type(built)(**{name: type(row)._base_manager.get(pk=row.pk) for name, row in rows.items()})


@contextmanager
def built_once(blocker: Any, build: Callable[[], Built]) -> Iterator[Built]:
    """What `build` puts into the database is there for each test of a module, whatever the others did to it.

    To be entered in a fixture of that scope, `blocker` being pytest-django's. Give keys, or rows for `as_stored`: a test
    would meet what another one has changed of them.
    """
    outermost = transaction.atomic()
    with blocker.unblock():
        outermost.__enter__()
        built = build()
    yield built
    with blocker.unblock():
        transaction.set_rollback(True)
        outermost.__exit__(None, None, None)


@contextmanager
def undone() -> Iterator[None]:
    """What is done to the database inside is taken back: one test goes through many cases from the same start."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def restore_sqlite(template: Path) -> None:
    """Make the connected database what the file holds."""
    connection.ensure_connection()
    with sqlite3.connect(template) as source:
        source.backup(connection.connection)
    source.close()


def keep_postgresql() -> None:
    """Copy every table that is not empty aside."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE {_SCHEMA}."{table}" AS TABLE public."{table}"')


def restore_postgresql() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        tables = ", ".join(f'public."{name}"' for name in connection.introspection.table_names(cursor))
        cursor.execute(f"TRUNCATE {tables}")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_SCHEMA])
        for (table,) in cursor.fetchall():
            # Foreign keys are checked at the end of the transaction, so the order is free.
            cursor.execute(f'INSERT INTO public."{table}" SELECT * FROM {_SCHEMA}."{table}"')


class _Sidecar:
    """The index beside PostgreSQL, copied aside; nothing on SQLite, where the index rolls back with the data."""

    def __init__(self) -> None:
        self._kept: sqlite3.Connection | None = None
        self._untouched: object = None

    def keep(self) -> None:
        from search.engine import get_engine

        get_engine().prepare()  # type: ignore[attr-defined]  # the sidecar's
        self._kept = sqlite3.connect(":memory:")
        self._open().backup(self._kept)
        self._untouched = self._state()

    def restore(self) -> None:
        if self._kept is not None and self._state() != self._untouched:
            self._kept.backup(self._open())
            self._untouched = self._state()

    def forget(self) -> None:
        from search.engines import sidecar_file

        sidecar_file.disconnect()
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _open(self) -> sqlite3.Connection:
        from search.engines import sidecar_file

        opened: sqlite3.Connection = sidecar_file.connected().connection
        return opened

    def _state(self) -> object:
        """Changes with whatever is written to the file."""
        from search.engines import sidecar_file

        return sidecar_file.in_use(), self._open().total_changes, id(self._open())


sidecar = _Sidecar()


def restore_after_commits(monkeypatch: Any, restore: Callable[[], None]) -> None:
    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: restore())
