"""manage.py where the database is not fit for it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pristine import ROOT


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REDLINE_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "kb.settings"}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def manage(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "manage.py", *command)


NEVER_MIGRATED = "The database lacks tables of this release: run `manage.py migrate` first."
COMMANDS = [
    ("import_procedures", ".", "--as", "dora"),
    ("export_procedures", "{}/out"),
    ("demo",),
    ("verify_audit",),
]
# Starting takes two seconds: all commands are carried out by one process, as manage.py carries them out.
ONE_BY_ONE = """
import contextlib, io, json, sys
from kb.command_line import run
said = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            run(["manage.py", *command])
            said.append([0, stderr.getvalue()])
        except SystemExit as exit:
            said.append([exit.code, stderr.getvalue()])
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def never_migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Any]:
    """How each command ends (what sys.exit is given, what it wrote to stderr) without a table."""
    folder = tmp_path_factory.mktemp("empty")
    commands = json.dumps([[part.format(folder) for part in command] for command in COMMANDS])
    done = python(folder, "-c", ONE_BY_ONE, commands)
    assert done.returncode == 0, done.stderr
    return dict(zip(COMMANDS, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_was_never_migrated_is_said_in_one_line(
    never_migrated: dict[tuple[str, ...], Any], command: tuple[str, ...]
) -> None:
    assert never_migrated[command] == [NEVER_MIGRATED, ""]


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "redline.sqlite3").write_text("This is a letter. " * 100)
    done = manage(tmp_path, "verify_audit")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "cannot be used: file is not a database" in line


def test_what_a_command_ends_with_is_written_to_the_terminal(tmp_path: Path) -> None:
    done = manage(tmp_path, "bootstrap")
    assert done.returncode == 1
    assert done.stderr.strip() == NEVER_MIGRATED


def test_a_command_without_a_database_needs_none(tmp_path: Path) -> None:
    assert manage(tmp_path, "help").returncode == 0
