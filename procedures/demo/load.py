"""The demo's equipment, procedures and FAQ: the fictional Lumen M family of modular UPS."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils.text import slugify

from procedures.importing import importer
from procedures.models import (
    ErrorCode,
    FaqCategory,
    FaqIndexPage,
    FaqPage,
    Machine,
    MachineModel,
    Module,
    ProcedurePage,
    ProductLine,
    SoftwareRelease,
)

HERE = Path(__file__).resolve().parent
SET_NAME = "demo"
# The first versions came into force before the year that the demo's tickets tell of.
_OLDEST_DAYS, _YOUNGEST_DAYS = 420, 372


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load(*, approver: Any, now: datetime) -> importer.Report:
    """Load what is missing; what is there already stays as it is, whatever became of it."""
    load_catalogue(read_yaml(HERE / "catalogue.yaml"))
    report = load_procedures(approver, now)
    load_faq(read_yaml(HERE / "faq.yaml"))
    return report


@transaction.atomic
def load_catalogue(data: Mapping[str, Any]) -> None:
    lines = {
        row["code"]: ProductLine.objects.get_or_create(code=row["code"], defaults=_without(row, "code"))[0]
        for row in data["product_lines"]
    }
    only_line = next(iter(lines.values()))
    models = {}
    for row in data["models"]:
        fields = _without(row, "code") | {"product_line": lines[row["product_line"]]}
        models[row["code"]], _new = MachineModel.objects.get_or_create(code=row["code"], defaults=fields)
    modules: dict[str, Module] = {}
    for row in data["modules"]:
        modules[row["code"]], _new = Module.objects.get_or_create(
            product_line=lines[row["product_line"]],
            code=row["code"],
            defaults=_without(row, "code", "product_line") | {"parent": modules.get(row["parent"])},
        )
    releases = {}
    for row in data["releases"]:
        releases[row["version"]], _new = SoftwareRelease.objects.get_or_create(
            product_line=lines[row["product_line"]],
            version=row["version"],
            defaults={"position": row["order"], "released_on": row["released"]},
        )
    for row in data["machines"]:
        fields = _without(row, "serial") | {
            "model": models[row["model"]],
            "release": releases[row["release"]],
        }
        Machine.objects.get_or_create(serial=row["serial"], defaults=fields)
    for row in data["error_codes"]:
        line = lines[row["product_line"]] if "product_line" in row else only_line
        fields = _without(row, "code", "product_line") | {"module": modules.get(row.get("module"))}
        ErrorCode.objects.get_or_create(product_line=line, code=row["code"], defaults=fields)


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def load_procedures(approver: Any, now: datetime) -> importer.Report:
    """Import the procedures. Raises RuntimeError where one of our own files cannot be read."""

    def date_of(number: str) -> datetime:
        days = random.Random(number).uniform(_YOUNGEST_DAYS, _OLDEST_DAYS)
        return now - timedelta(days=days)

    report = importer.run(
        importer.Request(root=HERE / "procedures", by=approver, set_name=SET_NAME, date_of=date_of)
    )
    # A procedure that was worked on here since is left alone; that is no fault of its file.
    here = set(ProcedurePage.objects.values_list("source_key", flat=True))
    broken = [problem for problem in report.problems if f"{SET_NAME}:{problem[0]}" not in here]
    if broken:
        raise RuntimeError(f"demo procedures that cannot be imported: {broken}")
    return report


@transaction.atomic
def load_faq(data: Mapping[str, Any]) -> None:
    categories = {}
    for position, row in enumerate(data["categories"], 1):
        fields = _without(row, "code") | {"position": position}
        categories[row["code"]], _new = FaqCategory.objects.get_or_create(code=row["code"], defaults=fields)
    folder = FaqIndexPage.objects.get()
    sources = ProcedurePage.objects.in_bulk(field_name="number")
    for row in data["entries"]:
        slug = slugify(row["slug"], allow_unicode=True)
        if folder.get_children().filter(slug=slug).exists():
            continue
        entry = FaqPage(
            title=row["question"],
            slug=slug,
            answer=row["answer"],
            category=categories[row["category"]],
            language=row["language"],
            audience=row["audience"],
            source=sources.get(row["source"]),
            live=False,
        )
        folder.add_child(instance=entry)
        entry.save_revision().publish()
