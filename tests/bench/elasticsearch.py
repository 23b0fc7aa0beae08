"""Elasticsearch: what our side adds to its own time, in asking and in filling. Needs the node of tests.node.

REDLINE_BENCH_DOCUMENTS sets among how many documents. Both sides of a ratio are measured in turn, in one
run, on the same index.
"""

import http.client
import json
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from tests.bench.search import documents, questions
from tests.node import Node, missing

QUERIES = 100
TARGET_ASKING, TARGET_FILLING = 1.5, 1.3


def run() -> None:
    on_a_node(_measure)


def on_a_node(measure: Callable[[Node], object]) -> None:
    """Measure with the site on a node of its own; where none can be started, say why."""
    if why := missing():
        print(f"  Elasticsearch not run: {why}")
        return
    from django.conf import settings

    node = Node()
    try:
        node.start()
        settings.REDLINE_ELASTICSEARCH_URL = node.url
        settings.REDLINE_ELASTICSEARCH_TIMEOUT = 60
        measure(node)
    finally:
        node.remove()


def _measure(node: Node) -> None:
    from search.engines.elastic import ElasticEngine

    engine = ElasticEngine(prefix="redline-bench")
    started = time.perf_counter(), time.process_time()
    count = engine.rebuild(documents())
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    print(
        f"  rebuilt from nothing: {count} documents in {wall:.1f} s, {count / cpu:.0f} a CPU second of ours"
    )
    _filling(engine)
    _asking(engine, node)


def _filling(engine: Any) -> None:
    """The same finished entries by our own way and by the client's helper alone."""
    from elasticsearch.helpers import parallel_bulk

    from search.engines.elastic_bulk import put
    from search.engines.elastic_refill import Refill

    refill = Refill(engine.cluster, engine.indices, engine.using)
    entries = list(refill._all())
    plain = [{"_id": str(entry.pk), "_source": put(entry)["_source"]} for entry in entries]

    def ours(name: str) -> None:
        refill.add(name, entries)

    def theirs(name: str) -> None:
        with engine.cluster.asked(patient=True) as client:
            for _ in parallel_bulk(client, plain, index=name, thread_count=2, queue_size=2):
                pass

    seconds = {
        name: _into_new_index(engine, way)
        for name, way in (("warm", ours), ("ours", ours), ("theirs", theirs))
    }
    ratio = seconds["ours"] / seconds["theirs"]
    print(
        f"  filling          {len(entries) / seconds['ours']:6.0f}/s, parallel_bulk alone"
        f" {len(entries) / seconds['theirs']:6.0f}/s: {ratio:.2f} times its time (target {TARGET_FILLING})"
    )
    engine.indices.remove_others()


def _into_new_index(engine: Any, fill: Callable[[str], None]) -> float:
    name = engine.indices.create()
    started = time.perf_counter()
    fill(name)
    return time.perf_counter() - started


def _asking(engine: Any, node: Node) -> None:
    """Each request that a search makes, by our way and as its bare body over http."""
    kinds = questions([data.text for data in islice(documents(), 400)], random.Random(5))
    asked: list[tuple[float, dict[str, Any]]] = []
    search = engine._search

    def noting(body: dict[str, Any]) -> Any:
        started = time.perf_counter()
        answer = search(body)
        asked.append((time.perf_counter() - started, body))
        return answer

    engine._search = noting
    # Else the second to ask the same is answered from memory.
    with engine.cluster.asked(patient=True) as client:
        client.indices.put_settings(
            index=engine.indices.read, settings={"index.requests.cache.enable": False}
        )
    address = urlsplit(node.url)
    for kind in ("one word", "a phrase", "two characters", "filtered", "three words", "a code"):
        queries = [kinds[kind]() for _ in range(QUERIES)]
        for query in queries:  # what Elasticsearch keeps of a question, both sides find kept
            engine.search(query)
        asked.clear()
        whole: list[float] = []
        bare: list[float] = []
        wire = http.client.HTTPConnection(str(address.hostname), address.port)
        for query in queries:  # by turns: a node that has just been started grows faster all the while
            first = len(asked)
            whole.append(_ms(partial(engine.search, query)))
            bare += [_bare(wire, f"/{engine.indices.read}/_search", body) for _took, body in asked[first:]]
        wire.close()
        ours = statistics.median(took for took, _body in asked) * 1000
        print(
            f"  {kind:<15}  a request p50 {ours:6.1f} ms, bare {statistics.median(bare):6.1f} ms:"
            f" {ours / statistics.median(bare):.2f} times (target {TARGET_ASKING});"
            f"   a whole search p50 {statistics.median(whole):6.1f} ms"
        )
    del engine._search


def _ms(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def _bare(wire: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> float:
    """As curl would: sent, and the answer read to its end."""
    sent = json.dumps(body)

    def ask() -> None:
        wire.request(
            "POST", f"{path}?allow_partial_search_results=false", sent, {"Content-Type": "application/json"}
        )
        answer = wire.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()

    return _ms(ask)
