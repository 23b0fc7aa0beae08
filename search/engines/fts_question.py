"""How FTS5 answers one question: what is found, weighed and counted.

The terms' table is always read first (CROSS JOIN keeps SQLite to that order): matching row by row took 7 s where this
takes 5 ms. A term has letters, digits and "_" only, so the quotes around it hold.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

from search.engines.answers import Selection, source_weights
from search.engines.places import (
    CODED,
    DATED,
    DAY,
    ID,
    NUMBER,
    NUMBERED,
    Dated,
    counted,
    day,
    day_of,
    is_coded,
    number_of,
    pk_of,
)
from search.engines.schema import HEADED
from search.engines.standing import AMONG, Fetch, Stands, in_order
from search.parsing import Clause
from search.ranking import CANDIDATES, Candidate, Statistics, saturated
from search.readings import Reading
from search.synonyms import Phrase

FEW = 5_000
"""Documents found, up to which their places are kept in memory while the question is worked on; of more, those that have
it in title or codes go before all others without being weighed.
"""
MANY = 50_000
"""Documents found by a phrase, up to which their places are kept."""
TITLED = CANDIDATES
"""Documents titled so, from which on they go before others: they are what is put in order by search.ranking."""
_BEARING = "EXISTS (SELECT 1 FROM json_each(e.codes) WHERE value = %s)"
_FOUND = "SELECT rowid FROM search_index WHERE search_index MATCH %s"
_EXACT = "search_index.rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH %s)"

Row = tuple[int, float, bool]
"""The place of what is found, its score, and whether it bears a code that was asked for."""


class Question:
    """See Answers. What few documents are found is remembered, so that FTS5 looks for it once."""

    def __init__(self, fetch: Fetch, numbers: Mapping[int, int], statistics: Statistics) -> None:
        self._fetch = fetch
        self._statistics = statistics
        self._number = numbers
        self._profile = {number: profile for profile, number in numbers.items()}
        self._few: dict[Reading, list[int] | None] = {}
        self._stood: dict[str, Stands] = {}

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
        alone = _alone(reading)
        if few is None or len(few) > FEW:
            is_wide = bool(reading.some or reading.headings)
            rows = (self._weighed if is_wide else self._titled_first)(reading, selection, limit, offset)
        elif only and alone == (only,):
            return self._of_term(only, selection, limit, offset)
        elif len(kept := self._passing(few, selection)) <= limit and not offset:
            rows = [(at, 0.0, False) for at in kept]
        elif alone:
            stands = self._stands_of_phrase(reading, kept) if len(alone) > 1 else self._stands(alone[0])
            rows = [(at, often, False) for at, often in self._ordered(stands, selection, limit, offset)]
        else:
            rows = self._weighed(reading, selection, limit, offset)
        return self._candidates(rows, reading, texts)

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """See Answers."""
        firsts = [day(since) for since in spans]
        few = self._places(reading)
        places = (
            self._many_dated(reading, selection) if few is None else sorted(self._passing(few, selection))
        )
        return [
            (self._profile[number], span, count)
            for number, span, count in counted(places, firsts)
            if number in self._profile  # it may be of a profile that is new since
        ]

    def _many_dated(self, reading: Reading, selection: Selection) -> Dated:
        """As one text, in FTS5's own order: to fetch as many rows, or to have SQLite group them, takes twice the time."""
        found, params = self._found(reading, selection)
        sql = f"SELECT group_concat(each) FROM (SELECT {DATED} AS each {found} ORDER BY search_index.rowid)"
        return Dated(self._fetch(sql, params)[0][0] or "")

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """See Answers."""
        few = self._places(reading)
        if few is not None:
            asked = json.dumps([pk_of(at) for at in self._passing(few, selection) if is_coded(at)])
            sql = f"SELECT group_concat(codes) FROM search_entry WHERE id {AMONG}"
            several = json.loads(f"[{self._fetch(sql, [asked])[0][0] or ''}]")
            return Counter(chain.from_iterable(several))
        found, params = self._found(reading, selection, entries=True)
        found = found.replace("search_entry e", "search_entry e CROSS JOIN json_each(e.codes) code", 1)
        return dict(self._fetch(f"SELECT code.value, COUNT(*) {found} GROUP BY 1", params))

    def _places(self, reading: Reading) -> list[int] | None:
        """Where all that is found stands, if it is few; of a phrase, which takes FTS5 long to find, if it is not MANY."""
        if reading not in self._few:
            alone = _alone(reading)
            most = MANY if len(alone) > 1 else FEW
            what = "COUNT(*)" if len(alone) == 1 else "json_group_array(rowid)"
            sql = f"SELECT {what} FROM ({_FOUND} LIMIT %s)"
            found = self._fetch(sql, [_expression(reading), most + 1])[0][0]
            if len(alone) == 1:
                self._few[reading] = list(self._stands(*alone).texts) if found <= most else None
            else:
                self._few[reading] = places if len(places := json.loads(found)) <= most else None
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

    def _stands_of_phrase(self, reading: Reading, places: Sequence[int]) -> Stands:
        """Where the phrase stands that is found at these places, as far as headings tell."""
        headed = _expression(replace(reading, headings=True))
        titled = {at for (at,) in self._fetch(_FOUND, [headed])}
        texts = {at: int(at not in titled) for at in places}
        return Stands(texts, [(at, "title") for at in places if at in titled])

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
        weight_of = self._source_weights
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
        found = self._ordered(self._stands(term), selection, limit, offset)
        return [
            Candidate(
                pk_of(at),
                title="",
                codes="",
                text="",
                weight=(weight := self._source_weights.get(number, 1.0)),
                score=saturated(often) * weight,
                profile=profile,
                occurrences=often,
            )
            for at, often in found
            if (profile := self._profile.get(number := number_of(at)))
        ]

    def _stands(self, term: str) -> Stands:
        """Where a term stands of which there are few."""
        if term not in self._stood:
            self._stood[term] = Stands.of_term(self._fetch, term)
        return self._stood[term]

    def _ordered(
        self, stands: Stands, selection: Selection, limit: int, offset: int
    ) -> list[tuple[int, float]]:
        kept = stands.at(self._passing(list(stands.texts), selection))
        totals = self._statistics.totals()
        return in_order(kept, self._fetch, totals, self._source_weights, limit, offset)

    @cached_property
    def _source_weights(self) -> Mapping[int, float]:
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
