"""Readings as Elasticsearch is asked them, in its query DSL: plain queries only, no scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

from search.engines.answers import Selection
from search.parsing import Clause, Phrase
from search.readings import Reading

Query = dict[str, Any]

EXACT = 1e6
"""What bearing a code that was asked for adds to a score: more than all words together can."""

_HEADINGS = {"title": 6.0, "codes": 10.0}
_FIELDS = {
    **_HEADINGS,
    "text": 1.0,
}  # occurrences in the text that one in the field is worth, as in SQLite's bm25()
_MOST_ENDINGS = 1_000  # of a phrase whose last term is still being typed
_SCORED_ENDINGS = 64  # of one unfinished term; all are found, so many are ranked


def found(reading: Reading, selection: Selection) -> Query:
    """What is found, without any rank."""
    return {"bool": {"filter": [*_chosen(selection), _matching(reading)]}}


def ranked(reading: Reading, selection: Selection, weights: Mapping[float, Sequence[int]]) -> Query:
    """The same by rank: those that bear a code first, the others by the weights of their profiles as well."""
    words = _all(reading, scored=True)
    if words and weights:
        words = {
            "function_score": {
                "query": words,
                "functions": [
                    {"filter": {"terms": {"profile": list(profiles)}}, "weight": weight}
                    for weight, profiles in weights.items()
                ],
                "score_mode": "multiply",
                "boost_mode": "multiply",
            }
        }
    codes = {"constant_score": {"filter": _bearing(reading.codes), "boost": EXACT}} if reading.codes else None
    return {"bool": {"filter": _chosen(selection), "must": [_any([words, codes])]}}


def _chosen(selection: Selection) -> list[Query]:
    chosen: list[Query] = [{"terms": {"profile": list(selection.profiles)}}]
    if selection.since:
        chosen.append({"range": {"updated": {"gte": selection.since}}})
    if selection.code:
        chosen.append({"term": {"code": selection.code}})
    if selection.only:
        chosen.append(_these(selection.only))
    if selection.without:
        chosen.append({"bool": {"must_not": _these(selection.without)}})
    return chosen


def _these(pks: Sequence[int]) -> Query:
    return {"ids": {"values": list(map(str, pks))}}


def _matching(reading: Reading) -> Query:
    return _any([_all(reading, scored=False), _bearing(reading.codes) if reading.codes else None])


def _all(reading: Reading, *, scored: bool) -> Query | None:
    """Every clause of `all` and one of `some`; None where neither asks for anything."""
    parts = [_clause(clause, reading.headings, scored=scored) for clause in reading.all]
    if reading.some:
        parts.append(_any([_clause(clause, reading.headings, scored=scored) for clause in reading.some]))
    return {"bool": {"must" if scored else "filter": parts}} if parts else None


def _any(queries: Sequence[Query | None]) -> Query:
    asked = [query for query in queries if query]
    if len(asked) == 1:
        return asked[0]
    return {"bool": {"should": asked, "minimum_should_match": 1}} if asked else {"match_none": {}}


def _bearing(codes: Sequence[str]) -> Query:
    return {"terms": {"codes": list(codes)}}


def _clause(clause: Clause, headings: bool, *, scored: bool) -> Query:
    weights = _HEADINGS if headings else _FIELDS
    return _any(
        [_phrase(phrase, weights, prefix=clause.prefix, scored=scored) for phrase in clause.alternatives]
    )


def _phrase(phrase: Phrase, weights: Mapping[str, float], *, prefix: bool, scored: bool) -> Query:
    fields = [f"{name}^{weight:g}" for name, weight in weights.items()]
    if len(phrase) > 1:
        how: Query = (
            {"type": "phrase_prefix", "max_expansions": _MOST_ENDINGS} if prefix else {"type": "phrase"}
        )
        return {"multi_match": {"query": " ".join(phrase), "fields": fields} | how}
    (term,) = phrase
    if prefix:
        return _prefix(term, weights, scored=scored)
    if scored:
        return {"combined_fields": {"query": term, "fields": fields}}
    if weights is _FIELDS:
        return {"term": {"terms": term}}
    return _any([{"term": {name: term}} for name in weights])


def _prefix(term: str, weights: Mapping[str, float], *, scored: bool) -> Query:
    every = _any([{"prefix": {name: {"value": term}}} for name in weights])
    if not scored:
        return every
    rewrite = f"top_terms_blended_freqs_{_SCORED_ENDINGS}"
    by_field = [
        {"prefix": {name: {"value": term, "rewrite": rewrite, "boost": weight}}}
        for name, weight in weights.items()
    ]
    return {"bool": {"filter": [every], "should": by_field}}
