"""What changed between two history rows of one record, in words."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class FieldChange:
    """One field of a record: its label and what it said before and after, ready to be shown."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class RecordChange:
    """One history row: who did what when; `changes` is empty for a creation or a deletion."""

    at: datetime
    by: Any
    kind: str
    reason: str
    changes: list[FieldChange]

    @property
    def kind_label(self) -> str:
        return {"+": _("Created"), "-": _("Deleted")}.get(self.kind, _("Changed"))


def shown(record: models.Model, field: models.Field) -> str:
    """The value of a field of a history row, as a person reads it; a dash where there is none."""
    value = getattr(record, field.attname)
    if value in (None, "", []):
        return "–"
    if isinstance(field, models.ForeignKey):
        try:
            return str(getattr(record, field.name))
        except ObjectDoesNotExist:
            return f"#{value}"
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(localize(value))


def field_changes(record: Any, previous: Any, *, exclude: Collection[str] = ()) -> list[FieldChange]:
    """The fields that differ between a history row and the one before it."""
    return [
        FieldChange(
            field.name, str(capfirst(field.verbose_name)), shown(previous, field), shown(record, field)
        )
        for field in record.tracked_fields
        if field.name not in exclude and getattr(record, field.attname) != getattr(previous, field.attname)
    ]


def record_changes(rows: Iterable[Any], *, exclude: Collection[str] = ()) -> list[RecordChange]:
    """Describe history rows of one record, newest first, each against the one that follows it.

    The last of `rows` is only compared with, unless it is a creation.
    """
    described = []
    newest_first = list(rows)
    for row, previous in zip(newest_first, [*newest_first[1:], None], strict=True):
        if previous is None and row.history_type != "+":
            continue
        changes = (
            field_changes(row, previous, exclude=exclude) if previous and row.history_type == "~" else []
        )
        if row.history_type == "~" and not changes:
            continue
        described.append(
            RecordChange(
                row.history_date, row.history_user, row.history_type, row.history_change_reason or "", changes
            )
        )
    return described
