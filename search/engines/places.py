"""Where a document's terms stand in FTS5: the rowid has what rows are filtered and counted by, so none is looked up.

To look up each of 20,000 rows found takes 10 ms, to read their rowids 1 ms. From the highest bit: the number of the
document's profile, the day on which it changed, its primary key.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

ID_BITS, DAY_BITS = 30, 14
NUMBERED = ID_BITS + DAY_BITS
"""A place shifted so far is the number alone."""
MOST_IDS, MOST_DAYS, MOST_NUMBERS = 1 << ID_BITS, 1 << DAY_BITS, 1 << 63 - NUMBERED
"""A billion keys, 44 years, 524,287 profiles."""
_FIRST_DAY = 14_610  # 2010-01-01, in days since 1970
_DAY = 86_400  # seconds

ID = f"(search_index.rowid & {MOST_IDS - 1})"
DAY = f"(search_index.rowid >> {ID_BITS} & {MOST_DAYS - 1})"
NUMBER = f"(search_index.rowid >> {NUMBERED})"
DATED = f"(search_index.rowid & {MOST_DAYS - 1 << ID_BITS})"
"""The parts of a place, in SQL; DATED compares with what `dated` makes of a day."""


def place(number: int, updated: int, pk: int) -> int:
    """The rowid of a document that changed then, in seconds since 1970. Raises OverflowError."""
    if not (0 <= number < MOST_NUMBERS and 0 <= pk < MOST_IDS):
        raise OverflowError(f"An embedded index has no room for document {pk}, profile {number}.")
    return (number << DAY_BITS | day(updated)) << ID_BITS | pk


def day(updated: int) -> int:
    """The day of a time in seconds since 1970, as a place has it: the first or last one for what is before or after."""
    return min(max(updated // _DAY - _FIRST_DAY, 0), MOST_DAYS - 1)


def dated(day_: int) -> int:
    return day_ << ID_BITS


def pk_of(place_: int) -> int:
    return place_ & MOST_IDS - 1


def day_of(place_: int) -> int:
    return place_ >> ID_BITS & MOST_DAYS - 1


def number_of(place_: int) -> int:
    return place_ >> NUMBERED


def by_day(places: Iterable[int]) -> dict[tuple[int, int], int]:
    """(number of the profile, day) -> how many of the places."""
    counted = Counter([place_ >> ID_BITS for place_ in places])
    return {divmod(both, MOST_DAYS): count for both, count in counted.items()}


def span_of(day_: int, firsts: Sequence[int]) -> int:
    """The span of a day: the first whose first day, which fall, is not after it; else one more than there are."""
    return next((span for span, first in enumerate(firsts) if day_ >= first), len(firsts))
