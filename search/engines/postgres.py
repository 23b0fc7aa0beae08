"""PostgreSQL's full-text search over the same terms: a tsvector with a GIN index, analysed in Python."""

from collections.abc import Sequence
from typing import ClassVar

from django.db import connections

from search.analysis import MARK, Terms
from search.engines.database import DatabaseEngine, Row
from search.parsing import ParsedQuery, Phrase

_MAX_POSITION = 16_383  # of a tsvector; later ones all count as the last
_MAX_POSITIONS = 255  # of one lexeme


class PostgresEngine(DatabaseEngine):
    """tsvector and tsquery are written out and cast, so no text search configuration changes a term."""

    AND: ClassVar[str] = " & "
    OR: ClassVar[str] = " | "
    match_sql: ClassVar[str] = "search_index.terms @@ %s::tsquery"
    # Weights of D, C, B, A: body, none, title, codes. 1 divides by the logarithm of the length.
    rank_sql: ClassVar[str] = "ts_rank('{0.1, 0.2, 0.6, 1.0}', search_index.terms, %s::tsquery, 1)"
    exact_sql: ClassVar[str] = "(search_index.terms @@ %s::tsquery)"
    model_sql: ClassVar[str] = "(d.models = '[]' OR d.models @> to_jsonb(%s::text))"

    def phrase(self, phrase: Phrase, *, prefix: bool) -> str:
        """See DatabaseEngine.phrase."""
        return self._phrase(phrase, ":*" if prefix else "")

    def _phrase(self, phrase: Phrase, suffix: str, weights: str = "") -> str:
        *firsts, last = phrase
        ends = f":{weights}" if weights and not suffix else f"{suffix}{weights}"
        lexemes = [f"'{term}'" + (f":{weights}" if weights else "") for term in firsts]
        return "(" + " <-> ".join([*lexemes, f"'{last}'{ends}"]) + ")"

    def rank_params(self, expression: str) -> list[str]:
        """See DatabaseEngine.rank_params."""
        return [expression]

    def exact_expression(self, codes: Sequence[str]) -> str:
        """See DatabaseEngine.exact_expression."""
        return self.OR.join(f"'{code}':A" for code in codes or [MARK * 2])

    def heading_expression(self, parsed: ParsedQuery) -> str:
        """See DatabaseEngine.heading_expression."""
        clauses = []
        for clause in parsed.clauses:
            suffix = ":*" if clause.prefix else ""
            clauses.append(self.OR.join(self._phrase(p, suffix, "AB") for p in clause.alternatives))
        return self.AND.join(f"({clause})" for clause in clauses)

    def _write(self, rows: Sequence[Row]) -> None:
        with connections[self.using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO search_index (rowid, terms)"
                " SELECT rowid, terms::tsvector FROM unnest(%s::bigint[], %s::text[]) AS new (rowid, terms)"
                " ON CONFLICT (rowid) DO UPDATE SET terms = excluded.terms",
                [[row.rowid for row in rows], [_tsvector(row) for row in rows]],
            )


def _tsvector(row: Row) -> str:
    """The row as a tsvector literal: titles weigh B, codes A, the body D."""
    places: dict[str, list[str]] = {}
    position = 0
    for terms, weight in ((row.codes, "A"), (row.title, "B"), (row.body, "")):
        for term in _sequence(terms):
            position = min(position + 1, _MAX_POSITION)
            if term != MARK:
                found = places.setdefault(term, [])
                if len(found) < _MAX_POSITIONS:
                    found.append(f"{position}{weight}")
    return " ".join(f"'{term}':{','.join(found)}" for term, found in places.items())


def _sequence(terms: Terms) -> list[str]:
    return [*terms.stream, MARK, *terms.extra, MARK]
