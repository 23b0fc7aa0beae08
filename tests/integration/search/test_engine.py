"""What every engine must do: the one of the database that DATABASE_URL names, and Elasticsearch."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import transaction

from search.analysis import number_mark
from search.engine import Engine, SearchQuery, get_engine
from search.engines.fed import FedEngine
from search.indexing import reindex
from search.models import SearchDocument
from search.parsing import parse
from tests.integration.search.conftest import (
    BOTH,
    COLLECTION,
    PUBLIC,
    STAFF_SCOPES,
    Collection,
    document,
    ids,
)

ENGINES = BOTH


@pytest.mark.parametrize("query", ["E-1042", "e1042", "E 1042", "E_1042", "Ｅ－１０４２"])
def test_the_document_of_a_code_comes_before_those_that_mention_it(engine: Engine, query: str) -> None:
    found = ids(engine, query)
    assert found[0] == "code"
    assert set(found) == {"code", "mention", "bearing"}


@pytest.mark.parametrize(
    "query",
    [
        "error 1042",
        "1042 alarm",
        "error code #1042",
        "报1042",
        "the UPS shows fault 1042 after start",
        "系统alarm1042",
        "error 9999/1042",
        "faults 9997, 9998 and 1042",
    ],
)
def test_a_number_that_is_called_a_fault_is_its_code(engine: Engine, query: str) -> None:
    engine.index(
        [document(f"error {n}", "Error codes: an alarm and its fault", "error alarm") for n in range(4)]
    )
    assert ids(engine, query)[0] == "code"
    assert ids(engine, "torque 1042 Nm")[0] != "code"
    for measured in ("alarm after 1042 hours", "运行1042小时后报警", "alarm at 1042 mV"):
        assert number_mark("1042") not in parse(measured).codes


def test_what_shares_but_the_letter_of_a_code_is_not_alike(engine: Engine) -> None:
    engine.index([document(f"e{n}", f"E-20{n:02}", codes=[f"E-20{n:02}"]) for n in range(3)])
    found = engine.similar(SearchQuery(text="E-1042 xqzt", scopes=PUBLIC))
    assert {hit.document.object_id for hit in found} == {"code", "mention", "bearing"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("轴承", {"bearing"}),
        ("轴", {"bearing", "axis"}),
        # Whatever bears the code is found, whatever else was typed, and what has some of it besides.
        ("报E-1042后", {"bearing", "code", "mention"}),
        ("E-1042 unheard-of words", {"bearing", "code", "mention"}),
        ("VL500S", {"code", "bearing", "axis"}),
        ("calibrating lasers", {"calibrate"}),
        ("sop1001", {"calibrate"}),
        ("slow ops", {"slow"}),
        ("cephosdslowops", {"slow"}),
        ('"the laser"', {"calibrate"}),
        ('"更换VL500S型"', {"bearing"}),
        ("zzzz", set()),
    ],
)
def test_finds(engine: Engine, query: str, expected: set[str]) -> None:
    assert set(ids(engine, query)) == expected


def test_a_code_does_not_stand_for_the_words_beside_it(engine: Engine) -> None:
    """A pasted ticket that names a code finds the code's guide first, and then the ticket it is like."""
    told = "Rattles on Monday mornings, clears by itself on the second attempt. E-1042"
    engine.index(
        [document("ticket", "Rattling", told), document("other", "Mondays", "Monday mornings are calm.")]
    )
    found = engine.search(
        SearchQuery(text="E-1042 rattles on Monday mornings. Please call back", scopes=PUBLIC)
    )
    assert [hit.document.object_id for hit in found.hits[:2]] == ["code", "ticket"]
    assert found.whole == 0
    assert engine.search(SearchQuery(text=told, scopes=PUBLIC)).whole == 1
    assert engine.search(SearchQuery(text="E-1042", scopes=PUBLIC)).whole == 4


def test_the_beginning_of_a_code_finds_what_it_may_become(engine: Engine) -> None:
    found = engine.search(SearchQuery(text="SOP-10", scopes=PUBLIC))
    assert [hit.document.object_id for hit in found.hits] == ["calibrate"]
    assert (found.total, found.whole) == (1, 0)


