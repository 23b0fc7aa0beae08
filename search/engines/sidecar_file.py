"""The SQLite file beside a PostgreSQL database: opened, locked, told whole from unfit, and made anew.

It has nothing in it that the database does not have. So a file that is missing, damaged, of another database or of
another version is put aside and made anew; nothing needs a person, but for the whole database of another program, which
stays where it is. Django does not know of it: it is not migrated, nor made for tests, nor given a transaction.

Two locks: whoever tells shares the lock file beside it and takes SQLite's own write lock; whoever makes the index
anew has the lock file alone. A process that is killed leaves neither.
"""

import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.utils import ConnectionHandler
from django.utils import timezone

from search import agreement
from search.analysis import TERMS_VERSION
from search.engines import schema
from search.engines.places import NUMBERED
from search.outbox import Unreachable

APPLICATION = 0x52444C53
"""SQLite's application_id of the file: "RDLS"."""
VERSION = schema.TABLES_VERSION * 1000 + TERMS_VERSION
"""Of its tables, and of the terms in them; another one makes the index anew."""

_TIMEOUT = 5  # seconds that one who tells waits for another
_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": _TIMEOUT,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
}
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA}
_BROKEN_WORDS = ("no such table", "malformed", "could not decode", "vtable constructor", "no such column: e.")
_STRAY = (
    # FTS5 keeps a small row for each of its own in search_index_docsize.
    "SELECT 1 FROM search_entry WHERE place NOT IN (SELECT id FROM search_index_docsize)",
    "SELECT 1 FROM search_index_docsize WHERE id NOT IN (SELECT place FROM search_entry)",
    f"SELECT 1 FROM search_entry WHERE place >> {NUMBERED} NOT IN (SELECT number FROM search_number)",
)
"""What stands in one table and not in the other."""
_connections = threading.local()
_forked: list[Any] = []  # a parent's connections: closing them here would take its locks


class Unfit(Exception):
    """The file is missing, damaged, or not the index of this database."""


_checked: set[tuple[str, int, int]] = (
    set()
)  # files, by database, device and inode, looked through by this process


class Opened:
    """A connection, for one thread, and which file it is to."""

    def __init__(self, path: Path, mode: str = "rw") -> None:
        self.path, self.pid = path, os.getpid()
        handler = ConnectionHandler(
            {
                "default": {
                    "ENGINE": "django.db.backends.sqlite3",
                    "NAME": f"file:{quote(str(path))}?mode={mode}",
                    "OPTIONS": _OPTIONS,
                }
            }
        )
        self.connection: Any = handler.create_connection("default")
        self.connection.ensure_connection()
        self.file = os.stat(path)

    def is_there(self) -> bool:
        """Whether the file of that name is still the one that was opened."""
        try:
            return os.path.samestat(self.file, os.stat(self.path))
        except OSError:
            return False

    def close(self) -> None:
        if self.pid != os.getpid():
            _forked.append(self.connection.connection)
        elif self.connection.connection is not None:
            self.connection.connection.close()
        self.connection.connection = None

    def __del__(self) -> None:
        # At the interpreter's end whatever it needs may be gone, and nobody listens.
        with suppress(Exception):
            self.close()


@contextmanager
def faults() -> Iterator[None]:
    """SQLite's errors as Unfit, or as Unreachable where they say nothing of the index."""
    try:
        yield
    except DatabaseError as error:
        code = getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        text = str(error)
        if (
            code & 0xFF in _BROKEN
            or code == sqlite3.SQLITE_IOERR_SHORT_READ
            or any(words in text.lower() for words in _BROKEN_WORDS)
        ):
            raise Unfit(text) from error
        if code & 0xFF in _PASSING:
            raise Unreachable(text) from error
        raise
    except OSError as error:
        raise Unreachable(str(error)) from error


def path() -> Path:
    return Path(settings.REDLINE_SEARCH_SIDECAR)


