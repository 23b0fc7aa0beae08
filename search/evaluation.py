"""How good the search is, against judged questions: a folder in BEIR's form, through the analysis and ranking in use.

BEIR: corpus.jsonl (`_id`, `title`, `text`), queries.jsonl (`_id`, `text`), qrels/test.tsv (query, document, grade; or as
TREC has it: query, 0, document, grade).
"""

import json
import math
import re
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.utils.translation import gettext as _

from search.engine import Engine, SearchQuery
from search.engines.beside import ElasticBeside, SidecarBeside
from search.engines.sqlite import SqliteEngine
from search.meaning.nearest import forget
from search.registry import DocumentData
from search.term_groups import TermGroup

DEPTH = 100
"""Hits asked for a question."""

ENGINES = ("sqlite", "sidecar", "elasticsearch")

_SCOPE = "evaluation"
_PARTING = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")  # a tab, and wherever str.splitlines() parts
BESIDE = "search_beside"
"""The database of the index that a folder is measured in."""

Grades = Mapping[str, int]
"""Document -> how relevant it is to a question, above 0."""


class UnfitFolder(Exception):
    """The folder is not in BEIR's form; says which file and line."""


@dataclass(frozen=True)
class Questions:
    """What a folder holds: its documents, its questions by id, and the grades of each judged question."""

    documents: Sequence[DocumentData]
    texts: Mapping[str, str]
    grades: Mapping[str, Grades]

    @property
    def absent(self) -> int:
        """How many judged documents are not there, and so cannot be found."""
        there = {document.object_id for document in self.documents}
        return len({document for judged in self.grades.values() for document in judged} - there)


@dataclass(frozen=True)
class Answer:
    """What was found for a question: (document, score), the best first, and how long it took, in ms."""

    found: Sequence[tuple[str, float]]
    took: float


def read(folder: Path) -> Questions:
    """The folder's content. Raises UnfitFolder."""
    documents: dict[str, DocumentData] = {}
    for where, row in _rows(folder / "corpus.jsonl"):
        key = _key(row, where)
        if key in documents:
            raise UnfitFolder(
                _("%(where)s: document %(document)s is there twice.") % {"where": where, "document": key}
            )
        documents[key] = DocumentData(
            source="evaluation",
            object_id=key,
            title=_text(row, "title", where, required=False),
            text=_text(row, "text", where),
            url="",
            scope=_SCOPE,
            updated_at=datetime.now(UTC),
        )
    if not documents:
        raise UnfitFolder(_("%(folder)s: no document.") % {"folder": folder})
    texts: dict[str, str] = {}
    for where, row in _rows(folder / "queries.jsonl"):
        key = _key(row, where)
        if key in texts:
            raise UnfitFolder(
                _("%(where)s: question %(query)s is there twice.") % {"where": where, "query": key}
            )
        texts[key] = _text(row, "text", where)
    grades: dict[str, dict[str, int]] = {}
    for where, line in _lines(folder / "qrels" / "test.tsv"):
        match _columns(line):
            case [query, document, grade] if re.fullmatch(r"-?[0-9]{1,9}", grade):
                if query not in texts:
                    raise UnfitFolder(
                        _("%(where)s: no question %(query)s.") % {"where": where, "query": query}
                    )
                if int(grade) > 0:
                    grades.setdefault(query, {})[document] = int(grade)
            case [_query, _document, _name] if where.endswith(":1"):
                pass  # its first line names the columns
            case _:
                raise UnfitFolder(
                    _("%(where)s: not a question, a document and a whole number.") % {"where": where}
                )
    if not grades:
        raise UnfitFolder(_("%(folder)s: no question is judged.") % {"folder": folder})
    return Questions(list(documents.values()), texts, grades)