def test_what_applies_to_everything_is_counted_for_a_value_that_nobody_names(engine: Engine) -> None:
    found = engine.search(SearchQuery(text="E-1042", scopes=PUBLIC, model="nobody's"))
    assert [hit.document.object_id for hit in found.hits] == ["bearing"]
    assert found.facets["model"]["nobody's"] == found.total == 1


def test_a_quantity_is_found_and_marked_however_it_is_written(engine: Engine) -> None:
    engine.index(
        [
            document(f"{n}", "Motor", f"It takes {text}.")
            for n, text in enumerate(["60kW", "60 kW", "60 then 5 kW"])
        ]
        + [document("torque", "Screw", "Turn at 12 N·m."), document("heat", "Oven", "Keep 45 °C.")]
    )
    for asked in ("60 kW", "60kW", "60 kw"):
        assert set(ids(engine, asked)) == {"0", "1"}
        hits = engine.search(SearchQuery(text=asked, scopes=PUBLIC)).hits
        assert {hit.marks for hit in hits} == {("60kW",), ("60 kW",)}
    for asked, expected, marks in (("12Nm", "torque", ("12 N·m",)), ("45℃", "heat", ("45 °C",))):
        hits = engine.search(SearchQuery(text=asked, scopes=PUBLIC)).hits
        assert [(hit.document.object_id, hit.marks) for hit in hits] == [(expected, marks)]


def test_lookalikes_and_zeros_find_the_code(engine: Engine) -> None:
    for asked in ("Е-1042", "E-01042", "Е 01042", "alarm 01042"):
        assert ids(engine, asked)[0] == "code"
    results = engine.search(SearchQuery(text="E-01042", scopes=PUBLIC))
    assert (results.hits[0].codes, results.total) == (("E-1042",), 3)


def test_suggestions_for_the_beginning_of_a_code_stand_in_its_order(engine: Engine) -> None:
    numbers = [1100, 1002, 10020, 1010, 1001, 109, 1099, 1003, 1020, 1012, 1011]
    engine.index(
        [document(f"n{n}", f"E-{n} " + "word " * (n % 7), codes=[f"E-{n}"]) for n in numbers]
        + [document("late", "E-1042 is mentioned here", "")]
    )
    for typed in ("E-10", "e10", "E 10"):
        found = [hit.document.object_id for hit in engine.suggest(typed, PUBLIC)]
        assert found == ["n109", "n1001", "n1002", "n1003", "n1010", "n1011", "n1012", "n1020"]
    assert engine.suggest("E-1042", PUBLIC)[0].document.object_id == "code"
    everything = [hit.document.object_id for hit in engine.suggest("E-10", PUBLIC, limit=20)]
    assert everything[8:11] == ["code", "n1099", "n10020"]
    assert set(everything[11:]) == {"late", "mention"}


def test_falls_back_to_any_of_it_and_says_so(engine: Engine) -> None:
    results = engine.search(SearchQuery(text="laser 轴承", scopes=PUBLIC))
    assert (results.whole, results.total) == (0, 2)
    assert {hit.document.object_id for hit in results.hits} == {"calibrate", "bearing"}
    quoted = engine.search(SearchQuery(text='"the laser" 轴承', scopes=PUBLIC))
    assert [hit.document.object_id for hit in quoted.hits] == ["calibrate"]
    nowhere = engine.search(SearchQuery(text='"laser the"', scopes=PUBLIC))
    assert (nowhere.whole, nowhere.hits[0].document.object_id) == (0, "calibrate")


def test_what_few_documents_have_whole_brings_those_that_have_some(engine: Engine) -> None:
    engine.index([document("oil", "Pump oil"), document("filter", "Pump filter")])
    found = engine.search(SearchQuery(text="pump oil", scopes=PUBLIC))
    assert (found.whole, [hit.document.object_id for hit in found.hits]) == (1, ["oil", "filter"])


