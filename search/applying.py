"""What a question says of the machine: a model, a software release. What is not for that one comes after what is."""

import re
from collections.abc import Collection, Iterable, Mapping

from search.analysis import MARK, code_term, normalise
from search.equipment import is_every_model
from search.profiles import NAMED, Profile, Seen

Named = Mapping[str, frozenset[str]]
"""Facet -> the values of it that a question names, where it names one."""


_VERSION = r"(?<![\d.])(\d{1,3}\.\d{1,3})(?!\.?\d)"
_OF = r"(?:(?:the|version|software|firmware|release|sw|fw|v|upgrad(?:e|ing) to|版本|软件|固件)[. ]?)*"
# before 3.0, older than SW 3.0; 3.0 之前, 低于 3.0; but not: not before 3.0, 不低于 3.0
_BEFORE = re.compile(
    r"(?:(?<!not )(?<!no )\b(?:before|prior to|until|(?:older|earlier|lower) than|below) |\bpre-?|"
    rf"(?<!不)(?:低于|早于|小于|不到)|<) ?{_OF}{_VERSION}|"
    rf"{_VERSION} ?(?:版本?)? ?(?:[之以]前|以下|前(?![面后]))",
    re.IGNORECASE,
)
# 2.4.1 is of the release 2.4; 10.0.0.1 is something else.
_PATCH = re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3})\.\d+(?!\.?\d)")
_PRE = re.compile(rf"\bpre-{_VERSION}", re.IGNORECASE)  # one word, which names nothing itself
_LETTERS = re.compile(f"{MARK}[a-z]*")


def named(text: str, codes: Collection[str], seen: Seen) -> Named:
    """The models and releases that a question names; `codes` are its ParsedQuery.codes."""
    normalised = normalise(text)
    patched = {code_term(found[1]) for form in (_PATCH, _PRE) for found in form.finditer(normalised)}
    before = {code_term(found[1] or found[2]) for found in _BEFORE.finditer(normalised)}
    # What else it names outright is what it is about: "3.1, worked before 3.0".
    rest = _BEFORE.sub(" ", normalised)
    outright = {code_term(found[1]) for found in re.finditer(_VERSION, rest)} if before else set()
    found: dict[str, set[str]] = {}
    earlier: set[str] = set()
    for code in {*codes, *patched}:
        number = _LETTERS.sub(MARK, code, count=1)
        for facet, value in seen.names.get(code, ()):
            if facet == "release" and number in before - outright:
                earlier.update(seen.earlier(value))
            else:
                found.setdefault(facet, set()).add(value)
    if earlier:
        found.setdefault("release", earlier)
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