@contextmanager
def index_beside(
    engine: str = "sqlite", *, with_terms: bool = False, meaning: bool = False
) -> Iterator[Engine]:
    """An empty index of that one of ENGINES that nothing else sees, for as long as the context lasts.

    What is measured is the search itself: the site's own term list counts only `with_terms`. With `meaning`, by
    meaning too: once it is filled, search.meaning.making.make(BESIDE) makes its vectors.
    """
    with tempfile.TemporaryDirectory() as folder:
        connections.databases[BESIDE] = {
            **connections["default"].settings_dict,
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(folder) / "index.sqlite3"),
            "OPTIONS": {},
            "TEST": {"NAME": None, "MIRROR": None, "CHARSET": None, "COLLATION": None, "MIGRATE": True},
        }
        try:
            call_command("migrate", "search", database=BESIDE, verbosity=0)
            if with_terms:
                TermGroup.objects.using(BESIDE).bulk_create(TermGroup.objects.all())
            if engine == "sqlite":
                embedded = SqliteEngine(BESIDE)
                embedded.by_meaning = meaning
                yield embedded
                return
            if engine == "sidecar":
                beside = SidecarBeside(BESIDE, Path(folder) / "search.sqlite3")
                beside.by_meaning = meaning
                try:
                    yield beside
                finally:
                    beside.file.close()
                return
            elastic = ElasticBeside(BESIDE, prefix=f"redline-evaluation-{uuid.uuid4().hex[:12]}")
            elastic.by_meaning = meaning
            try:
                yield elastic
            finally:
                elastic.indices.remove_all()
        finally:
            forget(BESIDE)
            connections[BESIDE].close()
            del connections[BESIDE], connections.databases[BESIDE]


def ask(engine: Engine, text: str) -> Answer:
    """What the engine finds first for a question."""
    started = time.perf_counter()
    results = engine.search(SearchQuery(text=text, scopes=frozenset([_SCOPE]), page_size=DEPTH))
    took = (time.perf_counter() - started) * 1000
    return Answer([(hit.document.object_id, hit.score) for hit in results.hits], took)


def measures(answers: Mapping[str, Answer], grades: Mapping[str, Grades]) -> dict[str, float]:
    """nDCG@10, recall@10, recall@100 and MRR@10, each the mean over the judged questions, and ms a query."""
    sums = {"ndcg@10": 0.0, "recall@10": 0.0, "recall@100": 0.0, "mrr@10": 0.0, "ms_per_query": 0.0}
    for query, relevant in grades.items():
        found = [document for document, _ in answers[query].found]
        ranks = [rank for rank, document in enumerate(found, 1) if document in relevant]
        sums["ndcg@10"] += _gain(
            relevant[found[rank - 1]] if rank in ranks else 0 for rank in range(1, 11)
        ) / _gain(sorted(relevant.values(), reverse=True)[:10])
        sums["recall@10"] += sum(rank <= 10 for rank in ranks) / len(relevant)
        sums["recall@100"] += sum(rank <= 100 for rank in ranks) / len(relevant)
        sums["mrr@10"] += 1 / ranks[0] if ranks and ranks[0] <= 10 else 0
        sums["ms_per_query"] += answers[query].took
    return {name: round(total / len(grades), 4) for name, total in sums.items()}


def _gain(grades: Any) -> float:
    """Discounted cumulative gain: each grade over the logarithm of its rank."""
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """("file:line", line) of each line that is not blank."""
    try:
        with path.open(
            encoding="utf-8-sig"
        ) as file:  # some programs begin a text with a mark of its encoding
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}:{number}", line.rstrip("\r\n")
    except OSError as error:
        raise UnfitFolder(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnfitFolder(_("%(path)s is not UTF-8.") % {"path": path}) from None


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise UnfitFolder(_("%(where)s: not a JSON object.") % {"where": where})
        yield where, row


def _columns(line: str) -> list[str]:
    """Query, document and grade, or whatever else there is. TREC has blanks between, and a column that nobody reads."""
    columns = line.split("\t")
    if len(columns) != 3 and len(blanks := line.split()) == 4:
        columns = [blanks[0], *blanks[2:]]
    return columns


def _key(row: Mapping[str, Any], where: str) -> str:
    """The row's `_id`; a number as it is written."""
    key = row.get("_id")
    if isinstance(key, int | float) and not isinstance(key, bool):
        return json.dumps(key)
    key = _text(row, "_id", where)
    if _PARTING.search(key):  # a run has it between tabs, and so have the judgements
        raise UnfitFolder(_("%(where)s: an id can have no tab and no line end.") % {"where": where})
    return key


def _text(row: Mapping[str, Any], name: str, where: str, *, required: bool = True) -> str:
    value = row.get(name) if required else row.get(name) or ""
    if not isinstance(value, str):
        raise UnfitFolder(_("%(where)s: no text “%(name)s”.") % {"where": where, "name": name})
    # Half a pair of surrogates is no character: no database takes it.
    return value.encode(errors="replace").decode()
