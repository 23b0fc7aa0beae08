"""How many a reading finds, in all and by facet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from search.engine import cutoffs
from search.engines.answers import Answers, Selection
from search.profiles import Facets, Seen, most_first, of_sources, tally
from search.readings import Reading
from search.registry import sources

MAX_CODES_FROM = 500
"""Documents found, above which their codes are too many to choose from and are not counted."""


class Count(NamedTuple):
    """How many pass the filters, and the same but for that of a code; the facets but for the codes; without filters, how
    many there are, and of these those that answer questions.
    """

    passing: int
    of_any_code: int
    facets: Facets
    everything: int
    answering: int


def counted(
    answers: Answers, reading: Reading, seen: Seen, filters: Mapping[str, str], now: datetime
) -> Count:
    """Count what the reading finds among the profiles `seen`, as the `filters` leave it at this time."""
    spans = [int(since.timestamp()) for since in cutoffs(now).values()]
    everything = answers.counts(reading, Selection(list(seen)), spans)
    code = filters.get("code", "")
    rows = answers.counts(reading, Selection(list(seen), code=code), spans) if code else everything
    passing_, facets = tally(rows, seen, filters)
    asking = of_sources(source.name for source in sources() if not source.answers)
    answering = sum(count for profile, _span, count in everything if profile not in asking)
    of_any_code = tally(everything, seen, filters)[0] if code else passing_
    return Count(passing_, of_any_code, facets, sum(count for *_, count in everything), answering)


def promised(facets: Facets, narrower: Sequence[Count]) -> Facets:
    """The facets, where narrower readings were passed over because the filters leave nothing of them: what another value
    does leave of one is what comes when it is chosen.
    """
    for passed in reversed(narrower):
        facets = {
            facet: most_first({**counts, **passed.facets.get(facet, {})}) for facet, counts in facets.items()
        }
    return facets


def codes_of(
    answers: Answers, reading: Reading, selection: Selection, total: int, narrower: Mapping[Reading, Count]
) -> Mapping[str, int]:
    """Code -> how many of those found bear it, whatever code the selection asks for; {} where they are too many.

    Where that code leaves nothing of `narrower` readings, what another leaves of one is what comes when it is chosen.
    """
    passed = list(narrower) if selection.code else []
    if not total or max(total, *(narrower[one].of_any_code for one in passed), 0) > MAX_CODES_FROM:
        return {}
    anyhow = replace(selection, code="")
    found: dict[str, int] = {}
    for one in (reading, *reversed(passed)):
        found |= answers.code_counts(one, anyhow)
    return most_first(found)
