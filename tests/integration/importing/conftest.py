"""An approver, a product line, and the command with its output."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kb.accounts.models import User
from procedures.models import ProductLine
from tests import factories

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def approver(db: None) -> User:
    return factories.documentation_staff("dora")


@pytest.fixture
def line(db: None) -> ProductLine:
    line = factories.product_line("LM")
    factories.releases(line, "2.0", "2.10")
    for code in ("LM-200", "LM-400"):
        factories.machine_model(line, code)
    return line


@pytest.fixture
def run(approver: User) -> Run:
    """run(folder, **options) imports; returns (what it printed, why it failed or "")."""

    def run(folder: Path, **options: Any) -> tuple[str, str]:
        out, failed = StringIO(), ""
        try:
            call_command("import_procedures", folder, approver="dora", stdout=out, stderr=out, **options)
        except CommandError as error:
            failed = str(error)
        return out.getvalue(), failed

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder named `set`, to be filled by the test."""
    path = tmp_path / "set"
    path.mkdir()
    return path
