"""Run by itself: rebuilds the index in Elasticsearch; told to hang, it waits half way through to be killed."""

import signal
import sys
from collections.abc import Iterator

import django
import pytest


def main(*, hangs: bool) -> None:
    # Models can be imported only now.
    from search.documents import Entry
    from search.engine import get_engine
    from search.engines.elastic import ElasticEngine
    from search.engines.elastic_refill import Refill
    from tests.bench.search import documents

    engine = get_engine()
    assert isinstance(engine, ElasticEngine)
    if hangs:
        engine.rebuild(documents(300))
        every = Refill._all

        def hanging(self: Refill) -> Iterator[Entry]:
            for number, entry in enumerate(every(self)):
                if number == 150:
                    sys.stdout.write("half way\n")
                    sys.stdout.flush()
                    signal.pause()
                yield entry

        pytest.MonkeyPatch().setattr(Refill, "_all", hanging)
    engine.refill()


if __name__ == "__main__":
    django.setup()
    main(hangs="hang" in sys.argv)
