"""One rebuild at a time, on however many machines; whoever dies gives way at once."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from search.engines.fed import RebuildUnderWay


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Nobody else is in here under this name. Raises RebuildUnderWay at once where somebody is.

    PostgreSQL keeps the lock for its connection; SQLite's users share a machine, and a file on it.
    """
    with _alone_by_postgresql(name) if connection.vendor == "postgresql" else _alone_by_file(name):
        yield


@contextmanager
def _alone_by_postgresql(name: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"redline rebuild {name}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise RebuildUnderWay
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def _alone_by_file(name: str) -> Iterator[None]:
    with (Path(settings.DATA_DIR) / f"rebuild-{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RebuildUnderWay from None
        yield
