"""A product line, its machines and a code, and how guides that answer it come about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kb.accounts.models import User
from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
)
from tests import factories as make
from tests.pristine import as_stored, built_once


@dataclass(frozen=True)
class Shelf:
    """A product line with three releases, two models and a code, and guides that answer it."""

    owner: User
    staff: User
    line: ProductLine
    old: SoftwareRelease
    mid: SoftwareRelease
    new: SoftwareRelease
    small: MachineModel
    large: MachineModel
    code: ErrorCode

    def draft(self, number: str, *rows: dict[str, Any], **fields: Any) -> ProcedurePage:
        fields = {"product_line": self.line, "error_codes": [self.code], **fields}
        return make.working_copy(
            by=self.owner, procedure_owner=self.owner, number=number, applies_to=rows, **fields
        )

    def guide(self, number: str, *rows: dict[str, Any], **fields: Any) -> ProcedureVersion:
        return make.release(self.draft(number, *rows, **fields), by=self.owner, approver=self.staff)


def build_shelf() -> Shelf:
    line = make.product_line("UPS")
    old, mid, new = make.releases(line, "1.0", "2.0", "3.0")
    return Shelf(
        owner=make.procedure_owner(),
        staff=make.documentation_staff(),
        line=line,
        old=old,
        mid=mid,
        new=new,
        small=make.machine_model(line, "U-100", ["lithium", "parallel"]),
        large=make.machine_model(line, "U-200"),
        code=make.error_code(line, "E-77/A"),
    )


@pytest.fixture(scope="module")
def built_shelf(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shelf]:
    with built_once(django_db_blocker, build_shelf) as shelf:
        yield shelf


@pytest.fixture
def shelf(built_shelf: Shelf, db: None) -> Shelf:
    return as_stored(built_shelf)
