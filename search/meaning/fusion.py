"""What words found and what meaning found, in one order.

Reciprocal rank fusion: G. Cormack, C. Clarke, S. Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and
Individual Rank Learning Methods" (2009).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

K = 60
"""How little the very first ranks stand out, as in the paper."""
WORDS, MEANING = 1.0, 2.0
"""What a rank counts in either list."""
ALONE = 20
"""Documents that have none of the words and still are shown: the nearest, one page of them."""


@dataclass(frozen=True, slots=True)
class Fused:
    """(pk, score), the best first; `alone` are those found by meaning alone."""

    order: Sequence[tuple[int, float]] = ()
    alone: frozenset[int] = frozenset()


NOTHING_FUSED = Fused()


def fuse(by_words: Sequence[int], by_meaning: Sequence[int], first: Iterable[int] = ()) -> Fused:
    """Both lists in one; what is in `first` stays before all others, in the order of the words.

    `by_words` is all that the words found, or its beginning.
    """
    scores = {pk: WORDS / (K + rank) for rank, pk in enumerate(by_words, 1)}
    fixed = [pk for pk in by_words if pk in set(first)]
    alone: list[int] = []
    for rank, pk in enumerate(by_meaning, 1):
        if pk not in scores:
            if len(alone) == ALONE:
                continue
            alone.append(pk)
        scores[pk] = scores.get(pk, 0.0) + MEANING / (K + rank)
    for pk in fixed:
        scores[pk] += WORDS + MEANING
    places = {pk: place for place, pk in enumerate(fixed, -len(fixed))}
    order = sorted(scores.items(), key=lambda scored: (places.get(scored[0], 0), -scored[1]))
    return Fused(order, frozenset(alone))
