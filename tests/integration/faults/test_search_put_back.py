"""The database, or the index, put back to a copy, emptied or changed behind our back: it is noticed and mended."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db import transaction

from procedures.models import ErrorCode
from search import outbox, queries, switching
from search.engine import SearchQuery, _engine, get_engine
from search.engines import sidecar_file
from search.engines.elastic import ElasticEngine
from search.indexing import rebuild, reindex
from search.models import PendingChange, SearchDocument
from tests import factories as make
from tests.integration.search.conftest import begin_with_this_engine, elastic, node

__all__ = ["elastic", "node"]

ENGINES = ("sidecar", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch))


@pytest.fixture
def engine(own_database: str, request: pytest.FixtureRequest, settings: Any) -> Iterator[Any]:
    if request.param == "elasticsearch":
        request.getfixturevalue("elastic")
    else:
        settings.REDLINE_SEARCH_ENGINE = "sidecar"
        _engine.cache_clear()
    begin_with_this_engine()
    yield get_engine()
    begin_with_this_engine()


@pytest.fixture
def code(engine: Any) -> ErrorCode:
    code = make.error_code(make.product_line("LM"), "E-1", meaning="quokka")
    rebuild()
    return code


@transaction.atomic
def rename(code: ErrorCode, word: str) -> None:
    ErrorCode.objects.filter(pk=code.pk).update(meaning=word)
    reindex("error_code", [code.pk])


def found(word: str) -> list[str]:
    """What a person is shown, whoever answers; nothing is counted that is not shown."""
    user = make.User(is_superuser=True, is_active=True)
    results = queries.find(user, SearchQuery(text=word, scopes=frozenset()))
    assert results.total == len(results.hits)
    return [hit.document.number for hit in results.hits]


def fed() -> str:
    out = StringIO()
    call_command("feed_search", stdout=out)
    return out.getvalue()


def put_back(copy: tuple[list[SearchDocument], list[ErrorCode]]) -> None:
    """The database is what it was when it was copied."""
    documents, codes = copy
    SearchDocument.objects.all().delete()
    SearchDocument.objects.bulk_create(documents)
    ErrorCode.objects.exclude(pk__in=[code.pk for code in codes]).delete()
    for code in codes:
        ErrorCode.objects.filter(pk=code.pk).update(meaning=code.meaning)
    PendingChange.objects.all().delete()


def copied() -> tuple[list[SearchDocument], list[ErrorCode]]:
    return list(SearchDocument.objects.all()), list(ErrorCode.objects.all())


def later(code: ErrorCode) -> None:
    """What is lost by putting the copy back: three edits, and a code that came."""
    for word in ("wombat", "numbat", "potoroo"):
        rename(code, word)
    with transaction.atomic():
        new = make.error_code(code.product_line, "E-2", meaning="bilby")
        reindex("error_code", [new.pk])
    assert (found("potoroo"), found("bilby")) == (["E-1"], ["E-2"])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_database_put_back_is_noticed_at_the_next_change(code: ErrorCode) -> None:
    copy = copied()
    later(code)
    put_back(copy)
    rename(code, "dunnart")
    assert (found("dunnart"), found("potoroo"), found("bilby")) == (["E-1"], [], [])
    fed()
    assert not PendingChange.objects.exists()
    assert (found("dunnart"), found("potoroo"), found("bilby")) == (["E-1"], [], [])
    assert "anew" not in fed()


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_deletion_notices_it_too(code: ErrorCode) -> None:
    copy = copied()
    later(code)
    put_back(copy)
    with transaction.atomic():
        ErrorCode.objects.filter(pk=code.pk).delete()
        reindex("error_code", [code.pk])
    assert (found("quokka"), found("potoroo"), found("bilby")) == ([], [], [])
    fed()
    assert (found("quokka"), found("potoroo"), found("bilby")) == ([], [], [])


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_the_schedule_notices_a_database_put_back_without_a_change(code: ErrorCode) -> None:
    copy = copied()
    later(code)
    put_back(copy)
    assert "was made anew" in fed()
    assert (found("quokka"), found("potoroo"), found("bilby")) == (["E-1"], [], [])
    assert "anew" not in fed()


@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
@pytest.mark.elasticsearch
def test_other_processes_hear_that_the_index_is_not_whole(
    code: ErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found("quokka") == ["E-1"]
    seen = dict(switching._seen_whole)
    switching.doubt()
    switching._seen_whole.update(seen)  # as in another process, that has looked a moment ago
    switching.check()
    monkeypatch.setattr(switching, "_seen_whole", {key: 0.0 for key in seen})  # and a few seconds later
    with pytest.raises(outbox.Unreachable, match="later state"):
        switching.check()


# The file


def older(path: Path) -> None:
    shutil.copyfile(path.with_name("copy"), path)


def deleted_from(table: str) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute(f"DELETE FROM {table}")
        database.close()

    return harm


HARM = {"older": older} | {
    table: deleted_from(table) for table in ("search_index", "search_entry", "search_number")
}


@pytest.mark.parametrize("engine", ["sidecar"], indirect=True)
@pytest.mark.parametrize("noticed_by", ["start", "schedule"])
@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_lacks_something(code: ErrorCode, harm: str, noticed_by: str) -> None:
    path = Path(site.REDLINE_SEARCH_SIDECAR)

    def shut() -> None:
        with sidecar_file.connected().cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sidecar_file.disconnect()

    shut()
    shutil.copyfile(path, path.with_name("copy"))
    rename(code, "platypus")
    shut()
    HARM[harm](path)
    if noticed_by == "start":
        sidecar_file._checked.clear()
    else:
        assert "was made anew" in fed()
    assert (found("platypus"), found("quokka")) == (["E-1"], [])
    assert "anew" not in fed()


# The cluster


def emptied(engine: ElasticEngine) -> None:
    with engine.cluster.asked() as client:
        for pk in SearchDocument.objects.values_list("pk", flat=True):
            client.delete(index=engine.indices.write, id=str(pk), version=9, version_type="external")


def changed(**alias: Any) -> Callable[[ElasticEngine], None]:
    def harm(engine: ElasticEngine) -> None:
        with engine.cluster.asked() as client:
            (name,) = client.indices.get(index=engine.indices.read, features="aliases").body
            client.indices.update_aliases(actions=[{"add": {"index": name, **alias}}])

    return harm


def closed(engine: ElasticEngine) -> None:
    with engine.cluster.asked() as client:
        client.indices.close(index=engine.indices.read)


def told(method: str, address: str, **body: Any) -> Callable[[ElasticEngine], None]:
    def harm(engine: ElasticEngine) -> None:
        headers = {"accept": "application/json", "content-type": "application/json"}
        with engine.cluster.asked() as client:
            client.perform_request(method, f"/{engine.indices.write}/{address}", headers=headers, body=body)

    return harm


def mapped(**fields: Any) -> Callable[[ElasticEngine], None]:
    return told("PUT", "_mapping", properties=fields)


_TEXT = {"type": "text", "analyzer": "whitespace", "copy_to": ["terms"]}
READ, WRITE = "redline-tests-read", "redline-tests-write"
BEHIND_OUR_BACK = {
    "emptied": emptied,
    "filter": changed(alias=READ, filter={"term": {"id": 0}}),
    "routing": changed(alias=READ, routing="x"),
    "no write index": changed(alias=WRITE, is_write_index=False),
    "closed": closed,
    **{name: mapped(**{name: _TEXT | {"search_analyzer": "simple"}}) for name in ("title", "codes", "text")},
    "codes cut short": mapped(code={"type": "keyword", "ignore_above": 1}),
    "runtime profile": told("PUT", "_mapping", runtime={"profile": {"type": "keyword"}}),
    "runtime updated": told("PUT", "_mapping", runtime={"updated": {"type": "long"}}),
    "other fields": told("PUT", "_mapping", dynamic=True),
    "few profiles": told("PUT", "_settings", index={"max_terms_count": 2}),
    "few hits": told("PUT", "_settings", index={"max_result_window": 50}),
    "no refresh": told("PUT", "_settings", index={"refresh_interval": "-1"}),
}


@pytest.mark.elasticsearch
@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
@pytest.mark.parametrize("harm", BEHIND_OUR_BACK)
def test_an_index_changed_behind_our_back(code: ErrorCode, engine: ElasticEngine, harm: str) -> None:
    BEHIND_OUR_BACK[harm](engine)
    assert "was made anew" in fed()
    assert found("quokka") == ["E-1"]
    assert "anew" not in fed()


OTHERS = {
    "name": ("abc", {}),
    "key": ("1000000", {}),
    "key and number": ("1000000", {"id": 1_000_000, "title": 7, "codes": ["quokka"]}),
    "two profiles": ("abc", {"profile": "no number"}),
}


@pytest.mark.elasticsearch
@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
@pytest.mark.parametrize("other", OTHERS)
def test_a_document_that_is_not_ours(code: ErrorCode, engine: ElasticEngine, other: str) -> None:
    profile = SearchDocument.objects.get(source="error_code", object_id=str(code.pk)).profile
    key, source = OTHERS[other]
    if "profile" in source:
        source = source | {"profile": [profile, "no number"]}
    with engine.cluster.asked() as asked:
        document = {"text": "quokka", "profile": profile, **source}
        asked.index(index=engine.indices.write, id=key, document=document, refresh=True)
    assert found("quokka") == ["E-1"]
    staff = make.signed_in(make.documentation_staff())
    for address in ("/search/?q=quokka", "/search/?q=quokka&sort=newest", "/search/suggest/?q=E-"):
        assert staff.get(address).status_code == 200
    assert "was made anew" in fed()
    assert found("quokka") == ["E-1"]
    assert "anew" not in fed()


@pytest.mark.elasticsearch
@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
@pytest.mark.parametrize("harm", ["no write index", "closed"])
def test_what_an_index_refuses_whatever_it_is_waits(
    code: ErrorCode, engine: ElasticEngine, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    BEHIND_OUR_BACK[harm](engine)
    for _time in range(outbox.ATTEMPTS + 1):
        rename(code, "platypus")
        engine._paused_until = 0.0
        with pytest.raises(outbox.Unreachable):
            outbox.tell(engine)
    assert PendingChange.objects.get().attempts == 0, "it is not this document that is refused"
    assert {"no write index": "the alias", "closed": "is closed"}[harm] in caplog.text
    assert found("platypus") == ["E-1"]
    fed()
    assert found("platypus") == ["E-1"]
    assert not PendingChange.objects.exists()
