"""Another search engine than before, and back: what was saved meanwhile is found, by the database until it is told."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.models import ErrorCode
from search import feeding, outbox, queries, switching
from search.analysis import TERMS_VERSION
from search.engine import Results, SearchQuery, _engine, get_engine
from search.engines.elastic import ElasticEngine
from search.engines.fed import RebuildUnderWay
from search.engines.schema import TABLES_VERSION
from search.engines.sidecar import SidecarEngine
from search.indexing import rebuild, reindex
from search.models import IndexState, SearchDocument
from tests import factories as make
from tests.integration.search.conftest import elastic, node

__all__ = ["elastic", "node"]

Switch = Callable[[str], None]


@pytest.fixture
def switch(own_database: str, settings: Any) -> Iterator[Switch]:
    """Restarts the site under another engine."""

    def switch(name: str) -> None:
        settings.REDLINE_SEARCH_ENGINE = name
        _engine.cache_clear()
        switching.forget()

    switch("auto")
    yield switch
    switching.forget()
    _engine.cache_clear()


@pytest.fixture
def code(switch: Switch) -> ErrorCode:
    return make.error_code(make.product_line("LM"), "E-1", meaning="quokka")


@transaction.atomic
def rename(code: ErrorCode, word: str) -> None:
    ErrorCode.objects.filter(pk=code.pk).update(meaning=word)
    reindex("error_code", [code.pk])


def asked(word: str) -> Results:
    user = make.User(is_superuser=True, is_active=True)
    return queries.find(user, SearchQuery(text=word, scopes=frozenset()))


def found(word: str) -> tuple[list[str], bool]:
    """Numbers of what is found, and whether the database answered."""
    results = asked(word)
    assert results.total == len(results.hits), "nothing is counted that is not there"
    return [hit.document.number for hit in results.hits], results.degraded


def fed_now() -> str:
    out = StringIO()
    call_command("feed_search", stdout=out)
    return out.getvalue()


def check_told(*words: str) -> None:
    """The database answers, then the engine does."""
    assert [found(word) for word in words] == [(["E-1"], True)] * len(words)
    assert "was made anew" in fed_now()
    assert "was made anew" not in fed_now()
    assert [found(word) for word in words] == [(["E-1"], False)] * len(words)
    assert IndexState.objects.get().is_whole


def only_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the embedded engine needs SQLite")


def test_sidecar_sqlite_and_back(code: ErrorCode, switch: Switch) -> None:
    only_sqlite()
    switch("sidecar")
    rebuild()
    assert found("quokka") == (["E-1"], False)
    switch("sqlite")
    rename(code, "platypus")
    check_told("platypus")
    assert found("quokka") == ([], False)
    switch("sidecar")
    check_told("platypus")
    assert found("quokka") == ([], False)


def test_terms_of_another_release_are_made_anew_when_it_is_migrated(code: ErrorCode, switch: Switch) -> None:
    only_sqlite()
    rebuild()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_index")
    IndexState.objects.update(engine="sqlite")
    switch("sqlite")
    assert found("quokka") == (["E-1"], True)
    call_command("migrate", verbosity=0)
    assert found("quokka") == (["E-1"], False)
    assert IndexState.objects.get().engine == f"sqlite, terms {TERMS_VERSION}, tables {TABLES_VERSION}"


def test_what_is_rolled_back_is_no_switch(code: ErrorCode, switch: Switch) -> None:
    rebuild()
    before = IndexState.objects.get()
    switch("sidecar" if connection.vendor == "sqlite" else "elasticsearch")
    with transaction.atomic():
        rename(code, "platypus")
        assert IndexState.objects.get().engine != before.engine
        transaction.set_rollback(True)
    switch("auto")
    assert found("quokka") == (["E-1"], False)
    assert IndexState.objects.get().since == before.since


def test_a_site_that_always_had_one_engine(code: ErrorCode, switch: Switch) -> None:
    rebuild()
    IndexState.objects.all().delete()
    switch("auto")
    with transaction.atomic():
        reindex("error_code", [code.pk])
        assert not IndexState.objects.exists(), "what may be undone is nothing to rely on"
    assert IndexState.objects.get().is_whole
    assert found("quokka") == (["E-1"], False)
    with CaptureQueriesContext(connection) as captured:
        found("quokka")
    assert not [query for query in captured if "indexstate" in query["sql"]]


def test_a_switch_during_the_making_is_not_forgotten(code: ErrorCode, switch: Switch) -> None:
    only_sqlite()
    rebuild()
    switch("sidecar")
    switching.note()
    with switching.making_whole(get_engine()):
        switch("sqlite")
        switching.note()
        switch("sidecar")
        switching.note()
    assert not IndexState.objects.get().is_whole


def test_while_it_is_rebuilt_or_out_of_reach_it_stays_on_record(
    code: ErrorCode, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild()
    IndexState.objects.update(engine="another")
    switch("sidecar")
    for error in (RebuildUnderWay(), outbox.Unreachable("away")):

        def fail(engine: SidecarEngine, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(SidecarEngine, "refill", fail)
            if isinstance(error, RebuildUnderWay):
                assert list(feeding.feed(timezone.now())) == [
                    "The search index is being made anew at this moment."
                ]
            else:
                with pytest.raises(outbox.Unreachable):
                    list(feeding.feed(timezone.now()))
        assert found("quokka") == (["E-1"], True)
    check_told("quokka")


def test_tickets_have_nothing_similar_meanwhile(code: ErrorCode, switch: Switch) -> None:
    rebuild()
    IndexState.objects.update(engine="another")
    switch("sidecar")
    user = make.User(is_superuser=True, is_active=True)
    text = SearchQuery(text="quokka on the stage", scopes=frozenset())
    assert queries.similar(user, text) == []
    assert [hit.document.number for hit in queries.suggest(user, "quok")] == ["E-1"]
    fed_now()
    assert [hit.document.number for hit in queries.similar(user, text)] == ["E-1"]


@pytest.mark.usefixtures("own_database")
def test_one_state_is_on_record() -> None:
    with pytest.raises(IntegrityError):
        IndexState.objects.create(pk=2, engine="sqlite", since=timezone.now(), is_whole=True)


# With Elasticsearch


@pytest.mark.elasticsearch
@pytest.mark.parametrize("first", ["sidecar", "sqlite"])
def test_elasticsearch_and_back(first: str, code: ErrorCode, elastic: ElasticEngine, switch: Switch) -> None:
    if first == "sqlite":
        only_sqlite()
    switch(first)
    rebuild()
    switch("elasticsearch")
    check_told("quokka")
    rename(code, "platypus")
    assert found("platypus") == (["E-1"], False)
    switch(first)
    check_told("platypus")
    assert found("quokka") == ([], False)
    rename(code, "echidna")
    switch("elasticsearch")
    check_told("echidna")


@pytest.mark.elasticsearch
def test_new_ids_under_sqlite_and_the_earlier_index(
    code: ErrorCode, elastic: ElasticEngine, switch: Switch
) -> None:
    only_sqlite()
    switch("elasticsearch")
    rebuild()
    before = set(SearchDocument.objects.values_list("pk", flat=True))
    switch("sqlite")
    rebuild()
    assert found("quokka") == (["E-1"], False)
    assert before.isdisjoint(SearchDocument.objects.values_list("pk", flat=True))
    switch("elasticsearch")
    check_told("quokka")


@pytest.mark.elasticsearch
def test_a_rebuild_makes_it_whole_as_well(code: ErrorCode, elastic: ElasticEngine, switch: Switch) -> None:
    switch("auto")
    rebuild()
    switch("elasticsearch")
    rebuild()
    assert found("quokka") == (["E-1"], False)
    assert "was made anew" not in fed_now()
