"""Which working copies and releases under way name a record of the catalogue.

Versions in force and working copies without changes hold theirs in rows, which the database keeps. What is drafted,
or in review, names them in a revision's JSON only: without this they could be deleted below it, and neither the
editor nor a signature could read it any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from wagtail.models import Page, Revision

from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
)
from procedures.models.catalogue import Named
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


def check_name_kept(record: Named) -> None:
    """Raises ValidationError where the record is to be called otherwise than a version, or what is in review, has it.

    So is a release of whose line ranges were approved: by other names they would count in other machines. The
    database refuses it as well of what versions name (migrations 0012, 0013).
    """
    before = type(record)._default_manager.filter(pk=record.pk).first() if record.pk else None
    if before is None:
        return
    changed = [name for name in record.identity if _value(before, name) != _value(record, name)]
    if not changed:
        return
    reason = _("%(numbers)s name it in what was approved: it keeps this. Add another record instead.")
    numbers = numbers_naming(before)
    if not numbers and isinstance(before, SoftwareRelease):
        reason = _(
            "%(numbers)s apply to a range of releases of this product line in what was approved: it keeps this. "
            "Add another release instead; this one can be deleted while no machine runs it."
        )
        numbers = sorted({number for one in _with_it_in_line(before) for number in numbers_naming(one)})
    if numbers:
        raise ValidationError({name: reason % {"numbers": in_short(numbers)} for name in changed})


def in_short(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:5]) + ("…" if len(numbers) > 5 else "")


def _with_it_in_line(release: SoftwareRelease) -> models.QuerySet[SoftwareRelease]:
    return SoftwareRelease.objects.filter(product_line=release.product_line_id)


def numbers_naming(record: models.Model) -> list[str]:
    """The numbers of the procedures of which a version, or what is in review, names the record."""
    rows = VersionApplicability.objects.order_by()
    match record:
        case ProductLine():
            versions = Q(product_line=record) | Q(error_codes__product_line=record)
        case ErrorCode():
            versions = Q(error_codes=record)
        case MachineModel():
            versions = Q(pk__in=rows.filter(model=record).values("version"))
        case _:
            named = Q(release_from=record.pk) | Q(release_before=record.pk)
            versions = Q(pk__in=rows.filter(named).values("version"))
    numbers = set(ProcedureVersion.objects.filter(versions).order_by().values_list("number", flat=True))
    for waiting in under_way():
        contents = waiting.values_list("content", flat=True)
        numbers |= {content["number"] for content in contents if _content_names(record, content)}
    return sorted(numbers)


def _content_names(record: models.Model, content: Mapping[str, Any]) -> bool:
    """Whether a content (procedures.content) calls the record by its name."""
    codes = [(code["product_line"], code["code"]) for code in content["error_codes"]]
    rows = content["applies_to"]
    match record:
        case ProductLine():
            return record.code == content["product_line"] or record.code in {line for line, _code in codes}
        case ErrorCode():
            return (record.product_line.code, record.code) in codes
        case MachineModel():
            return any(row["model"] == record.code for row in rows)
        case SoftwareRelease():
            models_of_line = set(record.product_line.models.values_list("code", flat=True))
            return any(
                record.version in (row["from"], row["before"]) and row["model"] in models_of_line
                for row in rows
            )
    return False


# ---------- revisions ----------


def keep_revision(sender: type[models.Model], instance: Revision, origin: Any = None, **kwargs: Any) -> None:
    """A procedure's revisions say whose words it holds: they go only with a page that was never submitted.

    Raises ProtectedError; Wagtail's purge_revisions then leaves them.
    """
    if issubclass(getattr(origin, "model", type(origin)), Page):
        return
    if instance.content_type == ContentType.objects.get_for_model(ProcedurePage):
        raise models.ProtectedError("The revisions of a procedure are kept.", {instance})


def _value(record: Named, name: str) -> Any:
    """As the column holds it, so that a changed key counts and nothing is fetched for it."""
    field: Any = record._meta.get_field(name)
    return field.value_from_object(record)