def test_filters_and_counts(engine: Engine) -> None:
    results = engine.search(SearchQuery(text="E-1042", scopes=PUBLIC))
    assert results.total == 3
    assert results.facets == {
        "source": {"guide": 3},
        "kind": {"repair": 2, "error": 1},
        # The bearing's guide applies to all models.
        "model": {"NX-2000": 2, "VL500S": 2},
        "language": {"en": 2, "zh-hans": 1},
        "scope": {"public": 3},
        "line": {},
        "release": {},
        "status": {},
        "code": {"E-1042": 1},
        "updated": {"year": 3},
    }
    for facet, counts in results.facets.items():
        for value, count in counts.items():
            assert len(ids(engine, "E-1042", **{facet: value})) == count
    narrowed = engine.search(SearchQuery(text="E-1042", scopes=PUBLIC, kind="repair"))
    assert narrowed.total == 2
    assert narrowed.facets["kind"] == results.facets["kind"], "what choosing another kind would show"
    assert narrowed.facets["language"] == {"en": 1, "zh-hans": 1}
    assert ids(engine, "E-1042", source="nothing", model="' OR 1=1 --") == []


def test_a_filter_does_not_widen_the_question(engine: Engine) -> None:
    engine.index([document(f"pump {n}", "Pump oil", kind="repair" if n else "maintain") for n in range(4)])
    engine.index([document(f"part {n}", "Pump filter", kind="maintain") for n in range(5)])
    counts = engine.search(SearchQuery(text="pump oil", scopes=PUBLIC)).facets["kind"]
    assert counts == {"repair": 3, "maintain": 1}
    assert ids(engine, "pump oil", kind="maintain") == ["pump 0"]


def test_what_is_out_of_scope_shows_nowhere(engine: Engine) -> None:
    for query in ("laser", "E-1042", "轴承", "secrets", "X9"):
        results = engine.search(SearchQuery(text=query, scopes=PUBLIC))
        assert "secret" not in {hit.document.object_id for hit in results.hits}
        assert results.total == len(results.hits)
        assert "secret" not in results.facets.get("kind", {})
        assert "X9" not in results.facets.get("model", {})
    assert "secret" in ids(engine, "secrets", STAFF_SCOPES)
    assert ids(engine, "laser", frozenset()) == []
    assert [h.document.object_id for h in engine.suggest("Laser cal", PUBLIC)] == ["calibrate"]
    assert len(engine.suggest("Laser cal", STAFF_SCOPES)) == 2
    assert engine.suggest("Laser cal", frozenset()) == []


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("calibrati", "calibrate"),
        ("Las", "calibrate"),
        ("E-10", "code"),
        ("E10", "code"),
        ("sop-1", "calibrate"),
        ("更", "bearing"),
        ("更换轴", "bearing"),
        ("cephosd", "slow"),
        ("轴心", "axis"),
    ],
)
def test_suggests_while_typing(engine: Engine, prefix: str, expected: str) -> None:
    assert expected in [hit.document.object_id for hit in engine.suggest(prefix, PUBLIC)]


def test_a_part_of_a_word_is_no_word_where_the_beginning_of_a_text_ends(engine: Engine) -> None:
    # Their fortieth characters are the r of "control" and the 8 of 82.
    engine.index(
        [
            document("word", "Heat", "The heat sinks are warmer than any control."),
            document("number", "Heat", "The heat sink of the rectifier is over 82 °C."),
        ]
    )
    assert [ids(engine, text) for text in ("contr", "8")] == [[], []]
    assert [ids(engine, text) for text in ("control", "82")] == [["word"], ["number"]]


def test_suggests_titles_and_codes_only(engine: Engine) -> None:
    assert engine.suggest("torque", PUBLIC) == []


