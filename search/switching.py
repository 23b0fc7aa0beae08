"""Another engine than before, or other terms: its index lacks what was written, and is made anew before it is asked.

The engine in use is on record in the database (IndexState). A process looks until it has seen it whole, and never
again: one that still runs under the old setting does not turn the record back, which is why all of a site's processes
are restarted together.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction
from django.utils import timezone

from search import outbox
from search.analysis import TERMS_VERSION
from search.engine import Engine, engine_name
from search.engines.fed import FedEngine
from search.engines.sqlite import SqliteEngine
from search.models import IndexState

_seen_whole: set[tuple[str, str]] = set()  # (engine in use, database)


def check() -> None:
    """Raise Unreachable where this site's index lacks what was written under another engine."""
    if not note():
        raise outbox.Unreachable(
            "another engine or release was in use before; the index is made anew by manage.py run_schedule or feed_search"
        )


def note() -> bool:
    """Put on record which engine this process asks or writes; whether its index is whole."""
    key = _in_use(), str(connection.settings_dict["NAME"])
    if key in _seen_whole:
        return True
    state = _recorded()
    if state is None:
        return True
    if state.is_whole:  # committed: it becomes so outside the transactions of those who write
        _seen_whole.add(key)
    return state.is_whole


def make_whole(engine: Engine) -> bool:
    """Make the index anew where it is not whole; whether that was needed. Call it outside transactions.

    Raises Unreachable and RebuildUnderWay.
    """
    if note():
        return False
    outbox.check_committed()
    with making_whole(engine):
        if isinstance(engine, FedEngine | SqliteEngine):
            engine.refill()
    return True


@contextmanager
def making_whole(engine: Engine) -> Iterator[None]:
    """The block makes the index anew: it is on record as whole afterwards, unless another engine came between.

    In one transaction with it where the index lies in the database.
    """
    before = _recorded()
    with nullcontext() if isinstance(engine, FedEngine) else transaction.atomic():
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
    """As the record names it. An index beside the database itself knows what terms it is of."""
    name = engine_name()
    return f"{name}, terms {TERMS_VERSION}" if name == "sqlite" else name


def _is_in_transaction() -> bool:
    try:
        outbox.check_committed()
    except RuntimeError:
        return True
    return False
