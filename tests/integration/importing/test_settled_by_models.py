"""What models settle of codes, what git knows nothing of, and what is named like a file and is none."""

import os
import socket
from pathlib import Path

import pytest

from procedures.models import ErrorCode, ProcedureVersion, ProductLine
from tests import factories
from tests.integration.importing.conftest import Run
from tests.integration.importing.git_folder import GitFolder

TEXT = "# A\n\n## S\n\nx\n"


def test_models_settle_the_line_of_codes(line: ProductLine, folder: Path, run: Run) -> None:
    code = factories.error_code(line, "E-3034")
    (folder / "a.md").write_text(f"---\nmodels: [LM-200, LM-400]\ncodes: [E-3034]\n---\n{TEXT}")
    assert run(folder)[1] == ""
    version = ProcedureVersion.objects.get()
    assert (list(version.error_codes.all()), version.product_line) == ([code], line)
    assert "1 unchanged" in run(folder)[0]


def test_models_of_two_lines_settle_nothing(line: ProductLine, folder: Path, run: Run) -> None:
    factories.error_code(line, "E-3034")
    factories.machine_model(factories.product_line("NX"), "NX-1")
    (folder / "a.md").write_text(f"---\nmodels: [LM-200, NX-1]\ncodes: [E-3034]\n---\n{TEXT}")
    out, why = run(folder)
    assert "no product line: name it as product_line, or by --product-line, or name models of one" in out
    assert why
    assert "--code needs --product-line, or a --model of one" in run(folder, code=["E-3034"])[1]


def test_a_model_that_is_not_here_is_named_and_not_the_line(
    line: ProductLine, folder: Path, run: Run
) -> None:
    factories.error_code(line, "E-3034")
    (folder / "a.md").write_text(f"---\nmodels: [LM-400, XX-9]\ncodes: [E-3034]\n---\n{TEXT}")
    (folder / "b.md").write_text(TEXT)
    out, _why = run(folder)
    assert "a.md: There is no model XX-9." in out
    assert "no product line" not in out
    assert "no model XX-9" in run(folder, model=["LM-400", "XX-9"], code=["E-3034"])[1]


@pytest.mark.parametrize("typed", ["E-3034", "e3034", "Ｅ－３０３４"])
def test_a_model_settles_the_line_of_the_option_and_its_spelling_is_free(
    line: ProductLine, folder: Path, run: Run, typed: str
) -> None:
    code = factories.error_code(line, "E-3034")
    (folder / "a.md").write_text(TEXT)
    assert run(folder, model=["LM-200"], code=[typed])[1] == ""
    assert list(ErrorCode.objects.filter(versions=ProcedureVersion.objects.get())) == [code]


def test_the_spelling_of_an_option_is_not_guessed(line: ProductLine, folder: Path, run: Run) -> None:
    factories.error_code(line, "E-3034")
    factories.error_code(line, "E3034")
    (folder / "a.md").write_text(TEXT)
    assert "could be E-3034, E3034" in run(folder, product_line="LM", code=["e_3034"])[1]
    assert "no error code e9 in the product line LM" in run(folder, product_line="LM", code=["e9"])[1]


@pytest.mark.django_db
def test_a_folder_without_history_is_named(tmp_path: Path, run: Run) -> None:
    git = GitFolder(tmp_path / "set")
    git.commit("Begin", {"old/a.md": TEXT})
    git.write("new/b.md", TEXT)
    note = "git has no history of the files in this folder"
    out, why = run(git.root, history=True)
    assert (f"new: {note}" in out, f"old: {note}" in out, why) == (True, False, "")
    out, why = run(git.root / "new", history=True, set_name="other")
    assert (f".: {note}" in out, why) == (True, "")
    assert note not in run(git.root)[0]


@pytest.mark.django_db
def test_a_pipe_and_a_socket_are_named_and_never_opened(folder: Path, run: Run) -> None:
    os.mkfifo(folder / "pipe.md")
    here = Path.cwd()
    os.chdir(folder)  # a socket's address is short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.md")
    finally:
        os.chdir(here)
    (folder / "a.md").write_text(TEXT)
    out, why = run(folder)
    for name in ("pipe.md", "socket.md"):
        assert f"{name}: It is a pipe, a socket or a device, not a file; it was not opened." in out
    assert "2 files were not imported." in why
    assert ProcedureVersion.objects.count() == 1
