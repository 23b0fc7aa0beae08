"""Rowids that say what a row is filtered by: packed in Python, taken apart in Python and by SQLite alike."""

import sqlite3
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from search.engines import places
from search.engines.places import (
    CODED,
    DATED,
    DAY,
    ID,
    LENGTHS,
    MOST_DAYS,
    MOST_IDS,
    MOST_NUMBERS,
    NUMBER,
    Dated,
    counted,
    day,
    place,
)

SECONDS = some.integers(-(2**33), 2**36)


NUMBERS = some.integers(0, MOST_NUMBERS - 1)


@given(number=NUMBERS, updated=SECONDS, is_coded=some.booleans(), pk=some.integers(0, MOST_IDS - 1))
def test_a_place_says_what_it_was_made_of(number: int, updated: int, is_coded: bool, pk: int) -> None:
    packed = place(number, updated, pk, is_coded=is_coded)
    parts = number, day(updated), is_coded, pk
    assert (
        places.number_of(packed),
        places.day_of(packed),
        places.is_coded(packed),
        places.pk_of(packed),
    ) == parts
    with sqlite3.connect(":memory:") as connection:
        sql = f"SELECT {NUMBER}, {DAY}, {CODED}, {ID} FROM (SELECT ? AS rowid) search_index"
        assert connection.execute(sql, [packed]).fetchone() == parts


@given(
    dates=some.lists(some.tuples(some.sampled_from([0, 1, 2, 9, MOST_NUMBERS - 1]), some.integers(0, 12))),
    firsts=some.lists(some.integers(1, 11), min_size=3, max_size=3).map(sorted),
)
def test_many_are_counted_as_few_are(dates: list[tuple[int, int]], firsts: list[int]) -> None:
    begin = 1_704_067_200  # the first day of a place, in seconds since 1970
    packed = [
        place(number, begin + days * 86_400, pk, is_coded=pk % 2 == 0)
        for pk, (number, days) in enumerate(dates)
    ]
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE search_index (x)")
        connection.executemany("INSERT INTO search_index (rowid) VALUES (?)", [(at,) for at in packed])
        sql = f"SELECT group_concat(each) FROM (SELECT {DATED} AS each FROM search_index ORDER BY rowid)"
        text = connection.execute(sql).fetchone()[0] or ""
    spans = ((number, sum(days < first for first in firsts)) for number, days in dates)
    one_by_one = Counter(spans)
    assert len(Dated(text)) == len(dates)
    for many in (Dated(text), sorted(packed)):
        assert {(number, span): count for number, span, count in counted(many, firsts[::-1])} == one_by_one


@given(terms=some.integers(1, 6_000))
def test_a_place_says_about_how_long_a_text_is(terms: int) -> None:
    about = LENGTHS[places.length_of(place(1, 0, 1, terms=terms))]
    assert 2 * about / 3 <= terms < 4 * about / 3 or terms < LENGTHS[0] or terms > LENGTHS[-1]


@given(earlier=SECONDS, later=SECONDS)
def test_days_follow_each_other(earlier: int, later: int) -> None:
    earlier, later = sorted((earlier, later))
    assert 0 <= day(earlier) <= day(later) < MOST_DAYS


def test_what_has_no_room_is_refused() -> None:
    for number, pk in ((MOST_NUMBERS, 1), (1, MOST_IDS), (-1, 1)):
        with pytest.raises(OverflowError, match=f"document {pk}, profile {number}"):
            place(number, 0, pk)
