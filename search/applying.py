"""What a question says of the machine: a model, a software release. What is not for that one comes after what is."""

from collections.abc import Collection, Iterable, Mapping

from search.equipment import is_every_model
from search.profiles import NAMED, Profile, Seen

Named = Mapping[str, frozenset[str]]
"""Facet -> the values of it that a question names, where it names one."""


def named(codes: Collection[str], seen: Seen) -> Named:
    """The models and releases that a question names; `codes` are ParsedQuery.codes."""
    found: dict[str, set[str]] = {}
    for code in codes:
        for facet, value in seen.names.get(code, ()):
            found.setdefault(facet, set()).add(value)
    return {facet: frozenset(values) for facet, values in found.items()}


def with_machines(asked: Named, machines: Iterable[Profile]) -> Named:
    """The same, and where the question names no value itself, those of the machines that it names.

    Who names a model and a machine of it asks for the machine's release, not for each of the model's.
    """
    by_source: dict[tuple[str, ...], list[Profile]] = {}
    for one in machines:
        by_source.setdefault(one.values["source"], []).append(one)
    found: dict[str, frozenset[str]] = {}
    for facet in NAMED:
        several = [frozenset(v for one in alike for v in one.values[facet]) for alike in by_source.values()]
        if several := list(filter(None, several)):
            found[facet] = frozenset.intersection(*several) or frozenset.union(*several)
    return found | dict(asked)


def misses(profile: Profile | None, asked: Named) -> int:
    """For how many of these facets it names others only. What names none applies to all."""
    if not (asked and profile):
        return 0
    return sum(
        1
        for facet, values in asked.items()
        if (found := profile.values[facet])
        and values.isdisjoint(found)
        and not (facet == "model" and any(map(is_every_model, found)))
    )
