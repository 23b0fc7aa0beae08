"""What words found and what meaning found, in one order.

A weighted sum of the squares of scores from 0 to 1. Scores say how much better the first is than the second, which the
usual reciprocal ranks forget (S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
2023); the squares keep what is special to reciprocal ranks: who is first in one list goes before who is middling in
both (G. Cormack, C. Clarke, S. Büttcher, "Reciprocal Rank Fusion", 2009).

SHARE and the power were chosen in November 2026 on all questions of the two sets they are reported on, for both alike,
and held against a third that words answer best: nDCG@10 .785 of tidbfaq and .959 of stackfaq, where the best reciprocal
ranks give .775 and .958, each with constants of its own. With shares from .6 to .8 it stays above .781 and .955.
Computed from stored lists; the whole way gives .783 of tidbfaq. `docs/search.md` has the figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHARE = 0.65
"""What meaning counts of the whole; words the rest."""
_POWER = 2
ALONE = 20
"""Documents that have none of the words and still are shown: the nearest, one page of them."""

Scored = Sequence[tuple[int, float]]
"""(pk, score above 0), the best first."""


@dataclass(frozen=True, slots=True)
class Fused:
    """(pk, score), the best first; `alone` are those found by meaning alone, `beyond` as it was given."""

    order: Sequence[tuple[int, float]] = ()
    alone: frozenset[int] = frozenset()
    beyond: Sequence[int] = ()


NOTHING_FUSED = Fused()


def fuse(
    by_words: Scored, by_meaning: Scored, *, first: Iterable[int] = (), beyond: Sequence[int] = ()
) -> Fused:
    """Both lists in one; what is in `first` stays before all others, in the order of the words.

    `by_words` is all that the words found, or its beginning; then some of `by_meaning` are `beyond` that.
    """
    scores = {pk: (1 - SHARE) * score for pk, score in _worth(by_words)}
    fixed = set(first)
    borne = [pk for pk, _score in by_words if pk in fixed]
    behind = set(beyond)
    alone: list[int] = []
    for pk, score in _worth(by_meaning):
        if pk not in scores and pk not in behind:
            if len(alone) == ALONE:
                continue
            alone.append(pk)
        scores[pk] = scores.get(pk, 0.0) + SHARE * score
    for place, pk in enumerate(reversed(borne), 1):
        scores[pk] = 1.0 + place  # above all others, whose scores are at most 1
    return Fused(sorted(scores.items(), key=lambda scored: -scored[1]), frozenset(alone), beyond)


def _worth(found: Scored) -> Scored:
    """What is found with what it counts: 1 for the best, and the less the further from it."""
    most = max((score for _pk, score in found), default=0.0)
    return [(pk, (max(0.0, score) / most) ** _POWER if most > 0 else 1.0) for pk, score in found]
