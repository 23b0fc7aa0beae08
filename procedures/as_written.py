"""What somebody means who writes a name in other capitals, separators or widths: what it is called, if it is one."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Value
from django.db.models.functions import Lower, Replace

from procedures.models import ErrorCode, Machine, MachineModel, ProductLine
from procedures.plain_codes import plain_code, same_key

# What people leave out of a number, or type another of.
SEPARATORS = " -_./"

Coded = TypeVar("Coded", ErrorCode, MachineModel, ProductLine)


def meant_by(typed: str, things: Iterable[Coded]) -> list[Coded]:
    """Those whose code this is; where it is none's exactly, those whose code differs only in how it is written."""
    typed, key = plain_code(typed), same_key(typed)
    alike = [thing for thing in things if same_key(thing.code) == key] if key else []
    for written in (str, str.casefold):
        if nearer := [thing for thing in alike if written(thing.code) == written(typed)]:
            return nearer
    return alike


def bare_of(typed: str) -> str:
    """What is typed in plain, small characters without separators; the database compares the same of a column."""
    return "".join(character for character in plain_code(typed).lower() if character not in SEPARATORS)


def find_machine(serial: str) -> Machine | None:
    """The machine of this serial number, typed with whatever case and separators if only one fits."""
    machines = Machine.objects.select_related("model__product_line", "release")
    serial = plain_code(serial)
    for lookup in ("exact", "iexact"):
        if found := list(machines.filter(**{f"serial__{lookup}": serial})[:2]):
            return found[0] if len(found) == 1 else None
    bare: Any = Lower("serial")
    for separator in SEPARATORS:
        bare = Replace(bare, Value(separator), Value(""))
    key = bare_of(serial)
    found = list(machines.alias(bare=bare).filter(bare=key)[:2]) if key else []
    return found[0] if len(found) == 1 else None
