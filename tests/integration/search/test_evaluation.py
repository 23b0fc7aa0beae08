"""The search is measured with judged questions, in an index of its own."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from search.engine import Engine, SearchQuery
from search.engines.sqlite import SqliteEngine
from search.evaluation import Answer, index_beside, measures
from search.models import IndexState, PendingChange, SearchDocument
from tests import factories as make
from tests.integration.search.conftest import COLLECTION, document

pytestmark = pytest.mark.django_db

CORPUS = [
    {"_id": "d1", "title": "Pump oil", "text": "Change the oil of the pump."},
    {"_id": "d2", "title": "", "text": "更换主轴承。"},
    {"_id": "d3", "title": "Filter", "text": "Change the filter."},
]
QUERIES = [
    {"_id": "q1", "text": "which oil"},
    {"_id": "q2", "text": "怎么换轴承"},
    {"_id": "q3", "text": "x"},
]
JUDGED = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq2\td3\t1\n"


@pytest.fixture(autouse=True)
def _a_database_beside(db: None, django_db_blocker: Any) -> Iterator[None]:
    """Django's tests refuse connections that their settings do not name."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, CORPUS)), "utf-8")
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, QUERIES)), "utf-8")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(JUDGED, "utf-8")
    return tmp_path


def evaluated(folder: Path, **options: object) -> dict[str, float]:
    out = StringIO()
    call_command("evaluate_search", folder, verbosity=0, stdout=out, **options)
    found: dict[str, float] = json.loads(out.getvalue())
    return found


def test_a_folder_is_measured_beside_the_sites_index(folder: Path, engine: Engine) -> None:
    before = SearchDocument.objects.count()
    state = IndexState.objects.values_list("engine", "is_whole")
    assert [is_whole for _engine, is_whole in state] == [True]
    run = folder / "run.tsv"
    found = evaluated(folder, run=run)
    assert (found["documents"], found["queries"]) == (3, 2)  # what nobody judged is not asked
    # q2 finds one of its two: 1 / (1 + 1/log2(3)) = 0.6131.
    assert (found["ndcg@10"], found["recall@10"], found["mrr@10"]) == (0.8066, 0.75, 1.0)
    assert found["ms_per_query"] > 0
    rows = [line.split("\t") for line in run.read_text("utf-8").splitlines()]
    assert [row[:3] for row in rows] == [["q1", "d1", "1"], ["q2", "d2", "1"]]
    assert SearchDocument.objects.count() == before
    assert not engine.search(SearchQuery(text="oil", scopes=frozenset(["evaluation"]))).hits
    assert [is_whole for _engine, is_whole in state.all()] == [True]


def test_a_mark_of_the_encoding_and_half_a_character_are_no_reason_to_stop(folder: Path) -> None:
    corpus = folder / "corpus.jsonl"
    corpus.write_text("\ufeff" + corpus.read_text("utf-8") + '\n{"_id": "d4", "text": "\\ud800 x"}', "utf-8")
    assert evaluated(folder)["documents"] == 4


def test_the_measures_are_those_of_the_books() -> None:
    ranks = {"q": Answer([("a", 3.0), ("b", 2.0), ("c", 1.0)], 5.0)}
    found = measures(ranks, {"q": {"b": 2, "c": 1, "gone": 1}})
    # (2/log2(3) + 1/2) / (2 + 1/log2(3) + 1/2)
    assert found["ndcg@10"] == 0.5627
    assert (found["recall@10"], found["recall@100"], found["mrr@10"]) == (0.6667, 0.6667, 0.5)
    assert found["ms_per_query"] == 5.0


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", b"{", "corpus.jsonl:1: not a JSON object"),
        ("corpus.jsonl", b"", "no document"),
        ("corpus.jsonl", b'{"_id": "d1", "text": "a"}\n' * 2, "corpus.jsonl:2: document d1 is there twice"),
        (
            "qrels/test.tsv",
            "query-id\tcorpus-id\tscore\nq1\td1\t\u00b2\n".encode(),
            "test.tsv:2: not a question",
        ),
        ("queries.jsonl", b'{"_id": "q1", "text": "a"}\n' * 2, "queries.jsonl:2: question q1 is there twice"),
        ("corpus.jsonl", b'{"_id": "d\\t1", "text": "a"}', "corpus.jsonl:1: an id can have no tab"),
        ("queries.jsonl", b'{"_id": "q1\\n", "text": "a"}', "queries.jsonl:1: an id can have no tab"),
        (
            "queries.jsonl",
            '{"_id": "q\u2028", "text": "a"}'.encode(),
            "queries.jsonl:1: an id can have no tab",
        ),
        ("corpus.jsonl", b'{"_id": true, "text": "a"}', "corpus.jsonl:1: no text “_id”"),
        ("qrels/test.tsv", b"q1 0 d1 1\nq1 0 d1 good\n", "test.tsv:2: not a question"),
        ("qrels/test.tsv", b"q1 0 d1 1\nq1 d1 1\n", "test.tsv:2: not a question"),
        ("corpus.jsonl", b'{"_id": "d1", "text": 1}', "corpus.jsonl:1: no text “text”"),
        ("queries.jsonl", b'{"_id": "q1", "text": "\xff"}', "is not UTF-8"),
        ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\nq1\td1\tgood\n", "test.tsv:2: not a question"),
        ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\nq9\td1\t1\n", "test.tsv:2: no question q9"),
        ("qrels/test.tsv", b"query-id\tcorpus-id\tscore\n", "no question is judged"),
        ("qrels/test.tsv", None, "No such file"),
    ],
)
def test_an_unfit_folder_is_said_by_file_and_line(
    folder: Path, file: str, content: bytes | None, said: str
) -> None:
    path = folder / file
    path.write_bytes(content) if content is not None else path.unlink()
    with pytest.raises(CommandError, match=said):
        evaluated(folder)


