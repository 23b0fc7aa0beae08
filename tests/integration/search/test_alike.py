"""The same question has the same answer on the embedded engine and on Elasticsearch."""

import random
import statistics
from typing import Any

import pytest
from django.db import connection

from search.engine import NEWEST, Results, SearchQuery
from search.engines.elastic import ElasticEngine
from search.engines.sqlite import SqliteEngine
from search.ranking import CANDIDATES
from search.registry import DocumentData, Source, _sources, register
from tests.bench.search import documents as many
from tests.integration.search.conftest import COLLECTION, STAFF_SCOPES, document
from tests.integration.search.test_engine import HOSTILE

pytestmark = [
    pytest.mark.elasticsearch,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="compares with the index in Django's own SQLite"
    ),
]
SCOPES = STAFF_SCOPES | {"customer"}
QUESTIONS = [
    "E-1042",
    "e 1042 laser",
    "轴承",
    "轴",
    "laser 轴承",
    '"the laser" 轴承',
    '"更换VL500S型"',
    "更换轴承怎么做",
    "VL500S",
    "calibrating lasers",
    "SOP-1001",
    "slow ops",
    "guide",
    "stage stops",
    *HOSTILE,
]


def both(elastic: ElasticEngine, data: list[DocumentData]) -> tuple[SqliteEngine, ElasticEngine]:
    """Both engines with the same documents, by the same keys."""
    embedded = SqliteEngine()
    embedded.rebuild(data)
    elastic.refill()
    return embedded, elastic


def shown(results: Results) -> dict[str, Any]:
    return {
        "ids": [hit.document.object_id for hit in results.hits],
        "total": results.total,
        "whole": results.whole,
        "page": results.page,
        "facets": {facet: dict(counts) for facet, counts in results.facets.items()},
    }


def test_a_small_collection_in_every_way(elastic: ElasticEngine, collection: object) -> None:
    embedded, elastic = both(elastic, COLLECTION)
    narrowed = ({"model": "VL500S"}, {"sort": NEWEST}, {"code": "E-1042"}, {"updated": "year"})
    for text in QUESTIONS:
        for more in ({}, *(() if text in HOSTILE else narrowed)):
            query = SearchQuery(text=text, scopes=SCOPES, **more)
            assert shown(elastic.search(query)) == shown(embedded.search(query)), (text, more)
        similar = SearchQuery(text=text, scopes=SCOPES)
        assert [h.document for h in elastic.similar(similar)] == [
            h.document for h in embedded.similar(similar)
        ]
        for prefix in (text, text[:3]):
            one, other = (engine.suggest(prefix, SCOPES, limit=20) for engine in (elastic, embedded))
            assert {hit.document.pk for hit in one} == {hit.document.pk for hit in other}, prefix


def test_a_larger_one(elastic: ElasticEngine, collection: object) -> None:
    _sources.clear()
    for name, weight in (("version", 1.5), ("code", 1.0), ("faq", 0.5)):
        register(
            Source(name, name, lambda ids: iter([]), lambda u, ids: set(), lambda u: SCOPES, weight=weight)
        )
    data = list(many(1_500))
    embedded, elastic = both(elastic, data)
    chance = random.Random(3)
    same = 0
    common: list[float] = []
    for _ in range(30):
        text = chance.choice(data).text
        start = chance.randrange(len(text) - 40)
        for asked in (
            text[start : start + chance.choice([4, 12, 40])],
            f"E-{1000 + chance.randrange(1_500)} reset",
        ):
            query = SearchQuery(text=asked, scopes=SCOPES)
            one, other = shown(elastic.search(query)), shown(embedded.search(query))
            if one["total"] <= CANDIDATES:
                same += 1
            else:  # which of them are put in order, each engine's own score says
                common.append(len(set(one.pop("ids")) & set(other.pop("ids"))) / 20)
            assert one == other, asked
    assert same > 10
    assert statistics.mean(common) > 0.9


def test_pages_further_than_elasticsearch_counts(
    elastic: ElasticEngine, collection: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.engines.elastic.WINDOW", 120)
    elastic.rebuild(document(str(n), f"guide {n:03}") for n in range(410))
    seen: list[str] = []
    for page in range(1, 22):
        found = elastic.search(SearchQuery(text="guide", scopes=SCOPES, page=page))
        seen += [hit.document.object_id for hit in found.hits]
    assert len(seen) == 410
    assert len(set(seen)) == 410
