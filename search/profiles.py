"""Filtering and counting by profile: the values that documents share, of which there are far fewer than documents."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, repeat
from typing import Any

from django.db import connections

from search.analysis import MARK, code_term
from search.engine import PROFILE_FACETS, UPDATED
from search.equipment import is_every_model
from search.models import SearchProfile

OPEN = tuple(facet for facet, field in PROFILE_FACETS.items() if field.endswith("s") and field != "status")
"""Facets of which a document without a value counts for every value."""
_FEW = 4  # to add up all profiles' counts takes a fourth of the time it takes profile by profile
_RELEASED = ("v", "ver", "sw", "fw")  # what a release's number is written with
NAMED = ("model", "release")
"""Facets whose values a question may name."""

Facets = dict[str, dict[str, int]]
"""Facet -> value -> how many there are, the most first."""


@dataclass(frozen=True)
class Profile:
    """A SearchProfile, its values by facet."""

    pk: int
    values: Mapping[str, tuple[str, ...]]

    def passes(self, facet: str, value: str) -> bool:
        """Whether documents of this profile stay when the facet is narrowed to the value."""
        found = self.values[facet]
        return value in found or (not found and facet in OPEN)


# Ids are hashes: sets of them that have all this in common are the same.
_STATE = """
    SELECT COUNT(*), MIN(id), MAX(id), SUM(id % 1000003), SUM(id % 999983) FROM search_searchprofile"""
_known: dict[int, Profile] = {}  # an id means the same everywhere, so this never goes stale
_of_source: dict[str, dict[int, None]] = {}
_seen: dict[tuple[str, frozenset[str]], tuple[object, "Seen"]] = {}


def profiles(using: str, scopes: frozenset[str]) -> "Seen":
    """The profiles within these scopes that the database has."""
    with connections[using].cursor() as cursor:
        cursor.execute(_STATE)
        state = cursor.fetchone()
    cached = _seen.get((using, scopes))
    if cached is None or cached[0] != state:
        stored = SearchProfile.objects.using(using)
        pks = list(stored.values_list("pk", flat=True))
        missing = [pk for pk in pks if pk not in _known]
        for pk, values in stored.filter(pk__in=missing).values_list("pk", "values") if missing else ():
            _known[pk] = Profile(pk, {f: _tuple(values[field]) for f, field in PROFILE_FACETS.items()})
            _of_source.setdefault(values["source"], {})[pk] = None
        found = Seen((pk, _known[pk]) for pk in pks if scopes.intersection(_known[pk].values["scope"]))
        cached = _seen[using, scopes] = state, found
    return cached[1]


class Seen(dict[int, Profile]):
    """Profiles that somebody may see, by id."""

    @cached_property
    def names(self) -> Mapping[str, Collection[tuple[str, str]]]:
        """The term of a whole code -> each (facet, value) that it names: models, and releases by their version.

        A release is "LINE 3.1"; a whole number names none: that could be anything.
        """
        found: dict[str, set[tuple[str, str]]] = {}
        for facet, value in {(f, v) for one in self.values() for f in NAMED for v in one.values[f]}:
            if facet == "model" and is_every_model(value):
                continue
            name = code_term(value if facet == "model" else value.rpartition(" ")[2])
            if facet == "model" or MARK in name[1:]:
                found.setdefault(name, set()).add((facet, value))
                for before in _RELEASED if facet == "release" else ():
                    found.setdefault(f"{MARK}{before}{name[1:]}", set()).add((facet, value))
        return found

    @cached_property
    def _of_value(self) -> Mapping[str, Mapping[str, Sequence[int]]]:
        """Facet -> value -> the profiles that count for it; "" where they have none."""
        found: dict[str, dict[str, list[int]]] = {facet: {} for facet in PROFILE_FACETS}
        for pk, profile in self.items():
            for facet, values in profile.values.items():
                for value in values or ("",):
                    found[facet].setdefault(value, []).append(pk)
        return found

    def counts(self, facet: str, counts: Mapping[int, int]) -> dict[str, int]:
        """Value -> how many documents have it, of so many of each profile."""
        values = self._of_value[facet]
        if len(values) == 1:
            return dict.fromkeys(values, sum(counts.values()))
        if len(counts) * _FEW > len(self):
            zeros = repeat(0)
            return {value: sum(map(counts.get, pks, zeros)) for value, pks in values.items()}
        found: dict[str, int] = {}
        for pk, count in counts.items():
            for value in self[pk].values[facet] or ("",):
                found[value] = found.get(value, 0) + count
        return found

    def named(self, facet: str, pks: Set[int]) -> set[str]:
        """The values that some of these profiles name."""
        return {value for value, some in self._of_value[facet].items() if value and not pks.isdisjoint(some)}

    def earlier(self, release: str) -> list[str]:
        """The releases of the same product line that came before this one, by their numbers."""
        line = release.rpartition(" ")[0]
        of_line = {value for one in self.values() for value in one.values["release"]}
        return [
            value
            for value in of_line
            if value.rpartition(" ")[0] == line and _numbers(value) < _numbers(release)
        ]


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release.rpartition(" ")[2])]


def of_sources(names: Iterable[str]) -> Collection[int]:
    """The profiles of the sources of these names, among those that `profiles` has ever met."""
    return {pk for name in names for pk in _of_source.get(name, ())}


def tally(
    counts: Iterable[tuple[int, int, int]], seen: Seen, filters: Mapping[str, str]
) -> tuple[int, Facets]:
    """How many pass the filters, and for every facet what each of its values would leave, the other filters kept.

    `counts` are (profile, span, how many), where span n is within the nth of UPDATED and not the one before.
    """
    by_profile: dict[int, list[int]] = {}
    for pk, span, count in counts:
        by_profile.setdefault(pk, [0] * (len(UPDATED) + 1))[span] += count
    spans = list(UPDATED)
    asked = [(facet, value) for facet, value in filters.items() if facet in PROFILE_FACETS]
    since = filters.get("updated")
    last = len(spans) if since is None else spans.index(since) if since in UPDATED else -1
    passing_: dict[int, list[int]] = {}
    but_for: defaultdict[str, dict[int, list[int]]] = defaultdict(
        dict
    )  # facet -> what misses only its filter
    for pk, by_span in by_profile.items():
        missed = [facet for facet, value in asked if not seen[pk].passes(facet, value)] if asked else ()
        if not missed:
            passing_[pk] = by_span
        elif len(missed) == 1:
            but_for[missed[0]][pk] = by_span
    counts_ = {pk: sum(by_span[: last + 1]) for pk, by_span in passing_.items()}
    found = {facet: seen.counts(facet, counts_) for facet in PROFILE_FACETS if facet not in but_for}
    for facet, others in but_for.items():
        more = {pk: sum(by_span[: last + 1]) for pk, by_span in others.items()}
        found[facet] = seen.counts(facet, counts_ | more)
    for_all = {facet: found[facet].pop("", 0) for facet in PROFILE_FACETS}
    changed = accumulate(map(sum, zip(*passing_.values(), strict=True)))
    found["updated"] = dict(zip(spans, changed, strict=False))
    wanted = dict(asked)
    for facet in OPEN:
        if for_all[facet]:
            # A value that no document names is answered by what applies to everything.
            for value in seen.named(facet, by_profile.keys()) | (
                {wanted[facet]} if facet in wanted else set()
            ):
                found[facet][value] = found[facet].get(value, 0) + for_all[facet]
    facets = {facet: most_first(found[facet]) for facet in (*PROFILE_FACETS, "updated")}
    return sum(counts_.values()), facets


def most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts above 0, the highest first."""
    some = ((value, count) for value, count in counts.items() if count)
    return dict(sorted(some, key=lambda item: (-item[1], item[0])))


def _tuple(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,) if value else ()


def passing(seen: Mapping[int, Profile], filters: Mapping[str, str]) -> Sequence[int]:
    """The profiles that these filters leave."""
    asked = [(facet, value) for facet, value in filters.items() if facet in PROFILE_FACETS]
    if not asked:
        return list(seen)
    return [pk for pk, profile in seen.items() if all(profile.passes(*one) for one in asked)]
