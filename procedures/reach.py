"""To which product lines, models and software releases a version applies, in the values that the search filters by."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from procedures.access import audiences_within, rows_naming_models
from procedures.models import (
    Audience,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
)
from search.equipment import every_model


def release_key(line: str, version: str) -> str:
    """A software release by name: two product lines may both have a 1.0."""
    return f"{line} {version}"


@dataclass(frozen=True)
class Reach:
    """Codes of lines and models, keys of releases; nothing in all of them: it applies to every machine."""

    lines: Sequence[str] = ()
    models: Sequence[str] = ()
    releases: Sequence[str] = ()


class Equipment:
    """The catalogue's models and releases by product line, read once for many versions."""

    def __init__(self) -> None:
        self._models: dict[int, dict[int, str]] = defaultdict(dict)
        self._line_of_model: dict[int, tuple[int, str]] = {}
        self._releases: dict[int, list[SoftwareRelease]] = defaultdict(list)
        for model in MachineModel.objects.select_related("product_line").order_by("code"):
            self._models[model.product_line_id][model.pk] = model.code
            self._line_of_model[model.pk] = (model.product_line_id, model.product_line.code)
        for release in SoftwareRelease.objects.select_related("product_line").order_by("position"):
            self._releases[release.product_line_id].append(release)
        self._named_for = cache(_named_for)

    def reach_of_line(self, line: ProductLine, audience: str = Audience.INTERNAL) -> Reach:
        """Every machine of the line, named one by one: who looks for a model must not find another line's.

        A model that this audience may not know of is not named, nor does the list tell whether there is one.
        """
        every = [release_key(line.code, release.version) for release in self._releases[line.pk]]
        models = self._models[line.pk]
        if audience == Audience.INTERNAL:
            return Reach([line.code], list(models.values()), every)
        named = [code for pk, code in models.items() if pk in self._named_for(audience)]
        return Reach([line.code], [*named, every_model(line.code)], every)

    def reach_of(self, version: ProcedureVersion) -> Reach:
        """`version` has its applicability and product line at hand. Options are not looked at."""
        rows = list(version.applicability.all())
        if not rows:
            line = version.product_line
            return Reach() if line is None else self.reach_of_line(line, version.audience)
        lines: dict[str, None] = {}
        releases: dict[str, None] = {}
        for row in rows:
            line_pk, line_code = self._line_of_model[row.model_id]
            lines[line_code] = None
            releases |= {
                release_key(line_code, release.version): None
                for release in self._releases[line_pk]
                if _holds(row, release)
            }
        return Reach(list(lines), list(dict.fromkeys(row.model.code for row in rows)), list(releases))


def _named_for(audience: str) -> frozenset[int]:
    return frozenset(rows_naming_models(audiences_within(audience)).values_list("model", flat=True))


def _holds(row: VersionApplicability, release: SoftwareRelease) -> bool:
    return (row.release_from is None or row.release_from.position <= release.position) and (
        row.release_before is None or release.position < row.release_before.position
    )
