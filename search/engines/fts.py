"""SQLite's FTS5 over finished terms: how rows are written, and what is known of the terms.

The tables: `search_index` has the terms, its rowids being `search.engines.places`; `search_entry` has by
SearchDocument.id where that is, and what else is known of it; `search_number` the profiles' numbers;
`search_occurrence` and `search_vocabulary` are FTS5's own, of where a term stands and in how many.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from search.analysis import MARK
from search.documents import Entry
from search.engines.answers import Answers
from search.engines.fts_question import Question
from search.engines.lengths import varints
from search.engines.places import place
from search.engines.schema import HEADED
from search.engines.standing import AMONG
from search.engines.terms import TermEngine
from search.ranking import Statistics, Totals

MANY = 1_000
"""Documents above which a term's number of them is remembered."""
# Profiles and their numbers that have all this in common are the same.
_STATE = "SELECT COUNT(*), SUM(profile % 1000003 * (number % 999983)) FROM search_number"


class FtsTerms(TermEngine):
    """Answers from the tables of search.engines.schema, which may lie in another database than the documents."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(using)
        # term -> documents in all when it was counted, and those with it
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
            cursor.execute(f"SELECT place FROM search_entry WHERE id {AMONG}", [asked])
            before = {was for (was,) in cursor.fetchall()}
            numbers = self._number({row.profile for row in rows}, cursor)
            # FTS5 gathers what it writes for as long as the rowids rise.
            places = sorted(
                ((_place_of(row, numbers[row.profile]), row) for row in rows),
                key=lambda placed: placed[0],
            )
            if moved := before.difference(at for at, _row in places):
                cursor.executemany("DELETE FROM search_index WHERE rowid = %s", [(was,) for was in moved])
            cursor.executemany(
                "INSERT OR REPLACE INTO search_index (rowid, title, codes, body, heading)"
                " VALUES (%s, %s, %s, %s, %s)",
                [(at, row.title_terms, row.code_terms, row.text_terms, _heading(row)) for at, row in places],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO search_entry (id, place, revision, updated, codes)"
                " VALUES (%s, %s, %s, %s, %s)",
                [
                    # A code named twice counts once.
                    (row.pk, at, row.revision, row.updated, json.dumps(list(dict.fromkeys(row.codes))))
                    for at, row in places
                ],
            )

    # Asking

    def asking(self, statistics: Statistics) -> Answers:
        """See TermEngine.asking."""
        return Question(self._fetch, self._numbers(), statistics)

    def totals(self) -> Totals:
        """See search.ranking.Statistics.

        FTS5 keeps them itself: row 1 of its data is varints, the number of rows and then of each column's terms
        (the averages record in SQLite's ext/fts5/fts5_index.c).
        """
        rows = self._fetch("SELECT block FROM search_index_data WHERE id = 1", [])
        documents, titles, _codes, texts = list(varints(bytes(rows[0][0])))[:4] or [0, 0, 0, 0]
        return Totals(documents, titles, texts)

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics.

        FTS5 counts a term's documents one by one. What stands in many of them is remembered until one in a hundred
        of all documents has come or gone: ranking hardly tells 10,000 from 10,100.
        """
        then = {term: self._many[term] for term in terms if term in self._many}
        total = self.totals().documents if then else 0
        found = {
            term: frequency for term, (all_, frequency) in then.items() if abs(all_ - total) * 100 <= total
        }
        unknown = [term for term in terms if term not in found]
        if not unknown:
            return found
        slots = ", ".join("%s" for _ in unknown)
        counted = self._fetch(f"SELECT term, doc FROM search_vocabulary WHERE term IN ({slots})", unknown)
        if many := {term: frequency for term, frequency in counted if frequency > MANY}:
            total = total or self.totals().documents
            self._many |= {term: (total, frequency) for term, frequency in many.items()}
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
            cursor.execute(f"SELECT profile, number FROM search_number WHERE profile {AMONG}", [asked])
            known = dict(cursor.fetchall())
            if len(known) < len(profiles):
                cursor.executemany(
                    "INSERT INTO search_number (profile) VALUES (%s)",
                    [(profile,) for profile in sorted(profiles - known.keys())],
                )
        return known


def _heading(row: Entry) -> str:
    return " ".join(HEADED + term for term in f"{row.title_terms} {MARK} {row.code_terms}".split())


def _place_of(row: Entry, number: int) -> int:
    terms = row.text_terms.count(" ") + 1
    return place(number, row.updated, row.pk, is_coded=bool(row.codes), terms=terms)
