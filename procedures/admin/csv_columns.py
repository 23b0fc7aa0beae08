"""Which columns the CSV file of each catalogue model has, and how a cell becomes a value and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from procedures.models import (
    ErrorCode,
    FaqCategory,
    Machine,
    MachineModel,
    Module,
    ProductLine,
    SoftwareRelease,
)
from procedures.plain_codes import plain_code, same_key

_BETWEEN_OPTIONS = re.compile(r"[,;，；、\n]")
_DATE = re.compile(r"\A(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z")


@dataclass(frozen=True)
class CatalogueFile:
    """The CSV file of one model.

    `key` finds the record that a row is about; `columns` are all, in order. `ordered` says that they have
    a `position` in their product line, which may change hands between rows of one file.
    `plain` writes a key's text as records hold it; two records whose texts `fold` alike would be taken for
    one another, and only one of them may be.
    """

    model: type[models.Model]
    key: tuple[str, ...]
    columns: tuple[str, ...]
    ordered: bool = False
    plain: Callable[[str], str] = str
    fold: Callable[[str], str] = str.casefold

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    def field(self, name: str) -> models.Field:
        field = self.model._meta.get_field(name)
        if not isinstance(field, models.Field):
            raise FieldDoesNotExist(name)
        return field

    @property
    def required(self) -> list[str]:
        """The columns that a file must have: the key, and what no new record can be without."""
        return [
            name
            for name in self.columns
            if name in self.key or not (self.field(name).blank or self.field(name).has_default())
        ]

    @property
    def has_history(self) -> bool:
        return hasattr(self.model, "history")


FILES: Mapping[str, CatalogueFile] = {
    file.name: file
    for file in [
        CatalogueFile(ProductLine, ("code",), ("code", "name", "name_zh")),
        CatalogueFile(MachineModel, ("code",), ("code", "product_line", "name", "name_zh", "options")),
        CatalogueFile(
            Module, ("product_line", "code"), ("product_line", "code", "parent", "name", "name_zh")
        ),
        CatalogueFile(
            SoftwareRelease,
            ("product_line", "version"),
            ("product_line", "version", "position", "released_on"),
            ordered=True,
        ),
        CatalogueFile(
            Machine,
            ("serial",),
            ("serial", "model", "release", "customer", "site", "options", "warranty_end"),
        ),
        CatalogueFile(
            ErrorCode,
            ("product_line", "code"),
            (
                "product_line",
                "code",
                "module",
                "severity",
                "meaning",
                "meaning_zh",
                "causes",
                "causes_zh",
            ),
            plain=plain_code,
            fold=same_key,
        ),
        CatalogueFile(FaqCategory, ("code",), ("code", "name", "name_zh", "position")),
    ]
}


@dataclass(frozen=True)
class Reference:
    """How a cell names a record: by `code`, within the product line found on the row's record at `line`."""

    model: type[models.Model]
    code: str
    line: str = ""


REFERENCES: Mapping[str, Reference] = {
    "product_line": Reference(ProductLine, "code"),
    "model": Reference(MachineModel, "code"),
    "parent": Reference(Module, "code", "product_line"),
    "module": Reference(Module, "code", "product_line"),
    "release": Reference(SoftwareRelease, "version", "model.product_line"),
}


def split_options(text: str) -> list[str]:
    """Names divided by commas, Chinese ones too, each once and in the order given."""
    return list(dict.fromkeys(name.strip() for name in _BETWEEN_OPTIONS.split(text) if name.strip()))


def parse_date(text: str) -> date:
    """A date written year first. Raises ValidationError for any other: day or month first?"""
    match = _DATE.match(text)
    try:
        if match:
            return date(*map(int, match.groups()))
    except ValueError:  # no calendar has it: refused as any other
        pass
    raise ValidationError(_("“%(text)s” is not a date; write it as 2026-01-31.") % {"text": text})


_MOST_DIGITS = 40  # no field takes as many; of over 4,300 Python makes no number


def parse_cell(field: models.Field, text: str) -> Any:
    """The value of a cell that names no other record. Raises ValidationError with the reason."""
    if not text:
        if field.has_default():
            return field.get_default()
        return None if field.null else ""
    if isinstance(field, models.JSONField):
        return split_options(text)
    if isinstance(field, models.DateField):
        return parse_date(text)
    if isinstance(field, models.IntegerField):
        if not (text.isascii() and text.isdigit()):
            raise ValidationError(_("“%(text)s” is not a whole number, 0 or more.") % {"text": text})
        return int(text[:_MOST_DIGITS])
    if field.choices:
        known = {str(value) for value, _label in field.flatchoices}
        if text.lower() not in known:
            raise ValidationError(
                _("“%(text)s” is unknown; write one of: %(known)s.")
                % {"text": text, "known": ", ".join(str(value) for value, _label in field.flatchoices)}
            )
        return text.lower()
    return text


def cell_text(record: models.Model, name: str) -> str:
    """A field as its cell is written, the reverse of parsing."""
    value = getattr(record, name)
    if value is None:
        return ""
    if isinstance(value, models.Model):
        return str(getattr(value, REFERENCES[name].code))
    if isinstance(value, list):
        return ", ".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def cell_help(file: CatalogueFile, name: str) -> str:
    """What to write into a column, for the page that offers the template."""
    field = file.field(name)
    if isinstance(field, models.ForeignKey):
        if REFERENCES[name].code == "version":
            return _("The version of a %s.") % field.related_model._meta.verbose_name
        return _("The code of a %s.") % field.related_model._meta.verbose_name
    if isinstance(field, models.JSONField):
        return _("Names, divided by commas.")
    if isinstance(field, models.DateField):
        return _("A date, as 2026-01-31.")
    if isinstance(field, models.IntegerField):
        return _("A whole number.")
    if field.choices:
        return _("One of: %s.") % ", ".join(str(value) for value, _label in field.flatchoices)
    return ""
