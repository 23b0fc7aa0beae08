"""SQLite's FTS5 over finished terms: how rows are written, found and counted.

The tables: `search_index` has the terms, its rowids being `search.engines.places`; `search_entry` has by
SearchDocument.id where that is, and what else is known of it; `search_number` the profiles' numbers. The terms'
table is always read first (CROSS JOIN keeps SQLite to that order): matching row by row took 7 s where this takes
5 ms. A term has letters, digits and "_" only, so the quotes around it hold.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from search.documents import Entry
from search.engines.answers import Answers, Selection, source_weights
from search.engines.places import DAY, ID, NUMBER, by_day, day, day_of, number_of, pk_of, place, span_of
from search.engines.terms import TermEngine
from search.parsing import Clause
from search.ranking import Candidate, Totals
from search.readings import Reading

FEW = 1_000
"""Documents found, up to which their places are kept in memory while the question is worked on."""
COMMON = 5_000
"""Documents found, above which those that have it in title or codes go before all others without being weighed."""
MANY = 1_000
"""Documents above which a term's number of them is remembered."""
_BEARING = "EXISTS (SELECT 1 FROM json_each(e.codes) WHERE value = %s)"
_EXACT = "search_index.rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH %s)"
_AMONG = "IN (SELECT value FROM json_each(%s))"
# Profiles and their numbers that have all this in common are the same.
_STATE = "SELECT COUNT(*), SUM(profile % 1000003 * (number % 999983)) FROM search_number"

Fetch = Callable[[str, Sequence[Any]], list[Any]]


class FtsTerms(TermEngine):
    """Answers from the tables of search.engines.schema, which may lie in another database than the documents."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(using)
        # term -> documents in all when it was counted, and with it
        self._many: dict[str, tuple[int, int]] = {}
        self._numbered: tuple[object, Mapping[int, int]] = (None, {})

    def connection(self) -> Any:
        """Django's connection to the database of the terms."""
        return connections[self.using]

    def write(self, entries: Iterable[Entry]) -> None:
        """Put these entries in the place of what was there."""
        rows = list(entries)
        with self.connection().cursor() as cursor:
            asked = json.dumps([row.pk for row in rows])
            cursor.execute(f"SELECT place FROM search_entry WHERE id {_AMONG}", [asked])
            before = {was for (was,) in cursor.fetchall()}
            numbers = self._number({row.profile for row in rows}, cursor)
            # FTS5 gathers what it writes for as long as the rowids rise.
            places = sorted(
                ((place(numbers[row.profile], row.updated, row.pk), row) for row in rows),
                key=lambda placed: placed[0],
            )
            if moved := before.difference(at for at, _row in places):
                cursor.executemany("DELETE FROM search_index WHERE rowid = %s", [(was,) for was in moved])
            cursor.executemany(
                "INSERT OR REPLACE INTO search_index (rowid, title, codes, body) VALUES (%s, %s, %s, %s)",
                [(at, row.title_terms, row.code_terms, row.text_terms) for at, row in places],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO search_entry (id, place, revision, updated, codes)"
                " VALUES (%s, %s, %s, %s, %s)",
                [(row.pk, at, row.revision, row.updated, json.dumps(list(row.codes))) for at, row in places],
            )

    # Asking

    def asking(self) -> Answers:
        """See TermEngine.asking."""
        return _Question(self._fetch, self._numbers())

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
        if not unknown:
            return found
        slots = ", ".join("%s" for _ in unknown)
        counted = self._fetch(f"SELECT term, doc FROM search_vocabulary WHERE term IN ({slots})", unknown)
        self._many |= {term: (total, frequency) for term, frequency in counted if frequency > MANY}
        return found | dict(counted)

    def _fetch(self, sql: str, params: Sequence[Any]) -> list[Any]:
        with self.connection().cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def _numbers(self) -> Mapping[int, int]:
        """Profile -> its number in the index."""
        state = self._fetch(_STATE, [])[0]
        if state != self._numbered[0]:
            self._numbered = state, dict(self._fetch("SELECT profile, number FROM search_number", []))
        return self._numbered[1]

    def _number(self, profiles: Collection[int], cursor: Any) -> Mapping[int, int]:
        """The same for these, which get one if they have none."""
        asked = json.dumps(list(profiles))
        known: dict[int, int] = {}
        for _time in range(2):
            cursor.execute(f"SELECT profile, number FROM search_number WHERE profile {_AMONG}", [asked])
            known = dict(cursor.fetchall())
            if len(known) < len(profiles):
                cursor.executemany(
                    "INSERT INTO search_number (profile) VALUES (%s)",
                    [(profile,) for profile in sorted(profiles - known.keys())],
                )
        return known


