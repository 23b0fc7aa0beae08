"""Elasticsearch away, slow, full, or not as we left it: no change is lost, nothing returns, nobody waits long."""

import time
from typing import Any

import pytest
from django.test import Client

from search import outbox
from search.engine import SearchQuery
from search.engines import cluster
from search.engines.elastic import ElasticEngine
from search.models import SearchDocument
from search.outbox import Unreachable
from tests.integration.search.conftest import COLLECTION, STAFF_SCOPES, Collection, document, ids
from tests.integration.search.test_elastic import all_indices, held, index_in_use, stored
from tests.node import Node

pytestmark = [pytest.mark.elasticsearch, pytest.mark.django_db(transaction=True)]
LASER = SearchQuery(text="laser", scopes=STAFF_SCOPES)


@pytest.fixture
def engine(elastic: ElasticEngine, collection: Collection) -> ElasticEngine:
    elastic.rebuild(COLLECTION)
    return elastic


@pytest.fixture
def impatient(engine: ElasticEngine, settings: Any) -> ElasticEngine:
    """It waits for a second."""
    settings.REDLINE_ELASTICSEARCH_TIMEOUT = 1
    del engine.cluster, engine.indices  # connected anew, with that
    return engine


def half_a_minute_later(engine: ElasticEngine) -> None:
    engine.cluster._paused_until = min(engine.cluster._paused_until, time.monotonic())
    engine._paused_until = 0.0


def changes(engine: ElasticEngine) -> None:
    """A document changes, one comes and one goes, whatever is the matter with the engine."""
    engine.index([document("axis", "Gearbox"), document("new", "Windmill")])
    engine.delete("guide", ["slow"])


def told_in_the_end(engine: ElasticEngine) -> None:
    """All of `changes` is found once the engine is told, and it has what the database has."""
    half_a_minute_later(engine)
    outbox.tell(engine)
    assert outbox.waiting().count == 0
    assert held(engine) == stored()
    assert (ids(engine, "windmill"), ids(engine, "gearbox"), ids(engine, "slow ops")) == (
        ["new"],
        ["axis"],
        [],
    )


def test_killed_and_started_again(engine: ElasticEngine, node: Node) -> None:
    engine.search(LASER)
    node.kill()
    try:
        changes(engine)
        assert outbox.waiting().count == 3
        for ask in (engine.search, engine.similar):
            with pytest.raises(Unreachable):
                ask(LASER)
        with pytest.raises(Unreachable):
            engine.suggest("las", STAFF_SCOPES)
        with pytest.raises(Unreachable):
            engine.refill()
    finally:
        node.start()
    told_in_the_end(engine)


def test_a_slow_one_is_waited_for_once_in_half_a_minute(
    impatient: ElasticEngine, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = impatient
    engine.search(LASER)
    tried: list[float] = []
    request = type(engine.cluster._client.transport).perform_request

    def counted(*args: Any, **options: Any) -> Any:
        tried.append(options["request_timeout"])
        return request(*args, **options)

    monkeypatch.setattr(type(engine.cluster._client.transport), "perform_request", counted)
    node.freeze()
    try:
        for _ in range(3):
            with pytest.raises(Unreachable):
                engine.search(LASER)
        changes(engine)
        assert tried == [1]
        half_a_minute_later(engine)
        changes(engine)  # on its way when it times out, and carried out late
        for _ in range(3):
            with pytest.raises(Unreachable):
                engine.search(LASER)
        assert tried == [1, cluster.WRITING]
    finally:
        node.thaw()
    told_in_the_end(engine)
    assert engine.search(LASER).total


def test_what_waits_is_told_as_soon_as_it_answers_again(impatient: ElasticEngine, node: Node) -> None:
    engine = impatient
    engine.search(LASER)
    node.freeze()
    try:
        engine.index([document("new", "Windmill")])
        with pytest.raises(Unreachable):
            engine.search(LASER)
    finally:
        node.thaw()
    engine.cluster._paused_until = time.monotonic()  # half a minute later; the engine's own pause is not over
    engine._paused_until = time.monotonic() + 20
    engine.search(LASER)
    assert outbox.waiting().count == 0
    assert ids(engine, "windmill") == ["new"]


def test_full(engine: ElasticEngine) -> None:
    before = [hit.document.pk for hit in engine.search(LASER).hits]

    def block(value: object) -> None:
        with engine.cluster.asked() as client:
            client.indices.put_settings(
                index=engine.indices.read, settings={"index.blocks.read_only_allow_delete": value}
            )

    block(True)
    changes(engine)
    assert outbox.waiting().count == 3
    with pytest.raises(Unreachable, match="takes nothing for now"):
        outbox.tell(engine)
    assert [hit.document.pk for hit in engine.search(LASER).hits] == before, "it is searched as before"
    block(None)
    told_in_the_end(engine)


def another_index(engine: ElasticEngine) -> None:
    """Somebody put an index of his own in the place of ours."""
    name = f"{index_in_use(engine)}0"
    with engine.cluster.asked() as client:
        client.indices.create(index=name, mappings={"properties": {"title": {"type": "text"}}})
        actions = [
            {"add": {"index": name, "alias": alias}} for alias in (engine.indices.read, engine.indices.write)
        ]
        client.indices.update_aliases(actions=[{"remove_index": {"index": index_in_use(engine)}}, *actions])


def no_alias(engine: ElasticEngine) -> None:
    with engine.cluster.asked() as client:
        client.indices.delete_alias(index=index_in_use(engine), name=engine.indices.write)


def no_index(engine: ElasticEngine) -> None:
    with engine.cluster.asked() as client:
        client.indices.delete(index=index_in_use(engine))


def an_index_in_the_place_of_the_alias(engine: ElasticEngine) -> None:
    no_index(engine)
    with engine.cluster.asked() as client:  # as a writer would who asks for no alias
        client.index(index=engine.indices.write, id="1", document={"title": "x"})


@pytest.mark.parametrize(
    "harm", [another_index, no_alias, no_index, an_index_in_the_place_of_the_alias], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("noticed", [True, False])
def test_another_mapping_or_no_index_is_noticed_said_and_mended(
    engine: ElasticEngine, harm: Any, noticed: bool
) -> None:
    assert not engine.prepare()
    engine.search(LASER)
    harm(engine)
    if noticed:  # a minute later
        engine._checked_until = 0.0
    before = all_indices(engine)
    changes(engine)
    if noticed or harm is not another_index:
        assert outbox.waiting().count == 3
    assert all_indices(engine) == before, "writing makes no index"
    engine._checked_until = 0.0
    with pytest.raises(Unreachable, match="rebuild_search"):
        engine.search(LASER)
    assert engine.prepare()
    assert not engine.prepare()
    told_in_the_end(engine)
    assert len(all_indices(engine)) == 1


def test_a_deletion_is_remembered_for_longer_than_any_request_is_under_way(engine: ElasticEngine) -> None:
    with engine.cluster.asked() as client:
        (found,) = client.indices.get_settings(index=engine.indices.read).body.values()
    assert found["settings"]["index"]["gc_deletes"] == "1h"
    assert cluster.PATIENCE < 3600


def test_the_site_keeps_answering(impatient: ElasticEngine, node: Node, client: Client) -> None:
    engine = impatient
    node.freeze()
    try:
        for address in ("/search/?q=laser", "/search/?q=%22", "/search/suggest/?q=las"):
            assert client.get(address).status_code == 200
    finally:
        node.thaw()
    half_a_minute_later(engine)
    assert SearchDocument.objects.count() == len(COLLECTION)
    assert client.get("/search/?q=laser").status_code == 200
