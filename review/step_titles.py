"""The steps of frozen versions by number and title, for lists that name them."""

from collections.abc import Mapping

from procedures.models import ProcedureVersion

# (version, its digest) -> {step id: (number, title)}. A version never changes, and its content is long to read.
_titles: dict[tuple[int, str], dict[str, tuple[int, str]]] = {}
_KEPT = 2000


def step_titles(versions: Mapping[int, str]) -> dict[int, dict[str, tuple[int, str]]]:
    """{version: {step id: (number, title)}} of these versions, each with its digest."""
    found = {pk: _titles[key] for pk, sha256 in versions.items() if (key := (pk, sha256)) in _titles}
    if missing := versions.keys() - found.keys():
        if len(_titles) + len(missing) > _KEPT:
            _titles.clear()
        for version in ProcedureVersion.objects.filter(pk__in=missing).order_by().only("content"):
            steps = {step["id"]: (n, step["title"]) for n, step in enumerate(version.steps, 1)}
            found[version.pk] = _titles[version.pk, versions[version.pk]] = steps
    return found