def connected() -> Any:
    """This thread's connection to the file that is there now. Raises Unfit and Unreachable."""
    opened: Opened | None = getattr(_connections, "opened", None)
    if opened and opened.path == path() and opened.pid == os.getpid() and opened.is_there():
        return opened.connection
    disconnect()
    with faults():
        if not path().exists():
            raise Unfit("There is no such file.")
        leave_others_alone()
        opened = Opened(path())
        _check(opened.connection)
        file = str(connection.settings_dict["NAME"]), opened.file.st_dev, opened.file.st_ino
        if file not in _checked:
            check(opened.connection)
            _checked.add(file)
    _connections.opened = opened
    return opened.connection


def disconnect() -> None:
    """Close this thread's connection, if any."""
    opened: Opened | None = getattr(_connections, "opened", None)
    if opened:
        opened.close()
    _connections.opened = None


@contextmanager
def sharing() -> Iterator[Any]:
    """A write transaction for one who tells. Raises Unfit, and Unreachable while the index is made anew."""
    with _lock(fcntl.LOCK_SH, patience=0):
        connection_ = connected()
        with _transaction(connection_):
            yield connection_


@contextmanager
def alone(patience: float) -> Iterator[None]:
    """Nobody else tells or makes the index anew. Raises Unreachable after so many seconds."""
    with _lock(fcntl.LOCK_EX, patience):
        yield


@contextmanager
def anew() -> Iterator[Any]:
    """A write transaction with empty tables, before whose end nobody sees anything of it. To be used alone()."""
    try:
        connected()
    except Unfit:
        put_aside()
    with faults():
        if not path().exists():
            disconnect()
            path().parent.mkdir(parents=True, exist_ok=True)
            _connections.opened = Opened(path(), "rwc")
    connection_ = _connections.opened.connection
    with _transaction(connection_), connection_.cursor() as cursor:
        for statement in [*schema.drop(), *schema.create()]:
            cursor.execute(statement)
        cursor.execute("CREATE TABLE IF NOT EXISTS search_origin (name TEXT NOT NULL)")
        cursor.execute("DELETE FROM search_origin")
        cursor.execute("INSERT INTO search_origin VALUES (%s)", [_origin()])
        yield connection_
        cursor.execute(f"PRAGMA application_id = {APPLICATION}")
        cursor.execute(f"PRAGMA user_version = {VERSION}")
    with suppress(DatabaseError):  # somebody reads: the log is only shortened another time
        connection_.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def in_use() -> tuple[int, int] | None:
    """Which file this thread has open, or would open."""
    opened: Opened | None = getattr(_connections, "opened", None)
    return (opened.file.st_dev, opened.file.st_ino) if opened else there()


def there() -> tuple[int, int] | None:
    """Which file has the name now."""
    try:
        found = os.stat(path())
    except OSError:
        return None
    return found.st_dev, found.st_ino


def put_aside() -> None:
    """Out of the way: thrown away where it is an index of ours, else kept under another name. Its log goes along.

    Raises Unreachable where it is nothing of ours to move: see leave_others_alone.
    """
    disconnect()
    with faults():
        if path().exists():
            leave_others_alone()
            if _is_ours():
                path().unlink()
            else:
                path().replace(path().with_name(f"{path().name}.aside-{timezone.now():%Y%m%dT%H%M%S}"))
        for suffix in ("-wal", "-shm"):
            path().with_name(path().name + suffix).unlink(missing_ok=True)


def leave_others_alone() -> None:
    """Raise Unreachable where that is a folder, the site's own database, or a whole one of another program.

    To be asked before it is opened to be written: that alone would change how it keeps its log.
    """
    if why := not_for_an_index():
        raise Unreachable(why.rstrip("."))


def not_for_an_index() -> str:
    """Why the index may not lie in the file of that name, in words that name the variable; "" where it may."""
    if path().resolve() in _sites_own():
        return f"REDLINE_SEARCH_SIDECAR is {path()}, the site's own database: set a file of its own."
    if path().is_dir():  # it may be the data folder itself
        return f"REDLINE_SEARCH_SIDECAR is {path()}, which is a folder: name a file in it."
    if path().exists() and _is_anothers():
        return f"REDLINE_SEARCH_SIDECAR is {path()}, the database of another program: set a file of its own."
    return ""


