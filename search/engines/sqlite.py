"""SQLite's FTS5 in Django's own database, so the index commits and rolls back with the data."""

from collections.abc import Sequence
from typing import ClassVar

from django.db import connection

from search.analysis import MARK, Terms
from search.engines.database import DatabaseEngine, Row
from search.parsing import ParsedQuery, Phrase


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
        return "{title codes} : (" + self.expression(parsed, relaxed=False) + ")"

    def _write(self, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO search_index (rowid, title, codes, body) VALUES (%s, %s, %s, %s)",
                [(row.rowid, _joined(row.title), _joined(row.codes), _joined(row.body)) for row in rows],
            )

    def _optimise(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")


def _joined(terms: Terms) -> str:
    return " ".join([*terms.stream, MARK, *terms.extra])
