"""SQLite's FTS5 in Django's own database, so the index commits and rolls back with the data."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar

from django.db import connections

from search.analysis import MARK, Terms
from search.engines.database import DatabaseEngine, Row
from search.parsing import ParsedQuery, Phrase
from search.ranking import Candidate, Totals
from search.registry import sources


class SqliteEngine(DatabaseEngine):
    """FTS5 over finished terms. A term has letters, digits and "_" only, so the quotes around it hold."""

    AND: ClassVar[str] = " AND "
    OR: ClassVar[str] = " OR "
    # That index holds all that filtering and counting read; rows with their texts take twice the time.
    join_sql: ClassVar[str] = (
        "search_index CROSS JOIN search_searchdocument d INDEXED BY search_document_filters"
    )
    match_sql: ClassVar[str] = "search_index MATCH %s"
    # bm25() is negative, the best the lowest; weights of title, codes, body.
    rank_sql: ClassVar[str] = "-bm25(search_index, 6.0, 10.0, 1.0)"
    exact_sql: ClassVar[str] = (
        "search_index.rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH %s)"
    )
    model_sql: ClassVar[str] = (
        "(d.models = '[]' OR EXISTS (SELECT 1 FROM json_each(d.models) WHERE value = %s))"
    )

    def phrase(self, phrase: Phrase, *, prefix: bool) -> str:
        """See DatabaseEngine.phrase."""
        return f'"{" ".join(phrase)}"' + ("*" if prefix else "")

    def exact_expression(self, codes: Sequence[str]) -> str:
        """See DatabaseEngine.exact_expression."""
        return "codes : (" + self.OR.join(f'"{code}"' for code in codes or [MARK * 2]) + ")"

    def heading_expression(self, parsed: ParsedQuery) -> str:
        """See DatabaseEngine.heading_expression."""
        return "{title codes} : (" + self.everything(parsed) + ")"

    def _candidates(self, pks: Sequence[int]) -> list[Candidate]:
        """See DatabaseEngine."""
        weights = {source.name: source.weight for source in sources()}
        rows = self.fetch(
            "SELECT d.id, d.source, i.title, i.codes, i.body FROM search_index i"
            f" JOIN search_searchdocument d ON d.id = i.rowid WHERE i.rowid IN ({', '.join(['%s'] * len(pks))})",
            list(pks),
        )
        found = {
            pk: Candidate(pk, title, codes, body, weights.get(source, 1.0))
            for pk, source, title, codes, body in rows
        }
        return [found[pk] for pk in pks if pk in found]

    def totals(self) -> Totals:
        """See search.ranking.Statistics.

        FTS5 keeps them itself: row 1 of its data is varints, the number of rows and then of each column's terms
        (the averages record in SQLite's ext/fts5/fts5_index.c).
        """
        rows = self.fetch("SELECT block FROM search_index_data WHERE id = 1", [])
        documents, titles, _codes, texts = list(_varints(bytes(rows[0][0])))[:4] or [0, 0, 0, 0]
        return Totals(documents, titles, texts)

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics."""
        slots = ", ".join("%s" for _ in terms)
        return dict(
            self.fetch(f"SELECT term, doc FROM search_vocabulary WHERE term IN ({slots})", list(terms))
        )

    def _write(self, rows: Sequence[Row]) -> None:
        with connections[self.using].cursor() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO search_index (rowid, title, codes, body) VALUES (%s, %s, %s, %s)",
                [(row.rowid, _joined(row.title), _joined(row.codes), _joined(row.body)) for row in rows],
            )

    def _optimise(self) -> None:
        with connections[self.using].cursor() as cursor:
            cursor.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")


def _joined(terms: Terms) -> str:
    return " ".join([*terms.stream, MARK, *terms.extra])


def _varints(block: bytes) -> Iterator[int]:
    """The numbers of a block: seven bits a byte, the highest first, and one more bit where another byte follows."""
    value = 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            yield value
            value = 0
