"""The embedded index remembers what few documents are found and asks again for many: the answers are the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from search.engine import Engine, Results, SearchQuery
from search.engines import fts, fts_question
from search.engines.answers import Selection
from search.engines.places import pk_of
from search.engines.terms import TermEngine
from search.models import SearchDocument, SearchProfile
from search.parsing import Clause
from search.queries import find, similar
from search.readings import Reading
from tests.integration.search.conftest import STAFF_SCOPES, Collection, document

pytestmark = pytest.mark.django_db

QUERY = SearchQuery(text="pump", scopes=STAFF_SCOPES)
ASKED = [
    QUERY,
    replace(QUERY, text="pump E-7"),
    replace(QUERY, text="pump valve"),
    replace(QUERY, text="open"),
    replace(QUERY, text="水泵"),
    replace(QUERY, scopes=frozenset({"public"})),
    replace(QUERY, kind="repair"),
    replace(QUERY, model="VL500S"),
    replace(QUERY, code="E-7"),
    replace(QUERY, code="E-7", kind="repair", updated="month"),
    replace(QUERY, updated="week"),
    replace(QUERY, updated="nonsense"),
    replace(QUERY, kind="nonsense"),
    replace(QUERY, sort="newest"),
    replace(QUERY, sort="newest", page=3, page_size=7),
]


@pytest.fixture
def pumps(engine: Engine) -> Engine:
    today = timezone.now()
    engine.rebuild(
        document(
            str(n),
            f"Pump {n}",
            "Close the valve." * (n % 7) if n % 4 else "Open it. 关水泵" + "，开水泵" * (n % 3),
            kind=["repair", "maintain"][n % 2],
            scope=["public", "internal"][n % 3 == 0],
            models=[["VL500S"], ["NX-2000"], []][n % 3],
            codes=["E-7"] if n % 5 == 0 else [],
            updated_at=today - timedelta(days=n * 3, seconds=n),
        )
        for n in range(40)
    )
    return engine


def seen(results: Results) -> tuple[Any, ...]:
    hits = [(hit.document.object_id, round(hit.score, 9), hit.codes) for hit in results.hits]
    return hits, results.total, results.whole, results.facets


@pytest.mark.parametrize("query", ASKED, ids=lambda query: f"{query.text} {query.filters} {query.sort}")
def test_many_are_answered_as_few_are(
    pumps: Engine, query: SearchQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = pumps.search(query)
    # As thousands are answered: the bound is what decides, and thousands take long to write.
    monkeypatch.setattr(fts_question, "FEW", 0)
    assert seen(pumps.search(query)) == seen(few)
    assert few.total or "nonsense" in query.filters.values()


def test_a_document_that_changes_day_and_profile_moves(pumps: Engine) -> None:
    changed = document("3", "Pump of tomorrow", kind="upgrade", scope="public", updated_at=timezone.now())
    pumps.index([changed])
    pumps.index([changed])
    found = pumps.search(replace(QUERY, text="tomorrow", updated="week", kind="upgrade"))
    assert [hit.document.object_id for hit in found.hits] == ["3"]
    assert pumps.search(QUERY).total == 40
    pumps.delete("guide", ["3"])
    assert pumps.search(QUERY).total == 39


@pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="PostgreSQL's file is looked into by its own tests"
)
def test_a_row_stands_where_its_entry_says(pumps: Engine) -> None:
    pumps.index([document("3", "Pump", kind="upgrade", updated_at=timezone.now())])
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, place FROM search_entry")
        entries = dict(cursor.fetchall())
        cursor.execute("SELECT rowid FROM search_index")
        assert {at for (at,) in cursor.fetchall()} == set(entries.values())
    assert {pk: pk_of(at) for pk, at in entries.items()} == {pk: pk for pk in entries}
    assert entries.keys() == set(SearchDocument.objects.values_list("pk", flat=True))


def test_a_profile_keeps_its_number_through_a_rebuild(pumps: Engine) -> None:
    assert isinstance(pumps, fts.FtsTerms)
    before = dict(pumps._numbers())
    pumps.rebuild([document("1", "Pump", kind="other"), document("2", "Pump", kind="another")])
    after = pumps._numbers()
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2


def test_what_goes_while_it_is_found_is_not_counted(pumps: Engine, collection: Collection) -> None:
    class Going(set[str]):
        """Whoever asks whether a document is hidden finds it so, and gone."""

        def __contains__(self, object_id: object) -> bool:
            SearchDocument.objects.filter(object_id=object_id).delete()
            return True

    collection.data = {str(n): document(str(n), "Pump") for n in range(40)}
    collection.hidden = Going()
    query = replace(QUERY, page_size=40)
    before = pumps.search(query).facets
    assert before["model"] == {"NX-2000": 26, "VL500S": 27}
    found = find(AnonymousUser(), query)
    assert found.hits == ()
    assert found.facets["model"] == {}


@pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="PostgreSQL's file is damaged in tests of its own"
)
def test_a_damaged_index_is_no_reason_to_answer_nothing(pumps: Engine, collection: Collection) -> None:
    collection.data = {"old": document("old", "Pump of old")}
    pumps.rebuild(collection.data.values())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_index_data WHERE id > 10")
    found = find(AnonymousUser(), QUERY)
    assert found.degraded
    assert [hit.document.object_id for hit in found.hits] == ["old"]
    assert [hit.document.object_id for hit in similar(AnonymousUser(), replace(QUERY, text="E-7"))] == []
    call_command("rebuild_search", verbosity=0)
    assert not find(AnonymousUser(), QUERY).degraded
    assert find(AnonymousUser(), QUERY).total == 1


@pytest.mark.parametrize("text", ["pump", '"close the valve"', '"the valve close"', "pump valve"])
@pytest.mark.parametrize("common", [False, True])
def test_its_pages_have_each_of_many_once(
    pumps: Engine, text: str, common: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pumps.rebuild(
        document(f"more{n}", "Pump" * (n % 2), "Close the valve. " * (1 + n % 3) + "Pump.")
        for n in range(300)
    )
    if common:  # as of thousands
        monkeypatch.setattr(fts_question, "FEW", 0)
    for size in (30, 75):
        query = SearchQuery(text=text, scopes=STAFF_SCOPES, page_size=size)
        pages = [pumps.search(replace(query, page=page)) for page in range(1, 300 // size + 1)]
        found = [hit.document.pk for page in pages for hit in page.hits][: pages[0].total]
        assert 150 < len(set(found)) == len(found) == pages[0].total


@pytest.mark.parametrize("text", ["pump", "泵站"])
def test_what_is_titled_just_so_is_first_of_more_than_a_hundred(pumps: Engine, text: str) -> None:
    pumps.rebuild(
        [
            *(document(f"more{n}", f"Replace seal {n} of the {text} of a model") for n in range(150)),
            document(
                "just", text, updated_at=timezone.now()
            ),  # newer, and therefore behind the others in the index
        ]
    )
    assert pumps.search(replace(QUERY, text=text)).hits[0].document.object_id == "just"


def test_a_code_that_is_named_twice_counts_once(pumps: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    pumps.rebuild(document(str(n), "Pump", codes=["E-7", "E-7"]) for n in range(10))
    assert pumps.search(QUERY).facets["code"] == {"E-7": 10}
    # As thousands are counted, which take long to write: by SQLite.
    monkeypatch.setattr(fts_question, "FEW", 0)
    assert pumps.search(QUERY).facets["code"] == {"E-7": 10}


def test_long_pages_have_what_short_ones_have(pumps: Engine) -> None:
    pumps.rebuild(document(str(n), "Pump", "Valve " * (n + 1)) for n in range(110))
    query = SearchQuery(text="pump valve", scopes=STAFF_SCOPES)
    total = pumps.search(query).total
    long, short = (
        [
            hit.document.pk
            for page in range(1, last + 1)
            for hit in pumps.search(replace(query, page=page, page_size=size)).hits
        ]
        for size, last in ((75, 2), (25, 5))
    )
    assert len(set(long)) == total == 110
    assert long == short


def test_a_number_in_titles_is_no_code_of_that_number(pumps: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    pumps.rebuild(
        [
            *(document(f"titled{n}", "Alarm 42", "Alarm 42") for n in range(5)),
            *(document(f"text{n}", "Alarm", "Alarm 42") for n in range(5)),
            *(document(f"code{n}", "Chiller fault", "It is warm.", codes=["E-0042"]) for n in range(5)),
        ]
    )
    # The bounds are what decides that thousands are answered by their titles first, and thousands take long to write.
    for bound in ("FEW", "TITLED"):
        monkeypatch.setattr(fts_question, bound, 0)
    found = [hit.document.object_id for hit in pumps.search(replace(QUERY, text="42")).hits]
    assert sorted(found) == sorted([f"titled{n}" for n in range(5)] + [f"text{n}" for n in range(5)])


def test_what_is_of_a_new_profile_since_the_question_began_is_left_out(pumps: Engine) -> None:
    assert isinstance(pumps, TermEngine)
    everything = Selection(list(SearchProfile.objects.values_list("pk", flat=True)))
    asked = pumps.asking(pumps)
    pumps.index([document("new", "Pump", "Open it.", kind="never before")])
    reading = Reading((Clause((("pump",),)),))
    assert sum(count for *_, count in asked.counts(reading, everything, [])) == 40