def test_a_run_that_cannot_be_written_is_said(folder: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        evaluated(folder, run=folder)


def test_it_is_said_before_anything_is_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.evaluation.index_beside", lambda *_, **__: pytest.fail("it was measured"))
    for impossible in (folder / "none" / "run.tsv", folder / ("x" * 300)):
        with pytest.raises(CommandError, match="cannot be written"):
            evaluated(folder, run=impossible)


def test_judgements_as_trec_has_them_and_numbers_for_ids(folder: Path) -> None:
    before = evaluated(folder)
    for name, rows in (("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES)):
        numbered = [row | {"_id": int(row["_id"][1:])} for row in rows]
        (folder / name).write_text("\n".join(map(json.dumps, numbered)), "utf-8")
    for blank in " \t":
        lines = [blank.join(columns) for columns in (("1", "0", "1", "1"), ("2", "0", "2", "1"), "2031")]
        (folder / "qrels" / "test.tsv").write_text("\n".join(lines), "utf-8")
        after = evaluated(folder)
        assert before | {"ms_per_query": 0} == after | {"ms_per_query": 0}


def test_judged_documents_that_are_not_there_are_counted(folder: Path) -> None:
    judged = folder / "qrels" / "test.tsv"
    judged.write_text(JUDGED + "q1\td8\t1\nq1\td9\t1\nq2\td9\t1\n", "utf-8")
    error = StringIO()
    evaluated(folder, stderr=error)
    assert "2 judged documents are not in the corpus" in error.getvalue()


def test_the_index_in_a_file_measures_the_same(folder: Path) -> None:
    embedded, beside = evaluated(folder), evaluated(folder, engine="sidecar")
    assert embedded | {"ms_per_query": 0} == beside | {"ms_per_query": 0}


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_sites_engine_is_not_told_to_the_one_beside(folder: Path) -> None:
    PendingChange.objects.create(document=1, revision=1, noted_at=timezone.now())
    evaluated(folder, engine="sidecar")
    assert PendingChange.objects.count() == 1


def test_what_the_index_holds_is_counted() -> None:
    with index_beside() as engine:
        assert isinstance(engine, SqliteEngine)
        assert engine.totals().documents == 0
        engine.rebuild(document(str(n), f"Pump {n}", "Change the oil.") for n in range(300))
        totals = engine.totals()
        # A title has its two parts, the mark, both joined as of a code, and its word unstemmed.
        assert (totals.documents, totals.titles) == (300, 300 * 5)
        engine.delete("guide", range(100))
        assert engine.totals().documents == 200
        assert engine.frequencies(["oil", "7", "107", "unheard"]) == {"oil": 200, "107": 1}


def test_a_question_on_the_command_line_finds_what_the_person_may_see(engine: Engine) -> None:
    staff = make.documentation_staff()
    staff.is_staff = True
    staff.save()

    def found(*options: str) -> list[str]:
        out = StringIO()
        call_command("search", "laser", "--json", *options, stdout=out)
        return [hit["url"] for hit in json.loads(out.getvalue())["hits"]]

    assert found() == ["/guide/calibrate/"]
    assert set(found("--as", staff.get_username())) == {"/guide/calibrate/", "/guide/secret/"}
    assert len(found("--as", staff.get_username(), "--limit", "1")) == 1
    out, error = StringIO(), StringIO()
    call_command("search", "laser", stdout=out)
    assert "/guide/calibrate/" in out.getvalue()
    call_command("search", "zzzz", stdout=out, stderr=error)
    assert "Nothing found." in error.getvalue()
    call_command("search", "mosst", stdout=out, stderr=error)
    assert "Did you mean" not in error.getvalue()
    call_command("search", "laset", stdout=out, stderr=error)
    assert "Did you mean: laser" in error.getvalue()
    with pytest.raises(CommandError, match="no account nobody"):
        found("--as", "nobody")
    with pytest.raises(CommandError, match="from 1 to 1000"):
        found("--limit", "0")


def test_the_collection_is_in_the_sites_own_index(engine: Engine) -> None:
    """The fixtures' engine is the database's own: on SQLite it ranks as the measured one does."""
    assert SearchDocument.objects.count() == len(COLLECTION)
    if connection.vendor == "sqlite":
        assert type(engine) is SqliteEngine
