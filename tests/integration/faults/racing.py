"""Two people in the same second: each in a thread with a connection of its own."""

import re
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

# What a decision or a save is made of; bookkeeping beside it (sessions, subscriptions) does not count.
_TABLES = r"wagtailcore_(?:page|revision|taskstate|workflowstate)|procedures_|review_"
_WRITE = re.compile(rf'^\s*(?:INSERT INTO|UPDATE|DELETE FROM) "(?:{_TABLES})', re.IGNORECASE)
# Where one holds a lock that the other waits for, they cannot meet: whoever holds it goes on after this.
PATIENCE = 0.4  # seconds


class _Meeting:
    """Holds each thread before its first write until the other is there, too, or for PATIENCE: it may hold its lock."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier = barrier
        self.met = False

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not self.met and _WRITE.match(str(sql)):
            self.met = True
            with suppress(threading.BrokenBarrierError):  # they cannot meet, see PATIENCE
                self.barrier.wait(PATIENCE)
        return execute(sql, params, many, context)


def at_once(*actions: Callable[[], Any], meet_before_writing: bool) -> Sequence[Any]:
    """Run all actions at the same moment; what each returned, or the exception that it raised.

    `meet_before_writing`: nobody writes before everybody has read and checked, unless a lock keeps them apart.
    That makes the worst interleaving of two people certain instead of rare.
    """
    from django.db import connection

    start, meeting = threading.Barrier(len(actions)), threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            with ExitStack() as stack:
                if meet_before_writing:
                    stack.enter_context(connection.execute_wrapper(_Meeting(meeting)))
                start.wait(10)
                results[number] = action()
        except Exception as error:  # whatever it is, it is this action's result, and the test looks at it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "two people wait for each other"
    return results
