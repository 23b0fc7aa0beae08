"""What an occurrence counts in a row of FTS5, by how long its columns are, as FTS5 keeps it or as places tell."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from search.engines.places import LENGTHS
from search.ranking import Totals

_COLUMNS = ("title", "codes", "body")
_MOST = 20_000  # different lengths that are remembered


class _Weights(dict[bytes, Mapping[str, float]]):
    """The lengths of a row's columns, as FTS5 keeps them -> what an occurrence counts in each, worked out once.

    All threads share it: what one forgets, another works out again.
    """

    def __init__(self, totals: Totals) -> None:
        super().__init__()
        self._totals = totals

    def __missing__(self, lengths: bytes) -> Mapping[str, float]:
        if len(self) == _MOST:
            self.clear()
        title, _codes, text, _heading = varints(lengths)
        weights = dict(zip(_COLUMNS, self._totals.weigh(title, text), strict=True))
        self[lengths] = weights
        return weights


exact_weights = lru_cache(maxsize=2)(_Weights)


@lru_cache(maxsize=2)
def rough_weights(totals: Totals) -> Sequence[Mapping[str, float]]:
    """What an occurrence counts in each column, by what places tell of the text's length."""
    title = totals.titles // max(1, totals.documents)
    return [dict(zip(_COLUMNS, totals.weigh(title, text), strict=True)) for text in LENGTHS]


def varints(block: bytes) -> Iterator[int]:
    """The numbers of a block: seven bits a byte, the highest first, and one more bit where another byte follows."""
    value = 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            yield value
            value = 0
