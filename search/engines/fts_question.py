"""How FTS5 answers one question: what is found, weighed and counted.

The terms' table is always read first (CROSS JOIN keeps SQLite to that order): matching row by row took 7 s where this
takes 5 ms. A term has letters, digits and "_" only, so the quotes around it hold.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.engines.answers import Selection, source_weights
from search.engines.lengths import exact_weights, rough_weights
from search.engines.places import (
    CODED,
    DATED,
    DAY,
    ID,
    ID_BITS,
    LENGTHS,
    NUMBER,
    NUMBERED,
    Dated,
    by_day,
    day,
    day_of,
    is_coded,
    number_of,
    pk_of,
    span_of,
)
from search.engines.schema import HEADED
from search.parsing import Clause
from search.ranking import CANDIDATES, Candidate, Totals, saturated
from search.readings import Reading
from search.synonyms import Phrase

FEW = 1_000
"""Documents found, up to which their places are kept in memory while the question is worked on."""
COMMON = 5_000
"""Documents found, above which those that have it in title or codes go before all others without being weighed."""
MANY = 50_000
"""Documents found by a phrase, up to which their places are kept."""
TITLED = CANDIDATES
"""Documents titled so, from which on they go before others: they are what is put in order by search.ranking."""
AMONG = "IN (SELECT value FROM json_each(%s))"
_BEARING = "EXISTS (SELECT 1 FROM json_each(e.codes) WHERE value = %s)"
_FOUND = "SELECT rowid FROM search_index WHERE search_index MATCH %s"
_EXACT = "search_index.rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH %s)"
_OCCURRENCES = "SELECT doc, col FROM search_occurrence WHERE term = %s"
_LENGTHS = f"SELECT id, sz FROM search_index_docsize WHERE id {AMONG}"

_LENGTH = len(LENGTHS) - 1  # what is left of a place's length_of

Fetch = Callable[[str, Sequence[Any]], list[Any]]
Row = tuple[int, float, bool]
"""The place of what is found, its score, and whether it bears a code that was asked for."""


class Question:
    """See Answers. What few documents are found is remembered, so that FTS5 looks for it once."""

    def __init__(self, fetch: Fetch, numbers: Mapping[int, int], totals: Callable[[], Totals]) -> None:
        self._fetch = fetch
        self._totals = totals
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
        only: str = "",
    ) -> list[Candidate]:
        """See Answers."""
        if newest:
            return self._candidates(self._weighed(reading, selection, limit, offset, newest), reading, texts)
        few = self._places(reading)
        is_common = self._is_common(reading)
        alone = _alone(reading)
        if only and alone == (only,) and not is_common:
            return self._of_term(only, selection, limit, offset)
        if few is not None and not is_common:
            kept = self._passing(few, selection)
            if len(kept) <= limit and not offset:
                rows = [(at, 0.0, False) for at in kept]
            elif len(alone) > 1:
                rows = self._shortest(kept, reading, limit, offset)
            else:
                rows = self._weighed(reading, selection, limit, offset)
        elif is_common and not (reading.some or reading.headings):
            rows = self._titled_first(reading, selection, limit, offset)
        else:
            rows = self._weighed(reading, selection, limit, offset)
        return self._candidates(rows, reading, texts)

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
                if number in self._profile  # it may be of a profile that is new since
            ]
        return [
            (self._profile[number], span, count)
            for number, span, count in self._many_counted(reading, selection, firsts)
            if number in self._profile
        ]

    def _many_counted(
        self, reading: Reading, selection: Selection, firsts: Sequence[int]
    ) -> Iterator[tuple[int, int, int]]:
        """(number, span, how many). As one text, in FTS5's own order: to fetch as many rows, or to have SQLite group
        them, takes twice the time.
        """
        found, params = self._found(reading, selection)
        sql = f"SELECT group_concat(each) FROM (SELECT {DATED} AS each {found} ORDER BY search_index.rowid)"
        each = Dated(self._fetch(sql, params)[0][0] or "")
        self._counted[reading] = max(self._counted.get(reading, 0), len(each))
        return each.counted(firsts)

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """See Answers."""
        few = self._places(reading)
        if few is not None:
            asked = json.dumps([pk_of(at) for at in self._passing(few, selection) if is_coded(at)])
            sql = f"SELECT group_concat(codes) FROM search_entry WHERE id {AMONG}"
            several = json.loads(f"[{self._fetch(sql, [asked])[0][0] or ''}]")
            return Counter(code for codes in several for code in dict.fromkeys(codes))
        found, params = self._found(reading, selection, entries=True)
        found = found.replace("search_entry e", "search_entry e CROSS JOIN json_each(e.codes) code", 1)
        return dict(self._fetch(f"SELECT code.value, COUNT(*) {found} GROUP BY 1", params))

    def _places(self, reading: Reading) -> list[int] | None:
        """Where all that is found stands, if it is few; of a phrase, which takes FTS5 long to find, if it is not MANY."""
        if reading not in self._few:
            most = MANY if len(_alone(reading)) > 1 else FEW
            sql = f"SELECT group_concat(rowid) FROM ({_FOUND} LIMIT %s)"
            text = self._fetch(sql, [_expression(reading), most + 1])[0][0]
            places = list(map(int, text.split(","))) if text else []
            self._few[reading] = places if len(places) <= most else None
        return self._few[reading]

    def _passing(self, places: Sequence[int], selection: Selection) -> list[int]:
        """Those of them that the selection lets through."""
        numbers = {self._number[profile] for profile in selection.profiles if profile in self._number}
        is_all = len(numbers) == len(self._number)
        kept = list(places) if is_all else [at for at in places if at >> NUMBERED in numbers]
        if selection.since:
            first = day(selection.since)
            kept = [at for at in kept if day_of(at) >= first]
        if selection.only or selection.without:
            only, without = set(selection.only), set(selection.without)
            kept = [at for at in kept if pk_of(at) not in without and (not only or pk_of(at) in only)]
        if not (selection.code and kept):
            return kept
        kept = list(filter(is_coded, kept))
        sql = f"SELECT e.place FROM search_entry e WHERE e.id {AMONG} AND {_BEARING}"
        bearing = {at for (at,) in self._fetch(sql, [json.dumps(list(map(pk_of, kept))), selection.code])}
        return [at for at in kept if at in bearing]

    def _is_common(self, reading: Reading) -> bool:
        if (few := self._places(reading)) is not None:
            return len(few) > COMMON
        if reading in self._counted:
            return self._counted[reading] > COMMON
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH %s LIMIT %s)"
        return bool(self._fetch(sql, [_expression(reading), COMMON + 1])[0][0] > COMMON)

    def _titled_first(self, reading: Reading, selection: Selection, limit: int, offset: int) -> list[Row]:
        """Of what is common, those titled so, if there are enough of them, and then the others: to weigh 50,000 documents
        takes 45 ms, to find those titled so 2 ms.
        """
        first = self._weighed(replace(reading, headings=True), selection, TITLED, 0)
        if len(first) < TITLED:
            return self._weighed(reading, selection, limit, offset)
        end = offset + limit
        rest: list[Row] = []
        if end > TITLED:
            others = replace(selection, without=[*selection.without, *(pk_of(at) for at, *_ in first)])
            rest = self._weighed(reading, others, end - max(offset, TITLED), max(0, offset - TITLED))
        return [*first[offset:end], *rest]

    def _shortest(self, places: Sequence[int], reading: Reading, limit: int, offset: int) -> list[Row]:
        """Those places, where a phrase stands, the best first as far as headings and lengths tell: bm25() would look
        for the phrase twice more.
        """
        headed = _expression(replace(reading, headings=True))
        titled = {at for (at,) in self._fetch(_FOUND, [headed])}
        stands = [(at, "title" if at in titled else "body") for at in places]
        everything = Selection(list(self._number))  # they are what has passed already
        return [(at, often, False) for at, often in self._ordered(stands, everything, limit, offset)]

    def _weighed(
        self, reading: Reading, selection: Selection, limit: int, offset: int, newest: bool = False
    ) -> list[Row]:
        """What is found, the best or newest first."""
        weights = {
            weight: [self._number[profile] for profile in profiles if profile in self._number]
            for weight, profiles in source_weights().items()
        }
        weight = "".join(f" WHEN {NUMBER} {AMONG} THEN %s" for _ in weights)
        found, params = self._found(reading, selection, entries=newest)
        # bm25() is negative, the best the lowest; weights of title, codes, body, heading.
        score = (
            "0"
            if newest
            else f"-bm25(search_index, 6.0, 10.0, 1.0, 6.0) * {f'CASE{weight} ELSE 1 END' if weights else '1'}"
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

    def _candidates(self, rows: Sequence[Row], reading: Reading, texts: bool) -> list[Candidate]:
        """Those that are still there, with their terms.

        These are read from FTS5's own table of contents, at two thirds of what asking FTS5 for them takes.
        """
        if not rows:
            return []
        terms = {
            at: (title, codes, body or "")
            for at, title, codes, body in self._fetch(
                f"SELECT id, c0, c1, {'c2' if texts else 'NULL'} FROM search_index_content WHERE id {AMONG}",
                [json.dumps([row[0] for row in rows])],
            )
        }
        codes = frozenset(reading.codes)
        weight_of = self._source_weights()
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

    def _of_term(self, term: str, selection: Selection, limit: int, offset: int) -> list[Candidate]:
        """As `best` has them: weighed by where the term stands in them, which takes a third of reading them."""
        sql, params = _OCCURRENCES, [term]
        numbers = {self._number[profile] for profile in selection.profiles if profile in self._number}
        if len(numbers) < len(self._number):  # others need not be looked up
            sql, params = f"{sql} AND doc >> {NUMBERED} {AMONG}", [term, json.dumps(list(numbers))]
        found = self._ordered(self._fetch(sql, params), selection, limit, offset)
        weight_of = self._source_weights()
        return [
            Candidate(
                pk_of(at),
                title="",
                codes="",
                text="",
                weight=weight_of.get(number_of(at), 1.0),
                score=saturated(often) * weight_of.get(number_of(at), 1.0),
                profile=self._profile[number_of(at)],
                occurrences=often,
            )
            for at, often in found
            if number_of(at) in self._profile
        ]

    def _ordered(
        self, stands: Sequence[tuple[int, str]], selection: Selection, limit: int, offset: int
    ) -> list[tuple[int, float]]:
        """Places, the best first, and how often what was asked for stands there, as Totals.weigh has it. `stands` are a
        place and a column for each time.

        A place tells roughly how long its text is. How long just is looked up for those that may be the CANDIDATES.
        """
        totals = self._totals()
        rough = rough_weights(totals)
        found: dict[int, float] = {}
        for at, column in stands:
            found[at] = found.get(at, 0.0) + rough[column][at >> ID_BITS & _LENGTH]
        scores = self._scores(found)
        ranked = sorted(self._passing(list(found), selection), key=scores.__getitem__, reverse=True)
        first, rest = ranked[: 2 * CANDIDATES], ranked[2 * CANDIDATES :]
        lengths = dict(self._fetch(_LENGTHS, [json.dumps(first)]))
        weights = exact_weights(totals)
        # Others may have taken some out since.
        exact = dict.fromkeys(filter(lengths.__contains__, first), 0.0)
        for at, column in stands:
            if at in exact:
                exact[at] += weights[lengths[at]][column]
        scores = self._scores(exact)
        ranked = [*sorted(exact, key=scores.__getitem__, reverse=True), *rest]
        return [(at, exact.get(at, found[at])) for at in ranked[offset : offset + limit]]

    def _scores(self, often: Mapping[int, float]) -> Mapping[int, float]:
        """In what order places stand where it does so often: the higher, the better."""
        weight_of = self._source_weights()
        if not weight_of:
            return often
        return {at: saturated(times) * weight_of.get(number_of(at), 1.0) for at, times in often.items()}

    def _source_weights(self) -> dict[int, float]:
        """Number of a profile -> the weight of its source, where it is not 1."""
        return {
            self._number[profile]: weight
            for weight, profiles in source_weights().items()
            for profile in profiles
            if profile in self._number
        }

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
            sql += f" AND {NUMBER} {AMONG}"
            params.append(json.dumps([self._number[pk] for pk in profiles if pk in self._number]))
        if selection.since:
            sql, params = f"{sql} AND {DAY} >= %s", [*params, day(selection.since)]
        if selection.code:
            sql, params = f"{sql} AND {CODED} AND {_BEARING}", [*params, selection.code]
        for pks, negated in ((selection.only, ""), (selection.without, "NOT ")):
            if pks:
                sql, params = f"{sql} AND {ID} {negated}{AMONG}", [*params, json.dumps(list(pks))]
        return sql, params


def _alone(reading: Reading) -> Phrase:
    """The one phrase that the reading asks for, in one form; else ()."""
    if reading.some or reading.codes or reading.headings or len(reading.all) != 1:
        return ()
    clause = reading.all[0]
    return clause.alternatives[0] if len(clause.alternatives) == 1 and not clause.prefix else ()


def _expression(reading: Reading) -> str:
    """The reading in FTS5's own language."""
    before = HEADED if reading.headings else ""
    parts = [_clause(clause, before) for clause in reading.all]
    if reading.some:
        parts.append("(" + " OR ".join(_clause(clause, before) for clause in reading.some) + ")")
    words = f"({' AND '.join(parts)})" if parts else ""
    codes = _any_code(reading.codes) if reading.codes else ""
    return " OR ".join(filter(None, [words, codes]))


def _clause(clause: Clause, before: str) -> str:
    suffix = "*" if clause.prefix else ""
    phrases = (" ".join(before + term for term in phrase) for phrase in clause.alternatives)
    return "(" + " OR ".join(f'"{phrase}"{suffix}' for phrase in phrases) + ")"


def _any_code(codes: Sequence[str]) -> str:
    return "codes : (" + " OR ".join(f'"{code}"' for code in codes) + ")"
