"""Four who search and one who writes, a minute long, each in a process of its own: no question may fail.

Replaces the index of the database in use. REDLINE_BENCH_SECONDS and REDLINE_BENCH_DOCUMENTS make it another size.
"""

import multiprocessing
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from django.db import connections

from search.engine import get_engine
from tests.bench.search import DOCUMENTS, documents, questions

SECONDS = float(os.environ.get("REDLINE_BENCH_SECONDS", "60"))
READERS = 4
PAUSE = 0.05
"""Seconds between two changes, as on a busy day twenty a second."""


def run() -> None:
    """Fill the index, let them loose, and print what they did and what failed."""
    get_engine().rebuild(documents(DOCUMENTS))
    texts = [data.text for data in islice(documents(), 400)]
    connections.close_all()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    people = [context.Process(target=_work, args=(_reader, n, texts, answers)) for n in range(READERS)]
    people.append(context.Process(target=_work, args=(_writer, READERS, texts, answers)))
    for person in people:
        person.start()
    told = [answers.get() for _ in people]
    for person in people:
        person.join()
    for role in ("_reader", "_writer"):
        took = [ms for name, times, _failed in told if name == role for ms in times]
        failed = sum((failed for name, _times, failed in told if name == role), Counter())
        print(
            f"  {role[1:]}s: {len(took)} in {SECONDS:.0f} s, p50 {statistics.median(took):.0f} ms,"
            f" slowest {max(took):.0f} ms, failed {failed.total()} (target 0) {dict(failed) or ''}"
        )


def _work(role: Callable[[int, list[str]], Iterator[None]], number: int, texts: list[str], answers) -> None:
    took: list[float] = []
    failed: Counter[str] = Counter()
    until = time.monotonic() + SECONDS
    doing = role(number, texts)
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            next(doing)
        except Exception as error:  # whatever it is, it is what is counted
            failed[type(error).__name__] += 1
            doing = role(number, texts)
        took.append((time.perf_counter() - started) * 1000)
        if role is _writer:
            time.sleep(PAUSE)
    answers.put((role.__name__, took, failed))


def _reader(number: int, texts: list[str]) -> Iterator[None]:
    """Asks a question of every kind by turns."""
    engine = get_engine()
    kinds = questions(texts, random.Random(number))
    while True:
        for name, make in kinds.items():
            query = make()
            if name == "a suggestion":
                engine.suggest(query.text, query.scopes)
            else:
                (engine.similar if name == "similar to a ticket" else engine.search)(query)
            yield


def _writer(number: int, texts: list[str]) -> Iterator[None]:
    """Saves a document, and now and then takes one out and puts it back."""
    engine, chance = get_engine(), random.Random(number)
    some = list(islice(documents(), 400))
    while True:
        data = chance.choice(some)
        if chance.random() < 0.2:
            engine.delete(data.source, [data.object_id])
            yield
        engine.index([data])
        yield