class _Question:
    """See Answers. What few documents are found is remembered, so that FTS5 looks for it once."""

    def __init__(self, fetch: Fetch, numbers: Mapping[int, int]) -> None:
        self._fetch = fetch
        self._number = numbers
        self._profile = {number: profile for profile, number in numbers.items()}
        self._few: dict[Reading, list[int] | None] = {}
        self._counted: dict[Reading, int] = {}

    def best(
        self,
        reading: Reading,
        selection: Selection,
        *,
        limit: int,
        offset: int = 0,
        newest: bool = False,
        texts: bool = True,
    ) -> list[Candidate]:
        """See Answers. To weigh 50,000 documents takes 45 ms, to find those titled so 2 ms."""
        few = self._places(reading)
        if few is not None and not newest:
            kept = self._passing(few, selection)
            if len(kept) <= limit and not offset:
                return self._candidates([(at, 0.0, False) for at in kept], reading, texts)
        if (
            few is None
            and not (newest or offset or reading.some or reading.headings)
            and self._is_common(reading)
        ):
            titled = self._weighed(replace(reading, headings=True), selection, limit, offset, newest)
            if len(titled) == limit:
                return self._candidates(titled, reading, texts)
        return self._candidates(self._weighed(reading, selection, limit, offset, newest), reading, texts)

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """See Answers."""
        firsts = [day(since) for since in spans]
        few = self._places(reading)
        if few is not None:
            kept = self._passing(few, selection)
            return [
                (self._profile[number], span_of(day_, firsts), count)
                for (number, day_), count in by_day(kept).items()
            ]
        size = len(spans) + 1
        cases = "".join(f" WHEN {DAY} >= {first} THEN {span}" for span, first in enumerate(firsts))
        found, params = self._found(reading, selection)
        # As one text: to fetch as many rows, or to have SQLite group them, takes twice the time.
        sql = f"SELECT group_concat({NUMBER} * {size} + CASE{cases} ELSE {len(spans)} END) {found}"
        text = self._fetch(sql, params)[0][0]
        counted = Counter(text.split(",")) if text else Counter()
        self._counted[reading] = max(self._counted.get(reading, 0), counted.total())
        parts = ((*divmod(int(both), size), count) for both, count in counted.items())
        return [
            (self._profile[number], span, count) for number, span, count in parts if number in self._profile
        ]

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """See Answers."""
        few = self._places(reading)
        if few is not None:
            asked = json.dumps([pk_of(at) for at in self._passing(few, selection)])
            rows = self._fetch(f"SELECT codes FROM search_entry WHERE id {_AMONG} AND codes != '[]'", [asked])
            return Counter(code for (codes,) in rows for code in dict.fromkeys(json.loads(codes)))
        found, params = self._found(reading, selection, entries=True)
        found = found.replace("search_entry e", "search_entry e CROSS JOIN json_each(e.codes) code", 1)
        return dict(self._fetch(f"SELECT code.value, COUNT(*) {found} GROUP BY 1", params))

    def _places(self, reading: Reading) -> list[int] | None:
        """Where all that is found stands, if it is few."""
        if reading not in self._few:
            sql = "SELECT rowid FROM search_index WHERE search_index MATCH %s LIMIT %s"
            rows = self._fetch(sql, [_expression(reading), FEW + 1])
            self._few[reading] = [at for (at,) in rows] if len(rows) <= FEW else None
        return self._few[reading]

    def _passing(self, places: Sequence[int], selection: Selection) -> list[int]:
        """Those of them that the selection lets through."""
        numbers = {self._number[profile] for profile in selection.profiles if profile in self._number}
        kept = [at for at in places if number_of(at) in numbers]
        if selection.since:
            first = day(selection.since)
            kept = [at for at in kept if day_of(at) >= first]
        if selection.only or selection.without:
            only, without = set(selection.only), set(selection.without)
            kept = [at for at in kept if pk_of(at) not in without and (not only or pk_of(at) in only)]
        if not (selection.code and kept):
            return kept
        sql = f"SELECT e.place FROM search_entry e WHERE e.id {_AMONG} AND {_BEARING}"
        bearing = {at for (at,) in self._fetch(sql, [json.dumps(list(map(pk_of, kept))), selection.code])}
        return [at for at in kept if at in bearing]

    def _is_common(self, reading: Reading) -> bool:
        if reading in self._counted:
            return self._counted[reading] > COMMON
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH %s LIMIT %s)"
        return bool(self._fetch(sql, [_expression(reading), COMMON + 1])[0][0] > COMMON)

    def _weighed(
        self, reading: Reading, selection: Selection, limit: int, offset: int, newest: bool
    ) -> list[tuple[int, float, bool]]:
        """(place, score, whether it bears a code) of what is found, the best or newest first."""
        weights = {
            weight: [self._number[profile] for profile in profiles if profile in self._number]
            for weight, profiles in source_weights().items()
        }
        weight = "".join(f" WHEN {NUMBER} {_AMONG} THEN %s" for _ in weights)
        found, params = self._found(reading, selection, entries=newest)
        # bm25() is negative, the best the lowest; weights of title, codes, body.
        score = (
            "0"
            if newest
            else f"-bm25(search_index, 6.0, 10.0, 1.0) * {f'CASE{weight} ELSE 1 END' if weights else '1'}"
        )
        sql = f"""
            SELECT search_index.rowid, {score} AS score, {_EXACT if reading.codes else "0"} AS exact {found}
            ORDER BY {"e.updated" if newest else "exact DESC, score"} DESC, {ID} LIMIT %s OFFSET %s"""
        return self._fetch(
            sql,
            [
                *(
                    value
                    for weight, numbers in ({} if newest else weights).items()
                    for value in (json.dumps(numbers), weight)
                ),
                *([_any_code(reading.codes)] if reading.codes else []),
                *params,
                limit,
                offset,
            ],
        )

    def _candidates(
        self, rows: Sequence[tuple[int, float, bool]], reading: Reading, texts: bool
    ) -> list[Candidate]:
        """Those of (place, score, whether it bears a code) that are still there, with their terms.

        These are read from FTS5's own table of contents, at two thirds of what asking FTS5 for them takes.
        """
        terms = {
            at: (title, codes, body or "")
            for at, title, codes, body in self._fetch(
                f"SELECT id, c0, c1, {'c2' if texts else 'NULL'} FROM search_index_content WHERE id {_AMONG}",
                [json.dumps([row[0] for row in rows])],
            )
        }
        codes = frozenset(reading.codes)
        weight_of = {
            self._number.get(profile): weight
            for weight, profiles in source_weights().items()
            for profile in profiles
        }
        return [
            Candidate(
                pk_of(at),
                *terms[at],
                weight=weight_of.get(number_of(at), 1.0),
                score=score,
                exact=bool(exact) or not codes.isdisjoint(terms[at][1].split()),
                profile=self._profile[number_of(at)],
            )
            for at, score, exact in rows
            # Others may have taken it out since, or have put in what is of a new profile.
            if at in terms and number_of(at) in self._profile
        ]

    def _found(
        self, reading: Reading, selection: Selection, *, entries: bool = False
    ) -> tuple[str, list[Any]]:
        """From where on the SQL is the same, and its parameters. With `entries`, beside what is known of each."""
        sql = "FROM search_index WHERE search_index MATCH %s"
        if entries or selection.code:
            sql = f"FROM search_index CROSS JOIN search_entry e WHERE e.id = {ID} AND search_index MATCH %s"
        params: list[Any] = [_expression(reading)]
        profiles = set(selection.profiles)
        if not profiles >= self._number.keys():
            sql += f" AND {NUMBER} {_AMONG}"
            params.append(json.dumps([self._number[pk] for pk in profiles if pk in self._number]))
        if selection.since:
            sql, params = f"{sql} AND {DAY} >= %s", [*params, day(selection.since)]
        if selection.code:
            sql, params = f"{sql} AND {_BEARING}", [*params, selection.code]
        for pks, negated in ((selection.only, ""), (selection.without, "NOT ")):
            if pks:
                sql, params = f"{sql} AND {ID} {negated}{_AMONG}", [*params, json.dumps(list(pks))]
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
