"""Rowids that say what a row is filtered by: packed in Python, taken apart in Python and by SQLite alike."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as some

from search.engines import places
from search.engines.places import DAY, ID, MOST_DAYS, MOST_IDS, MOST_NUMBERS, NUMBER, day, place, span_of

SECONDS = some.integers(-(2**33), 2**36)


@given(number=some.integers(0, MOST_NUMBERS - 1), updated=SECONDS, pk=some.integers(0, MOST_IDS - 1))
def test_a_place_says_what_it_was_made_of(number: int, updated: int, pk: int) -> None:
    packed = place(number, updated, pk)
    assert (places.number_of(packed), places.day_of(packed), places.pk_of(packed)) == (
        number,
        day(updated),
        pk,
    )
    with sqlite3.connect(":memory:") as connection:
        sql = f"SELECT {NUMBER}, {DAY}, {ID} FROM (SELECT ? AS rowid) search_index"
        assert connection.execute(sql, [packed]).fetchone() == (number, day(updated), pk)


@given(earlier=SECONDS, later=SECONDS)
def test_days_follow_each_other(earlier: int, later: int) -> None:
    earlier, later = sorted((earlier, later))
    assert 0 <= day(earlier) <= day(later) < MOST_DAYS


def test_what_has_no_room_is_refused() -> None:
    for number, pk in ((MOST_NUMBERS, 1), (1, MOST_IDS), (-1, 1)):
        with pytest.raises(OverflowError, match=f"document {pk}, profile {number}"):
            place(number, 0, pk)


def test_the_span_of_a_day_is_the_narrowest() -> None:
    assert [span_of(at, [90, 60, 10]) for at in (95, 90, 89, 60, 10, 9)] == [0, 0, 1, 1, 2, 3]
