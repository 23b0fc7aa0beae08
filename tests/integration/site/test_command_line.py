"""manage.py where the database is not fit for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pristine import ROOT


def manage(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REDLINE_DATA_DIR": str(folder)}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "command",
    [
        ("import_procedures", ".", "--as", "dora"),
        ("export_procedures", "{}/out"),
        ("demo",),
        ("bootstrap",),
        ("verify_audit",),
    ],
)
def test_a_database_that_was_never_migrated_is_said_in_one_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = manage(tmp_path, *(part.format(tmp_path) for part in command))
    assert done.returncode == 1
    assert done.stderr.strip() == "The database lacks tables of this release: run `manage.py migrate` first."


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "redline.sqlite3").write_text("This is a letter. " * 100)
    done = manage(tmp_path, "verify_audit")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "cannot be used: file is not a database" in line


def test_a_command_without_a_database_needs_none(tmp_path: Path) -> None:
    assert manage(tmp_path, "help").returncode == 0
