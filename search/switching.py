"""Another engine than before, other terms, or a database put back to a copy: the index is made anew before it is asked.

The engine in use is on record in the database (IndexState). A process that has seen it whole looks again now and then,
whether it still is; but one that still runs under the old setting does not turn the record back, which is why all of a
site's processes are restarted together.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Protocol, runtime_checkable

from django.db import connection, transaction
from django.utils import timezone

from search import outbox
from search.analysis import TERMS_VERSION
from search.engine import Engine, engine_name
from search.engines.schema import TABLES_VERSION
from search.engines.sqlite import SqliteEngine
from search.models import IndexState

LOOKED_AGAIN = 5.0
"""Seconds for which an index seen whole is taken to be."""

_seen_whole: dict[tuple[str, str], float] = {}  # (engine in use, database): until when, of time.monotonic()


@runtime_checkable
class Refilled(Protocol):
    """An engine whose index is made from the documents as stored."""

    def refill(self) -> None: ...


def check() -> None:
    """Raise Unreachable where this site's index is on record as not whole."""
    if not note():
        raise outbox.Unreachable(
            "another engine or release, or a later state of the database, was in use before;"
            " the index is made anew by manage.py run_schedule or feed_search"
        )


def note() -> bool:
    """Put on record which engine this process asks or writes; whether its index is whole."""
    key = _in_use(), str(connection.settings_dict["NAME"])
    seen_until = _seen_whole.get(key)
    if seen_until is not None and time.monotonic() < seen_until:
        return True
    state = IndexState.objects.first() if seen_until is not None else _recorded()
    if seen_until is not None and state is not None and state.engine != key[0]:
        return True  # this process is the one of the old setting
    if state is None:
        return True
    if state.is_whole:  # committed: it becomes so outside the transactions of those who write
        _seen_whole[key] = time.monotonic() + LOOKED_AGAIN
    return state.is_whole


def doubt() -> None:
    """Put on record that the index is not whole: nobody asks it until it is made anew."""
    new = {"engine": _in_use(), "since": timezone.now(), "is_whole": False}
    IndexState.objects.get_or_create(pk=IndexState.ONLY, defaults=new)
    IndexState.objects.filter(engine=_in_use()).update(is_whole=False)
    for key in _seen_whole:
        _seen_whole[key] = 0.0


def make_whole(engine: Engine) -> bool:
    """Make the index anew where it is not whole; whether that was needed. Call it outside transactions.

    Raises Unreachable and RebuildUnderWay.
    """
    if note():
        return False
    outbox.check_committed()
    with making_whole(engine):
        if isinstance(engine, Refilled):
            engine.refill()
    return True


@contextmanager
def making_whole(engine: Engine) -> Iterator[None]:
    """The block makes the index anew: it is on record as whole afterwards, unless another engine came between.

    In one transaction with it where the index lies in the database.
    """
    before = _recorded()
    with transaction.atomic() if isinstance(engine, SqliteEngine) else nullcontext():
        yield
        if before is not None and not before.is_whole:
            IndexState.objects.filter(engine=before.engine, since=before.since).update(is_whole=True)


def forget() -> None:
    """As a process that has just started."""
    _seen_whole.clear()


def _recorded() -> IndexState | None:
    """What is on record, once it names this site's engine; None where nothing is, and the index is taken as whole."""
    name, now = _in_use(), timezone.now()
    state = IndexState.objects.first()
    if state is None:
        if _is_in_transaction():  # which may yet be undone, and whoever looks must not rely on it
            transaction.on_commit(note, robust=True)
            return None
        new = {"engine": name, "since": now, "is_whole": True}
        state, _is_new = IndexState.objects.get_or_create(pk=IndexState.ONLY, defaults=new)
    if state.engine != name:
        others = IndexState.objects.exclude(engine=name)
        others.update(engine=name, since=now, is_whole=False)
        state.refresh_from_db()
    return state


def _in_use() -> str:
    """As the record names it. An index beside the database itself knows of what terms and tables it is."""
    name = engine_name()
    return f"{name}, terms {TERMS_VERSION}, tables {TABLES_VERSION}" if name == "sqlite" else name


def _is_in_transaction() -> bool:
    try:
        outbox.check_committed()
    except RuntimeError:
        return True
    return False
