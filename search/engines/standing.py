"""Where a term stands, and in what order that puts the places: bm25() would look for it again, and for its own titles."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self

from search.engines.lengths import exact_weights, rough_weights
from search.engines.places import ID_BITS, LENGTHS, NUMBERED, length_of, number_of
from search.ranking import CANDIDATES, Totals, saturated

AMONG = "IN (SELECT value FROM json_each(%s))"
# As two texts: to fetch one occurrence after the other takes half as long again.
_OCCURRENCES = """
    SELECT json_group_array(doc), group_concat(CASE WHEN col <> 'body' THEN doc || ' ' || col END)
    FROM search_occurrence WHERE term = %s"""
_SIZES = f"SELECT id, sz FROM search_index_docsize WHERE id {AMONG}"
_LENGTH = len(LENGTHS) - 1  # what is left of a place's length_of

Fetch = Callable[[str, Sequence[Any]], list[Any]]


class Stands(NamedTuple):
    """Place -> how often something stands in the text, perhaps 0; place and column of each time it does elsewhere."""

    texts: Mapping[int, int]
    headings: Sequence[tuple[int, str]]

    @classmethod
    def of_term(cls, fetch: Fetch, term: str) -> Self:
        """Where the term stands, anywhere."""
        places, headings = fetch(_OCCURRENCES, [term])[0]
        texts = Counter(json.loads(places))
        pairs = (one.split(" ") for one in (headings or "").split(",") if one)
        elsewhere = [(int(at), column) for at, column in pairs]
        texts.subtract(at for at, _column in elsewhere)
        return cls(texts, elsewhere)

    def at(self, places: Collection[int]) -> "Stands":
        """The same at these places, which are some of its own."""
        if len(places) == len(self.texts):
            return self
        texts = {at: self.texts[at] for at in places}
        return Stands(texts, [(at, column) for at, column in self.headings if at in texts])

    def weighed(self, weights: Mapping[int, Mapping[str, float]]) -> dict[int, float]:
        """How often it stands at these places, each time counted as `weights` have it: place -> column -> weight."""
        found = {at: self.texts[at] * of["body"] for at, of in weights.items()}
        for at, column in self.headings:
            if of := weights.get(at):
                found[at] += of[column]
        return found


def in_order(
    stands: Stands, fetch: Fetch, totals: Totals, weight_of: Mapping[int, float], limit: int, offset: int
) -> list[tuple[int, float]]:
    """Places, the best first, and how often it stands there, as Totals.weigh has it. `weight_of` are the weights of
    sources, where they are not 1, by the number of a profile.

    A place tells roughly how long its text is. How long just, and how long the title, is looked up for the first
    CANDIDATES, and wherever it stands in a title: of many alike, what is named just so must not be left behind.
    """
    rough = rough_weights(totals)
    scores = _rough_scores(stands, rough, weight_of)
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    first = dict.fromkeys([*ranked[:CANDIDATES], *(at for at, _column in stands.headings)])
    rest = [at for at in ranked[CANDIDATES:] if at not in first]
    exact = exact_weights(totals)
    # Others may have taken some out since.
    often = stands.weighed({at: exact[size] for at, size in fetch(_SIZES, [json.dumps(list(first))])})
    scores = _scores(often, weight_of)
    ranked = [*sorted(often, key=scores.__getitem__, reverse=True), *rest][offset : offset + limit]
    often |= stands.weighed({at: rough[length_of(at)] for at in ranked if at not in often})
    return [(at, often[at]) for at in ranked]


def _rough_scores(
    stands: Stands, rough: Sequence[Mapping[str, float]], weight_of: Mapping[int, float]
) -> dict[int, float]:
    """Place -> score. Most stand in texts alone, a few times each: what that is worth is worked out once."""
    worth = {times: [saturated(times * of["body"]) for of in rough] for times in set(stands.texts.values())}
    scores = {
        at: worth[times][at >> ID_BITS & _LENGTH] * weight_of.get(at >> NUMBERED, 1.0)
        for at, times in stands.texts.items()
    }
    headed = stands.weighed({at: rough[length_of(at)] for at, _column in stands.headings})
    return scores | _scores(headed, weight_of)


def _scores(often: Mapping[int, float], weight_of: Mapping[int, float]) -> dict[int, float]:
    return {at: saturated(times) * weight_of.get(number_of(at), 1.0) for at, times in often.items()}
