"""SQLite's FTS5 over finished terms. In Django's own database the index commits and rolls back with the data.

The tables: `search_index` has the terms, and `search_entry` beside it what rows are filtered and counted by, both
by SearchDocument.id. The terms' table is always read first (CROSS JOIN keeps SQLite to that order): matching row by
row took 7 s where this takes 5 ms. A term has letters, digits and "_" only, so the quotes around it hold.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from search import documents
from search.documents import Entry, entry_of, in_batches
from search.engine import Again
from search.engines.terms import Selection, TermEngine, source_weights
from search.models import SearchDocument, SearchProfile
from search.parsing import Clause
from search.ranking import Candidate, Totals
from search.readings import Reading
from search.registry import DocumentData

_FOUND = """
    FROM search_index CROSS JOIN search_entry e
    WHERE e.id = search_index.rowid AND search_index MATCH %s
    AND e.profile IN (SELECT value FROM json_each(%s))"""
_BEARS = " AND EXISTS (SELECT 1 FROM json_each(e.codes) WHERE value = %s)"
COMMON = 5_000
"""Documents found, above which those that have it in title or codes go before all others without being weighed."""
MANY = 1_000
"""Documents above which a term's number of them is remembered."""
_EXACT = "search_index.rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH %s)"


class SqliteTerms(TermEngine):
    """Answers from the tables of search.engines.schema, which may lie in another database than the documents."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(using)
        # term -> documents in all when it was counted, and with it
        self._many: dict[str, tuple[int, int]] = {}

    def connection(self) -> Any:
        """Django's connection to the database of the terms."""
        return connections[self.using]

    def write(self, entries: Iterable[Entry]) -> None:
        """Put these entries in the place of what was there."""
        rows = list(entries)
        with self.connection().cursor() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO search_index (rowid, title, codes, body) VALUES (%s, %s, %s, %s)",
                [(row.pk, row.title_terms, row.code_terms, row.text_terms) for row in rows],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO search_entry (id, revision, profile, updated, codes)"
                " VALUES (%s, %s, %s, %s, %s)",
                [
                    (row.pk, row.revision, row.profile, row.updated, json.dumps(list(row.codes)))
                    for row in rows
                ],
            )

    # Asking

    def best(
        self, reading: Reading, selection: Selection, *, limit: int, offset: int = 0, newest: bool = False
    ) -> list[Candidate]:
        """See TermEngine.best. To weigh 50,000 documents takes 45 ms, to find those titled so 2 ms."""
        if not (newest or offset or reading.some or reading.headings) and self._is_common(reading):
            titled = self._best(replace(reading, headings=True), selection, limit, offset, newest)
            if len(titled) == limit:
                return titled
        return self._best(reading, selection, limit, offset, newest)

    def _is_common(self, reading: Reading) -> bool:
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH %s LIMIT %s)"
        return self._fetch(sql, [_expression(reading), COMMON + 1])[0][0] > COMMON

    def _best(
        self, reading: Reading, selection: Selection, limit: int, offset: int, newest: bool
    ) -> list[Candidate]:
        weights = source_weights(selection.profiles)
        weight = "".join(" WHEN e.profile IN (SELECT value FROM json_each(%s)) THEN %s" for _ in weights)
        found, params = _found(reading, selection)
        # bm25() is negative, the best the lowest; weights of title, codes, body.
        sql = f"""
            SELECT search_index.rowid, {f"CASE{weight} ELSE 1 END" if weights else "1"} AS weight,
                {"0" if newest else "-bm25(search_index, 6.0, 10.0, 1.0)"} AS score,
                {_EXACT if reading.codes else "0"} AS exact {found}
            ORDER BY {"e.updated" if newest else "exact DESC, score * weight"} DESC, 1 LIMIT %s OFFSET %s"""
        rows = self._fetch(
            sql,
            [
                *(value for weight, pks in weights.items() for value in (json.dumps(pks), weight)),
                *([_any_code(reading.codes)] if reading.codes else []),
                *params,
                limit,
                offset,
            ],
        )
        slots = ", ".join("%s" for _ in rows)
        terms = {
            pk: (title, codes, body)
            for pk, title, codes, body in self._fetch(
                f"SELECT rowid, title, codes, body FROM search_index WHERE rowid IN ({slots})",
                [row[0] for row in rows],
            )
        }
        return [
            Candidate(pk, *terms[pk], weight=weight, score=score * weight, exact=bool(exact))
            for pk, weight, score, exact in rows
            if pk in terms  # taken out since, by somebody else
        ]

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """See TermEngine.counts."""
        found, params = _found(reading, selection)
        cases = "".join(f" WHEN e.updated >= %s THEN {span}" for span in range(len(spans)))
        sql = f"SELECT e.profile, CASE{cases} ELSE {len(spans)} END AS span, COUNT(*) {found} GROUP BY 1, 2"
        return self._fetch(sql, [*spans, *params])

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """See TermEngine.code_counts."""
        found, params = _found(reading, selection)
        found = found.replace("search_entry e", "search_entry e CROSS JOIN json_each(e.codes) code", 1)
        return dict(self._fetch(f"SELECT code.value, COUNT(*) {found} GROUP BY 1", params))

    def totals(self) -> Totals:
        """See search.ranking.Statistics.

        FTS5 keeps them itself: row 1 of its data is varints, the number of rows and then of each column's terms
        (the averages record in SQLite's ext/fts5/fts5_index.c).
        """
        rows = self._fetch("SELECT block FROM search_index_data WHERE id = 1", [])
        documents, titles, _codes, texts = list(_varints(bytes(rows[0][0])))[:4] or [0, 0, 0, 0]
        return Totals(documents, titles, texts)

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics.

        FTS5 counts a term's documents one by one. What stands in many of them is remembered until one in a hundred
        of all documents has come or gone: ranking hardly tells 10,000 from 10,100.
        """
        total = self.totals().documents
        found = {
            term: frequency
            for term in terms
            for then, frequency in [self._many.get(term, (0, 0))]
            if frequency and abs(then - total) * 100 <= total
        }
        unknown = [term for term in terms if term not in found]
        slots = ", ".join("%s" for _ in unknown)
        counted = self._fetch(f"SELECT term, doc FROM search_vocabulary WHERE term IN ({slots})", unknown)
        self._many |= {term: (total, frequency) for term, frequency in counted if frequency > MANY}
        return found | dict(counted)

    def _fetch(self, sql: str, params: Sequence[Any]) -> list[Any]:
        with self.connection().cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()


class SqliteEngine(SqliteTerms):
    """See search.engine.Engine. The index lies in the database of the documents, and is written with them."""

    def index(self, documents_: Iterable[DocumentData]) -> int:
        """See Engine.index."""
        count = 0
        for batch in in_batches(documents_):
            with transaction.atomic(using=self.using):
                stored = documents.save(batch, self.using)
                self.write(map(entry_of, stored))
            count += len(stored)
        return count

    def delete(self, source: str, ids: Iterable[object]) -> int:
        """See Engine.delete. A trigger takes the terms out with the document."""
        count = 0
        for batch in in_batches(map(str, ids)):
            stored = SearchDocument.objects.using(self.using).filter(source=source, object_id__in=batch)
            count += stored.delete()[0]
        return count

    def rebuild(self, documents_: Iterable[DocumentData], again: Again | None = None) -> int:
        """See Engine.rebuild. One transaction: readers see the old index until it commits."""
        with transaction.atomic(using=self.using):
            with connections[self.using].cursor() as cursor:
                cursor.execute("DELETE FROM search_index")
                cursor.execute("DELETE FROM search_entry")
            SearchDocument.objects.using(self.using).all().delete()
            SearchProfile.objects.using(self.using).all().delete()
            count = self.index(documents_)
            with connections[self.using].cursor() as cursor:
                cursor.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
        return count


def _found(reading: Reading, selection: Selection) -> tuple[str, list[Any]]:
    """From where on the SQL is the same, and its parameters."""
    sql = _FOUND
    params: list[Any] = [_expression(reading), json.dumps(selection.profiles)]
    if selection.since:
        sql, params = sql + " AND e.updated >= %s", [*params, selection.since]
    if selection.code:
        sql, params = sql + _BEARS, [*params, selection.code]
    for pks, negated in ((selection.only, ""), (selection.without, "NOT ")):
        if pks:
            sql += f" AND e.id {negated}IN (SELECT value FROM json_each(%s))"
            params.append(json.dumps(pks))
    return sql, params


def _expression(reading: Reading) -> str:
    """The reading in FTS5's own language."""
    parts = list(map(_clause, reading.all))
    if reading.some:
        parts.append("(" + " OR ".join(map(_clause, reading.some)) + ")")
    words = f"({' AND '.join(parts)})" if parts else ""
    if words and reading.headings:
        words = "{title codes} : " + words
    codes = _any_code(reading.codes) if reading.codes else ""
    return " OR ".join(filter(None, [words, codes]))


def _clause(clause: Clause) -> str:
    suffix = "*" if clause.prefix else ""
    return "(" + " OR ".join(f'"{" ".join(phrase)}"{suffix}' for phrase in clause.alternatives) + ")"


def _any_code(codes: Sequence[str]) -> str:
    return "codes : (" + " OR ".join(f'"{code}"' for code in codes) + ")"


def _varints(block: bytes) -> Iterator[int]:
    """The numbers of a block: seven bits a byte, the highest first, and one more bit where another byte follows."""
    value = 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            yield value
            value = 0
