"""Where a content applies, as records of the catalogue: found by the names that were approved, not in a revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
)
from procedures.ordering import range_problem
from procedures.rules import NotAllowed


@dataclass(frozen=True, slots=True)
class Applies:
    line: ProductLine | None
    rows: list[VersionApplicability]  # unsaved and of no version yet
    codes: list[ErrorCode]


def applies_as_filled(page: ProcedurePage) -> Applies:
    """Where a page applies that was just filled with a content, by whoever looked its names up."""
    rows = [
        VersionApplicability(
            model_id=row.model_id,
            release_from_id=row.release_from_id,
            release_before_id=row.release_before_id,
            options=sorted(row.options or []),
        )
        for row in page.applicability.all()
    ]
    return Applies(page.product_line, rows, list(page.error_codes.all()))


def applies_to(content: Mapping[str, Any]) -> Applies:
    """What this content (procedures.content) names. Raises NotAllowed for a name that the catalogue does not have,
    and for a range that no machine is in."""
    names = {content["product_line"], *(code["product_line"] for code in content["error_codes"])}
    lines = {line.code: line for line in ProductLine.objects.filter(code__in=names - {""})}
    if content["product_line"] and content["product_line"] not in lines:
        raise NotAllowed(_("There is no product line %(code)s.") % {"code": content["product_line"]})
    return Applies(lines.get(content["product_line"]), _rows(content), _codes(content, lines))


def _rows(content: Mapping[str, Any]) -> list[VersionApplicability]:
    rows = content["applies_to"]
    models = {model.code: model for model in MachineModel.objects.filter(code__in={r["model"] for r in rows})}
    versions = {row[end] for row in rows for end in ("from", "before")} - {""}
    releases = {
        (release.product_line_id, release.version): release
        for release in SoftwareRelease.objects.filter(version__in=versions)
    }

    def release(model: MachineModel, version: str) -> SoftwareRelease | None:
        if not version:
            return None
        if (found := releases.get((model.product_line_id, version))) is None:
            reason = _("There is no software release %(version)s of the model %(code)s.")
            raise NotAllowed(reason % {"version": version, "code": model.code})
        return found

    found = []
    for row in rows:
        if (model := models.get(row["model"])) is None:
            raise NotAllowed(_("There is no model %(code)s.") % {"code": row["model"]})
        first, before = release(model, row["from"]), release(model, row["before"])
        if reason := range_problem(first, before):
            raise NotAllowed(_("Model %(code)s: %(reason)s") % {"code": model.code, "reason": reason})
        found.append(
            VersionApplicability(
                model=model,
                release_from=first,
                release_before=before,
                options=sorted(row["options"]),
            )
        )
    return found


def _codes(content: Mapping[str, Any], lines: Mapping[str, ProductLine]) -> list[ErrorCode]:
    named = [(code["product_line"], code["code"]) for code in content["error_codes"]]
    codes = {
        (code.product_line_id, code.code): code
        for code in ErrorCode.objects.filter(
            product_line__in=list(lines.values()), code__in={code for _line, code in named}
        )
    }
    found = []
    for line, name in named:
        code = codes.get((lines[line].pk, name)) if line in lines else None
        if code is None:
            reason = _("There is no error code %(code)s in the product line %(line)s.")
            raise NotAllowed(reason % {"code": name, "line": line})
        found.append(code)
    return found