HOSTILE = [
    "",
    "   ",
    '"',
    '"unbalanced',
    '""',
    "' OR 1=1 --",
    "*",
    "^",
    "a*",
    "AND",
    "OR NOT",
    "NEAR(laser calibration, 5)",
    "title:laser",
    "(laser",
    "laser)",
    "laser AND (",
    "- + & | ! : ; <->",
    "laser <-> 'x' & !y:*",
    "\\",
    "\\'",
    "%s %d %",
    "🔧🔥",
    "laser 🔧",
    "\x00laser",
    "\ud800",
    "_ __ _e1042",
    "{title codes} : laser",
    "É é ß ﬃ ½ ² ①",
    "١٢٣ हिन्दी ไทย",
    "轴" * 10_000,
    "laser " * 2_000,
    "x" * 10_000,
    "a-" * 5_000,
    "\u202e\u200b\ufeff",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_any_input_answers(engine: Engine, text: str) -> None:
    engine.search(SearchQuery(text=text, scopes=PUBLIC))
    engine.suggest(text, PUBLIC)
    written = text.encode("utf-8", "ignore").decode()
    engine.index([document("hostile", written, written)])
    if "laser" in text.split():
        assert "calibrate" in ids(engine, text) or "hostile" in ids(engine, text)


def test_pages(engine: Engine) -> None:
    engine.rebuild(document(str(n), f"guide {n:03}") for n in range(45))
    seen = [ids(engine, "guide", page=page, page_size=20) for page in (1, 2, 3)]
    assert list(map(len, seen)) == [20, 20, 5]
    assert len({key for page in seen for key in page}) == 45
    last = engine.search(SearchQuery(text="guide", scopes=PUBLIC, page=10**30))
    assert last.page == 3


def test_indexing_again_replaces(engine: Engine) -> None:
    engine.index([document("bearing", "Something else"), document("bearing", "Pump")])
    assert ids(engine, "轴承") == []
    assert ids(engine, "pump") == ["bearing"]
    assert SearchDocument.objects.filter(object_id="bearing").count() == 1


def test_reindex_adds_changes_and_removes(engine: Engine, collection: Collection) -> None:
    del collection.data["bearing"]
    collection.data["axis"] = document("axis", "Gearbox")
    collection.data["new"] = document("new", "Windmill")
    reindex("guide", ["bearing", "axis", "new", "never-was"])
    assert ids(engine, "轴承") == []
    assert ids(engine, "gearbox") == ["axis"]
    assert ids(engine, "windmill") == ["new"]
    with pytest.raises(LookupError, match="nothing"):
        reindex("nothing", [1])


def test_the_index_rolls_back_with_the_data(engine: Engine, collection: Collection) -> None:
    collection.data["new"] = document("new", "Windmill")
    del collection.data["slow"]
    with transaction.atomic():
        reindex("guide", ["new", "slow"])
        # An engine outside the database hears of it after the commit only.
        assert ids(engine, "windmill") == ([] if isinstance(engine, FedEngine) else ["new"])
        transaction.set_rollback(True)
    assert ids(engine, "windmill") == []
    assert ids(engine, "slow ops") == ["slow"]


def test_rebuild_command(engine: Engine, collection: Collection, capsys: pytest.CaptureFixture[str]) -> None:
    del collection.data["bearing"]
    call_command("rebuild_search")
    assert f"{len(COLLECTION) - 1} documents" in capsys.readouterr().out
    assert ids(engine, "轴承") == []
    assert ids(engine, "E-1042")[0] == "code"


def test_a_document_deleted_behind_the_engine_is_not_found(engine: Engine) -> None:
    SearchDocument.objects.filter(object_id="code").delete()
    assert "code" not in ids(engine, "E-1042")


def test_an_unknown_engine_is_refused_by_name(settings: Any) -> None:
    settings.REDLINE_SEARCH_ENGINE = "solr"
    with pytest.raises(ImproperlyConfigured, match="'solr'; set one of: auto, sqlite, sidecar"):
        get_engine()


def test_long_texts_fit(engine: Engine) -> None:
    chinese = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(200_000))
    engine.index([document("long", "t" * 700, chinese)])
    assert ids(engine, chinese[500:502]) == ["long"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("X-", ["x2", "x10", "x100"]),
        ("x1", ["x10", "x100"]),
        ("100", ["x100"]),
        ("pump", ["pump", "long", "behind"]),
        ("换泵", ["泵", "泵后"]),
    ],
)
def test_suggestions_stand_in_one_order_on_every_engine(engine: Engine, typed: str, first: list[str]) -> None:
    engine.index(
        [
            document("x100", "Pressure", codes=["X-100"]),
            document("x2", "Pressure of much", codes=["X-2"]),
            document("x10", "Pressure, and what else there is to say of it", codes=["X-10"]),
            document("mention", "X-100 is mentioned, X 1"),
            document("behind", "A pump"),
            document("long", "Pumps of the coolant circuit and their filters"),
            document("pump", "Pump filter"),
            document("泵后", "先停机再换泵"),
            document("泵", "换泵之后再停机"),
        ]
    )
    found = [hit.document.object_id for hit in engine.suggest(typed, PUBLIC)]
    assert found[: len(first)] == first
