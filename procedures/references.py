"""Which working copies and releases under way name a record of the catalogue.

Versions in force and working copies without changes hold theirs in rows, which the database keeps. What is drafted,
or in review, names them in a revision's JSON only: without this they could be deleted below it, and neither the
editor nor a signature could read it any more.
"""

from typing import Any

from django.db import models
from django.db.models import F
from wagtail.models import Revision

from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProductLine,
    SoftwareRelease,
)
from procedures.underway import under_way

_COLUMNS: dict[type[models.Model], tuple[str, ...]] = {
    MachineModel: ("model",),
    SoftwareRelease: ("release_from", "release_before"),
}
KEPT = (MachineModel, SoftwareRelease, ErrorCode, ProductLine)


def procedures_naming(record: models.Model) -> list[ProcedurePage]:
    """The procedures whose newest working copy, or what is in review of them, names the record, by number.

    A deletion is rare, so every draft is read at each; their texts stay in the database.
    """
    drafted = ProcedurePage.objects.exclude(latest_revision=None).exclude(latest_revision=F("live_revision"))
    revisions = set(drafted.values_list("latest_revision", flat=True))
    for rows in under_way():
        revisions |= set(rows.values_list("revision", flat=True))
    named = Revision.objects.filter(pk__in=revisions).values_list(
        "object_id", "content__product_line", "content__applicability", "content__error_codes"
    )
    pages = {int(page_id) for page_id, *names in named if _names(record, *names)}
    if isinstance(record, ErrorCode):  # Django cuts the links of a list without asking
        pages |= set(ProcedurePage.objects.filter(error_codes=record).values_list("pk", flat=True))
    return list(ProcedurePage.objects.filter(pk__in=pages).order_by("number"))


def _names(record: models.Model, line: Any, rows: Any, codes: Any) -> bool:
    if isinstance(record, ProductLine):
        return bool(line == record.pk)
    if isinstance(record, ErrorCode):
        return record.pk in (codes or ())
    columns = _COLUMNS.get(type(record), ())
    return any(row.get(column) == record.pk for row in rows or () for column in columns)


def keep_named(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Before a record of the catalogue is deleted, by whatever way. Raises ProtectedError."""
    if pages := procedures_naming(instance):
        numbers = ", ".join(page.number for page in pages)
        raise models.ProtectedError(f"{instance} is used by the working copy of {numbers}.", set(pages))
