"""In what order the candidates of one question stand: by rank, but for codes, and for the machine that is asked about."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any

from search.analysis import MARK
from search.applying import misses, named, with_machines
from search.engine import SearchQuery
from search.engines.answers import Answers, Selection
from search.parsing import ParsedQuery
from search.profiles import Seen, of_sources
from search.ranking import Candidate, Statistics, rank
from search.readings import ENOUGH, Reading, terms_of
from search.registry import sources

OTHERS = 0.5
"""Of its score, what a document keeps that is for another model, or another release, than the question names."""
LEAST = 1e-6
"""What the engine's own score is worth, where search.ranking knows no term of the question."""
_MACHINES = 20  # that one question names


def in_order(
    query: SearchQuery,
    parsed: ParsedQuery,
    found: Sequence[Candidate],
    statistics: Statistics,
    answers: Answers,
    seen: Seen,
) -> list[tuple[int, float]]:
    """(pk, score) as search.ranking orders them, those that bear a code that was asked for before all others.

    What is for another machine than the question names stands behind. When more is asked than the machine, that more
    ranks what is found, and answers to it may stand before the machine itself, but no other machine. What scores alike
    stands in the order of the keys: engines may offer it in another; where nothing scores, their order is all there is.
    """
    machines = _machines(query, parsed, found, answers, seen)
    equipment = {one.pk for one in machines}
    asked = with_machines(
        named(query.text, parsed.codes, seen), [seen[one.profile] for one in machines if one.profile in seen]
    )
    if query.mine and "model" not in asked:
        asked = {**asked, "model": frozenset({query.mine})}
    beside = _terms_beside(parsed, machines, seen)
    by_pk = {one.pk: one for one in found}
    missed = {one.pk: misses(seen.get(one.profile), asked) for one in found}
    ranked = rank(query.text, found, statistics, parsed.synonyms, beside)
    if not any(score for _pk, score in ranked):
        ranked = [(one.pk, one.score * LEAST) for one in found]
    scored = [(pk, score * OTHERS ** missed[pk]) for pk, score in ranked]

    def place(one: tuple[int, float]) -> tuple[Any, ...]:
        pk, score = one
        if not by_pk[pk].exact:
            return (1, -score, pk)
        return (0, bool(beside) and pk in equipment, missed[pk], -by_pk[pk].weight, -score, pk)

    ordered = sorted(scored, key=place)
    if beside and all(one.pk in equipment for one in found if one.exact):
        return _answers_first(ordered, by_pk)
    return ordered


def _answers_first(
    ordered: list[tuple[int, float]], by_pk: Mapping[int, Candidate]
) -> list[tuple[int, float]]:
    """With what scores higher before the machines that bear a code that was asked for: ENOUGH of it, and no machine."""
    named = [one for one in ordered if by_pk[one[0]].exact]
    others = [one for one in ordered if not by_pk[one[0]].exact]
    equipment = _equipment()
    best = max((score for _pk, score in named), default=0.0)
    higher = takewhile(
        lambda one: one[1] > best and by_pk[one[0]].profile not in equipment, islice(others, ENOUGH)
    )
    at = len(list(higher))
    return [*others[:at], *named, *others[at:]]


def _equipment() -> Collection[int]:
    """The profiles of machines and models."""
    return of_sources(source.name for source in sources() if source.equipment)


def _machines(
    query: SearchQuery, parsed: ParsedQuery, found: Sequence[Candidate], answers: Answers, seen: Seen
) -> list[Candidate]:
    """The machines and models that the question names by their codes, be they filtered out or not."""
    equipment = _equipment()
    if query.filters and parsed.codes:
        selection = Selection([pk for pk in equipment if pk in seen])
        return answers.best(Reading(codes=parsed.codes), selection, limit=_MACHINES, texts=False)
    return [one for one in found if one.exact and one.profile in equipment]


def _terms_beside(parsed: ParsedQuery, machines: Sequence[Candidate], seen: Seen) -> frozenset[str]:
    """The terms by which the question names machines, beside something else; none where there is nothing else."""
    asked = set(parsed.codes)
    codes = {code for code in asked if any(facet == "model" for facet, _value in seen.names.get(code, ()))}
    codes.update(*(asked.intersection(one.codes.split()) for one in machines))
    names = {(code.removeprefix(MARK),) for code in codes}
    naming = {clause for clause in parsed.clauses if not names.isdisjoint(clause.alternatives)}
    rest = terms_of(clause for clause in parsed.clauses if clause not in naming)
    return frozenset(terms_of(naming) - rest) if rest else frozenset()
