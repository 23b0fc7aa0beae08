"""Where a document's terms stand in FTS5: the rowid has what rows are filtered and counted by, so none is looked up.

To look up each of 20,000 rows found takes 10 ms, to read their rowids 1 ms. From the highest bit: the number of the
document's profile, the day on which it changed, whether it bears codes, about how long its text is, its primary key.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

ID_BITS, LENGTH_BITS, DAY_BITS = 29, 3, 13
_CODED = ID_BITS + LENGTH_BITS
_DATED = _CODED + 1
NUMBERED = _DATED + DAY_BITS
"""A place shifted so far is the number alone."""
MOST_IDS, MOST_DAYS, MOST_NUMBERS = 1 << ID_BITS, 1 << DAY_BITS, 1 << 63 - NUMBERED
"""Half a billion keys, 22 years, 131,071 profiles."""
_FIRST_DAY = 19_723  # 2024-01-01, in days since 1970: what is older is years old
_DAY = 86_400  # seconds
_SHORTEST = 5  # binary digits of a length: shorter ones are alike
LENGTHS = [3 << n + 3 for n in range(1 << LENGTH_BITS)]
"""Terms of a text: one that has `length_of` n has this many, or up to a third less or more; the last has any more."""

ID = f"(search_index.rowid & {MOST_IDS - 1})"
CODED = f"(search_index.rowid >> {_CODED} & 1)"
DAY = f"(search_index.rowid >> {_DATED} & {MOST_DAYS - 1})"
NUMBER = f"(search_index.rowid >> {NUMBERED})"
"""The parts of a place, in SQL."""
_LEAST = 10**10  # more than any number and day together: with it, all have as many digits
_APART = len(str(_LEAST)) + 1
DATED = f"({_LEAST} + (search_index.rowid >> {_DATED}))"
"""Number and day of a place, in SQL, for Dated."""


def place(number: int, updated: int, pk: int, *, is_coded: bool = False, terms: int = 0) -> int:
    """The rowid of a document that changed then, in seconds since 1970, bears codes or not, and whose text has so many
    terms. Raises OverflowError.
    """
    if not (0 <= number < MOST_NUMBERS and 0 <= pk < MOST_IDS):
        raise OverflowError(f"An embedded index has no room for document {pk}, profile {number}.")
    length = min(max(terms.bit_length() - _SHORTEST, 0), len(LENGTHS) - 1)
    dated = (number << DAY_BITS | day(updated)) << 1 | is_coded
    return (dated << LENGTH_BITS | length) << ID_BITS | pk


def day(updated: int) -> int:
    """The day of a time in seconds since 1970, as a place has it: the first or last one for what is before or after."""
    return min(max(updated // _DAY - _FIRST_DAY, 0), MOST_DAYS - 1)


def pk_of(place_: int) -> int:
    return place_ & MOST_IDS - 1


def is_coded(place_: int) -> bool:
    return bool(place_ >> _CODED & 1)


def length_of(place_: int) -> int:
    """Which of LENGTHS its text has."""
    return place_ >> ID_BITS & len(LENGTHS) - 1


def day_of(place_: int) -> int:
    return place_ >> _DATED & MOST_DAYS - 1


def number_of(place_: int) -> int:
    return place_ >> NUMBERED


def counted(places: Sequence[int], firsts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(number of the profile, span, how many) of places in their order. Span n begins with the day firsts[n], which fall;
    what is before the last of these is of one span more.
    """
    borders = [(span, first << _DATED) for span, first in enumerate(firsts, 1)][::-1]
    at = 0
    while at < len(places):
        first = number_of(places[at]) << NUMBERED
        end = bisect_left(places, first + (1 << NUMBERED), at)
        oldest, newest = places[at] - first, places[end - 1] - first
        for span, border in borders:
            if oldest < border <= newest:
                before, at = at, bisect_left(places, first + border, at, end)
                yield first >> NUMBERED, span, at - before
                oldest = places[at] - first
            elif newest < border:
                break
        else:
            span = 0
        yield first >> NUMBERED, span, end - at
        at = end


class Dated(Sequence[int]):
    """DATED of places in their order, as one text with commas between: the places, but for what is behind the day. To
    split it takes as long as SQLite takes to write it.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __len__(self) -> int:
        return (len(self._text) + 1) // _APART

    def __getitem__(self, at: Any) -> Any:
        return int(self._text[at * _APART : (at + 1) * _APART - 1]) - _LEAST << _DATED
