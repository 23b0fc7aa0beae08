"""A database that somebody with full access writes to, past the application and its triggers."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from procedures.models import ProcedureVersion
from tests import factories as make

Tamper = Callable[..., None]


@pytest.fixture
def tamper(db: None) -> Iterator[Tamper]:
    """`tamper("UPDATE …", parameters)`: SQL with the triggers out of the way."""

    def run(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%immutable%'"
                )
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            else:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                for table in ("procedures_procedureversion", "procedures_auditevent"):
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(sql, parameters)

    yield run
    transaction.set_rollback(True)  # or the end of the test would check the references


@pytest.fixture
def world(db: None) -> ProcedureVersion:
    """Two procedures; the first has versions 1.0 and 1.1, rows of where it applies and an error code."""
    line = make.product_line("UPS")
    make.releases(line, "1.0", "2.0")
    model = make.machine_model(line, "U-100")
    first = make.released(
        number="SOP-1",
        title="Replace the fan",
        product_line=line,
        steps=[make.step("a", body="Turn **left**.")],
        applies_to=[{"model": model, "options": ["lithium"]}],
        error_codes=[make.error_code(line, "E-1")],
    )
    make.released(number="SOP-2")
    draft = first.page.get_latest_revision_as_object()
    draft.title = "Replace the fan tray"
    draft.save_revision(user=first.last_editor)
    return make.release(
        first.page, by=first.last_editor, approver=make.documentation_staff(), summary="A tray"
    )


def verify(*arguments: str) -> tuple[bool, str]:
    """(does it fit, what the command said)."""
    out, errors = StringIO(), StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=errors, verbosity=0)
    except CommandError as failed:
        return False, errors.getvalue() + str(failed)
    return True, out.getvalue()