def _sites_own() -> Collection[Path]:
    """The database's files, where it is in files."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite":
        return ()
    return [Path(name + suffix).resolve() for suffix in ("", "-wal", "-shm", "-journal")]


def _is_anothers() -> bool:
    """Whether it is a database with tables in it, and none of ours. What cannot be read as one is only in the way."""
    with path().open("rb") as file:
        if _names_us(file.read(72)):
            return False
    try:
        # By SQLite, since a log beside the file may have all of it; only read, so that nothing of it changes.
        with closing(
            sqlite3.connect(f"file:{quote(str(path()))}?mode=ro", uri=True, timeout=_TIMEOUT)
        ) as found:
            (application,) = found.execute("PRAGMA application_id").fetchone()
            (tables,) = found.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING:
            raise Unreachable(str(error)) from error
        return False
    return application != APPLICATION and tables > 0


@contextmanager
def _transaction(connection_: Any) -> Iterator[None]:
    with faults():
        connection_.cursor().execute("BEGIN IMMEDIATE")
    try:
        with faults():
            yield
            connection_.cursor().execute("COMMIT")
    except BaseException:  # whatever ends it, and interrupted as well: no transaction stays open
        if connection_.connection is not None and connection_.connection.in_transaction:
            with suppress(DatabaseError):  # what ended it is told, and SQLite rolls back what is closed
                connection_.cursor().execute("ROLLBACK")
        raise


@contextmanager
def _lock(kind: int, patience: float) -> Iterator[None]:
    name = path().with_name(f"{path().name}.lock")
    until = time.monotonic() + patience
    with faults():
        name.parent.mkdir(parents=True, exist_ok=True)
        file = name.open("a")
    with file:
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Unreachable("the index is made anew at this moment") from None
            time.sleep(0.02)  # flock has no patience: at once, or for ever
        yield


def _check(connection_: Any) -> None:
    """Raises Unfit where the index has to be made anew."""
    with connection_.cursor() as cursor:
        application, version = (
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if application != APPLICATION:
            raise Unfit("The file is no whole index.")
        if version > VERSION:  # two versions of the program would make it anew by turns
            raise Unreachable("the index was made by a newer Redline")
        if version < VERSION:
            raise Unfit("The file is of an older version.")
        origin = cursor.execute("SELECT name FROM search_origin").fetchone()
    if origin != (_origin(),):
        raise Unfit("The file belongs to another database, or to this one before it was restored.")


def check(connection_: Any) -> None:
    """Raises Unfit where the file has otherwise than the database, or its tables have otherwise than each other.

    It looks at each document: what the schedule does, and a process with a file that it has not had open.
    """
    if why := agreement.complaint(partial(_sums, connection_)):
        raise Unfit(why)
    with faults(), connection_.cursor() as cursor:
        for what in _STRAY:
            if cursor.execute(f"SELECT EXISTS ({what})").fetchone()[0]:
                raise Unfit("Its tables do not belong together.")


def _sums(connection_: Any, without: Collection[int]) -> agreement.Sums:
    """See search.agreement.Held."""
    with faults(), connection_.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), SUM(id), SUM(revision), SUM(updated) FROM search_entry"
            " WHERE id NOT IN (SELECT value FROM json_each(%s))",
            [json.dumps(list(without))],
        )
        return agreement.Sums(*(value or 0 for value in cursor.fetchone()))


def _origin() -> str:
    """Names the database, and changes where it is restored from a copy: the index would be ahead of it."""
    if connection.vendor != "postgresql":
        return str(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system.system_identifier, checkpoint.timeline_id, base.oid, 'search_searchdocument'::regclass::oid"
            " FROM pg_control_system() system, pg_control_checkpoint() checkpoint, pg_database base"
            " WHERE base.datname = current_database()"
        )
        return " ".join(map(str, cursor.fetchone()))


def _is_ours() -> bool:
    """By the application_id in the file's header; or it has nothing in it, as where its making was cut short."""
    with path().open("rb") as file:
        header = file.read(72)
        size = file.seek(0, os.SEEK_END)
    unmade = header.startswith(b"SQLite format 3\0") and size <= int.from_bytes(header[16:18], "big")
    return not size or unmade or _names_us(header)


def _names_us(header: bytes) -> bool:
    return header[68:72] == APPLICATION.to_bytes(4, "big")
