"""Run by itself: rebuilds the index in Elasticsearch; told to hang, it waits half way through to be killed."""

import sys
import time
from collections.abc import Iterator

import django

django.setup()

from search.documents import Entry  # noqa: E402
from search.engine import get_engine  # noqa: E402
from search.engines.elastic import ElasticEngine  # noqa: E402
from search.engines.elastic_refill import Refill  # noqa: E402
from tests.bench.search import documents  # noqa: E402

engine = get_engine()
assert isinstance(engine, ElasticEngine)
if "hang" in sys.argv:
    engine.rebuild(documents(300))
    every = Refill._all

    def hanging(self: Refill) -> Iterator[Entry]:
        for number, entry in enumerate(every(self)):
            if number == 150:
                sys.stdout.write("half way\n")
                sys.stdout.flush()
                time.sleep(600)
            yield entry

    Refill._all = hanging  # type: ignore[method-assign]
engine.refill()
