"""Elasticsearch: what is told late, twice or refused; its index, and how it is rebuilt while people write."""

import os
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import certifi
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from search import apps, outbox
from search.documents import entry_of
from search.engine import _engine
from search.engines.alone import alone
from search.engines.elastic import ElasticEngine
from search.engines.elastic_index import VERSION
from search.engines.elastic_refill import Refill
from search.engines.fed import RebuildUnderWay
from search.models import PendingChange, SearchDocument
from search.outbox import Unreachable
from tests import pristine
from tests.integration.search.conftest import (
    COLLECTION,
    STAFF_SCOPES,
    Collection,
    begin_with_this_engine,
    document,
    ids,
)

pytestmark = [pytest.mark.elasticsearch, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def engine(elastic: ElasticEngine, collection: Collection) -> ElasticEngine:
    elastic.rebuild(COLLECTION)
    return elastic


def held(engine: ElasticEngine) -> dict[int, int]:
    """{pk: revision} of what the index in use has."""
    with engine.cluster.asked() as client:
        client.indices.refresh(index=engine.indices.read)
        hits = client.search(index=engine.indices.read, size=10_000, version=True).body["hits"]["hits"]
    return {int(hit["_id"]): hit["_version"] for hit in hits}


def stored() -> dict[int, int]:
    return dict(SearchDocument.objects.values_list("pk", "revision"))


def index_in_use(engine: ElasticEngine) -> str:
    with engine.cluster.asked() as client:
        (name,) = client.indices.get(index=engine.indices.read, features="aliases").body
    return str(name)


def all_indices(engine: ElasticEngine) -> set[str]:
    with engine.cluster.asked() as client:
        return set(client.indices.get(index=f"{engine.indices.prefix}-*", features="aliases").body)


def test_an_older_state_never_wins(engine: ElasticEngine) -> None:
    old = SearchDocument.objects.get(object_id="bearing")
    engine.index([document("bearing", "Windmill")])
    assert engine.put([entry_of(old)]) == {}
    assert ids(engine, "windmill") == ["bearing"]
    assert (
        engine.put([entry_of(SearchDocument.objects.get(object_id="bearing"))]) == {}
    )  # twice: nothing happens
    new = SearchDocument.objects.get(object_id="bearing")
    engine.delete("guide", ["bearing"])
    assert engine.put([entry_of(new)]) == {}  # told late, by somebody who read it before it went
    assert new.pk not in held(engine)
    assert engine.drop({new.pk: new.revision + 1}) == {}
    assert held(engine) == stored()


def test_what_it_refuses_is_told_a_few_times_and_given_up(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.engines import elastic_bulk

    right = elastic_bulk.source_of
    monkeypatch.setattr(
        elastic_bulk,
        "source_of",
        lambda entry: right(entry) | ({"updated": "never"} if "windmil" in entry.title_terms else {}),
    )
    engine.index([document("bad", "Windmill"), document("good", "Watermill")])
    assert ids(engine, "watermill") == ["good"]
    for _attempt in range(outbox.ATTEMPTS):
        outbox.tell(engine)
    (letter,) = PendingChange.objects.all()
    assert letter.given_up_at
    assert "document_parsing_exception" in letter.error
    assert outbox.waiting().count == 0
    engine.refill()  # a rebuild tells it as well, and is not stopped by it
    assert ids(engine, "watermill") == ["good"]
    assert PendingChange.objects.get().given_up_at
    PendingChange.objects.all().delete()
    engine.refill()  # what nobody has noted yet
    assert PendingChange.objects.get().document == letter.document


def test_a_rebuild_makes_a_new_index_and_leaves_no_other(engine: ElasticEngine) -> None:
    first = index_in_use(engine)
    with engine.cluster.asked() as client:
        client.indices.create(
            index=f"{engine.indices.prefix}-{VERSION}-0000000000000001"
        )  # of one that was killed
        client.indices.create(index=f"{engine.indices.prefix}-other-site-1")
    engine.refill()
    assert held(engine) == stored()
    assert index_in_use(engine) != first
    assert all_indices(engine) == {index_in_use(engine), f"{engine.indices.prefix}-other-site-1"}
    assert held(engine) == stored()
    with engine.cluster.asked() as client:
        client.indices.delete(index=f"{engine.indices.prefix}-other-site-1")


def test_a_template_of_the_cluster_sets_no_limit(engine: ElasticEngine) -> None:
    """Else each new index would be another than was made, and made anew for ever."""
    limits = {"max_result_window": 50, "max_terms_count": 2, "max_inner_result_window": 5}
    with engine.cluster.asked() as client:
        client.indices.put_index_template(
            name="limits", index_patterns=[f"{engine.indices.prefix}-*"], template={"settings": limits}
        )
        try:
            engine.refill()
        finally:
            client.indices.delete_index_template(name="limits")
    assert not engine.prepare()


def test_writers_during_a_rebuild_lose_nothing_and_nothing_returns(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes come at each moment of a rebuild: while it reads, before and after each comparison, after the swap."""
    engine.rebuild(document(str(n), f"guide {n:03}") for n in range(60))
    step = iter(range(20, 60))

    def write() -> None:
        n = next(step)
        engine.index([document(str(n), f"changed {n}"), document(f"new{n}", "changed new")])
        engine.delete("guide", [str(n - 20)])
        assert f"new{n}" in ids(engine, "changed new", page_size=100), (
            "found at once, during the rebuild as well"
        )

    all_, catch_up, swap = Refill._all, Refill._catch_up, engine.indices.swap_in

    def reading(self: Refill) -> Any:
        for number, entry in enumerate(all_(self)):
            if number in (0, 30, 59):
                write()
            yield entry

    def catching_up(self: Refill, name: str) -> int:
        if next(step) < 40:
            write()
        return catch_up(self, name)

    def swapping(name: str) -> None:
        write()
        swap(name)
        write()

    monkeypatch.setattr(Refill, "_all", reading)
    monkeypatch.setattr(Refill, "_catch_up", catching_up)
    monkeypatch.setattr(engine.indices, "swap_in", swapping)
    before = index_in_use(engine)
    engine.refill()
    assert index_in_use(engine) != before
    assert held(engine) == stored()
    assert outbox.waiting().count == 0


def test_readers_see_no_gap_while_it_is_swapped(engine: ElasticEngine) -> None:
    done = threading.Event()
    seen: list[object] = []

    def read() -> None:
        while not done.is_set():
            try:
                with engine._asked() as client:
                    seen.append(client.count(index=engine.indices.read).body["count"])
            except Exception as error:  # whatever it is, the test is to say it
                seen.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(3):
            engine.refill()
    finally:
        done.set()
        reader.join()
    assert set(map(repr, seen)) == {repr(len(COLLECTION))}


def test_two_rebuilds_at_once(engine: ElasticEngine) -> None:
    before = index_in_use(engine)
    with ThreadPoolExecutor(1) as other, alone(engine.indices.prefix):
        with pytest.raises(RebuildUnderWay):
            other.submit(engine.refill).result()
        with pytest.raises(CommandError, match="is being rebuilt already"):
            other.submit(call_command, "rebuild_search").result()
    assert index_in_use(engine) == before
    engine.refill()
    assert held(engine) == stored()


def test_a_rebuild_killed_in_the_middle_leaves_the_old_index_and_the_next_clears_up(
    elastic: ElasticEngine, tmp_path: Path
) -> None:
    database = tmp_path / "site.sqlite3"
    shutil.copy(pristine.sqlite_template(), database)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "kb.settings",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDLINE_DATA_DIR": str(tmp_path),
        "REDLINE_SEARCH_ENGINE": "elasticsearch",
        "REDLINE_ELASTICSEARCH_URL": elastic.cluster.addresses[0],
        "REDLINE_ELASTICSEARCH_PREFIX": elastic.indices.prefix,
    }
    command = [sys.executable, "-m", "tests.integration.search.killed_rebuild"]
    with subprocess.Popen(
        [*command, "hang"], env=environment, cwd=pristine.ROOT, stdout=subprocess.PIPE
    ) as dies:
        assert dies.stdout
        assert dies.stdout.readline() == b"half way\n"
        dies.kill()
    first = index_in_use(elastic)
    assert len(all_indices(elastic)) == 2, "an orphan"
    assert len(held(elastic)) == 300
    subprocess.run(command, env=environment, cwd=pristine.ROOT, check=True)
    assert all_indices(elastic) == {index_in_use(elastic)} != {first}
    assert len(held(elastic)) == 300


def test_settings_that_cannot_be_are_said_and_the_database_answers(settings: Any, client: Client) -> None:
    settings.REDLINE_SEARCH_ENGINE = "elasticsearch"
    begin_with_this_engine()
    for name, value, said in (
        ("REDLINE_ELASTICSEARCH_URL", "", "set REDLINE_ELASTICSEARCH_URL"),
        ("REDLINE_ELASTICSEARCH_URL", "search.example", "REDLINE_ELASTICSEARCH_URL: "),
        ("REDLINE_ELASTICSEARCH_PREFIX", "Red*", "lower-case letters"),
    ):
        settings.REDLINE_ELASTICSEARCH_URL = "http://127.0.0.1:1"
        setattr(settings, name, value)
        _engine.cache_clear()
        assert [re.search(said, error.msg) is not None for error in apps._check_engine()] == [True]
        with pytest.raises(Unreachable, match=said):
            ElasticEngine().suggest("x", STAFF_SCOPES)
        for address in ("/search/?q=laser", "/search/suggest/?q=las", "/api/search/?q=laser"):
            assert client.get(address).status_code == 200
        for command in ("feed_search", "rebuild_search"):
            with pytest.raises(CommandError, match=said):
                call_command(command, skip_checks=True)
    settings.REDLINE_ELASTICSEARCH_PREFIX = "redline"
    _engine.cache_clear()
    assert apps._check_engine() == []
    _engine.cache_clear()


def test_certificates_that_cannot_be_read_are_said(settings: Any, tmp_path: Path) -> None:
    settings.REDLINE_SEARCH_ENGINE = "elasticsearch"
    settings.REDLINE_ELASTICSEARCH_URL = "https://127.0.0.1:1"
    (tmp_path / "no.pem").write_text("no PEM")
    for file in (tmp_path / "missing.pem", tmp_path / "no.pem", tmp_path):
        settings.REDLINE_ELASTICSEARCH_CA = str(file)
        _engine.cache_clear()
        (wrong,) = apps._check_engine()
        assert wrong.id == "search.E002"
        assert wrong.msg.startswith(f"REDLINE_ELASTICSEARCH_CA: {file} is no file of certificates in PEM: ")
        with pytest.raises(Unreachable, match="REDLINE_ELASTICSEARCH_CA"):
            ElasticEngine().suggest("x", STAFF_SCOPES)
    settings.REDLINE_ELASTICSEARCH_CA = certifi.where()
    _engine.cache_clear()
    assert apps._check_engine() == []
    _engine.cache_clear()
