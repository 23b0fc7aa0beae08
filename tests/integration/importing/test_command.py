"""Who may answer for an import, what the site needs first, and how large an export of its own may be."""

import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from kb.accounts.models import User
from procedures.content import content_hash
from procedures.importing import own_format, readers
from procedures.importing.documents import Defaults, Unreadable, empty_content, new_step
from procedures.models import ProcedureIndexPage, ProcedurePage, ProcedureVersion
from tests import factories
from tests.integration.importing.conftest import Run


@pytest.mark.django_db
@pytest.mark.parametrize("make", [factories.make_user, factories.field_engineer, factories.procedure_owner])
def test_only_documentation_staff_are_on_record_as_approvers(folder: Path, make: Any) -> None:
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    with pytest.raises(CommandError, match="carla cannot be on record as approver"):
        call_command("import_procedures", folder, approver=make("carla").username)
    assert not ProcedureVersion.objects.exists()


@pytest.mark.django_db
def test_a_site_without_folders_says_what_to_run(folder: Path, run: Run) -> None:
    ProcedureIndexPage.objects.get().delete()
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    assert "manage.py bootstrap" in run(folder)[1]


@pytest.mark.django_db
def test_one_version_is_one(folder: Path, run: Run) -> None:
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    assert "1 new, 0 changed, 0 unchanged; 1 version." in run(folder, verbosity=0)[0]


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["a/b-", "-x", "x" * 121, "前-", "a b"])
def test_a_prefix_that_no_number_holds_is_said_in_one_line(folder: Path, run: Run, prefix: str) -> None:
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    _out, why = run(folder, number_prefix=prefix)
    assert "a number holds letters, digits, dots" in why
    assert not ProcedureVersion.objects.exists()


@pytest.mark.parametrize("option", ["--number-prefix", "--set", "--kind", "--owner", "--model", "--code"])
@pytest.mark.django_db
def test_two_dashes_are_no_value(folder: Path, option: str, approver: User) -> None:
    """From Python 3.13 on argparse takes them as the text they are, which then is refused as that."""
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    if sys.version_info >= (3, 13) and option == "--set":
        pytest.skip("a set may have that name")
    with pytest.raises(CommandError, match="--"):
        call_command("import_procedures", str(folder), "--as=dora", f"{option}=--")
    assert not ProcedureVersion.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options", [{"set_name": "s" * 500}, {"number_prefix": "p" * 120}, {"set_name": "é" * 600}]
)
def test_a_number_that_is_too_long_is_refused_with_its_file(
    folder: Path, run: Run, options: dict[str, str]
) -> None:
    (folder / "a.md").write_text("# A\n\n## S\n\nx\n")
    (folder / "b.md").write_text("---\nnumber: B-1\n---\n# B\n\n## S\n\nx\n")
    out, why = run(folder, **options)
    assert "a.md: " in out
    assert "files were not imported" in why or "1 file was not imported" in why
    assert {version.number for version in ProcedureVersion.objects.all()} <= {"B-1"}


@pytest.mark.django_db
def test_the_database_holds_no_longer_number() -> None:
    version = factories.released()
    page = ProcedurePage.objects.filter(pk=version.page_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        page.update(number="x" * 121)
    copy = ProcedureVersion.objects.get(pk=version.pk)
    copy.pk, copy._state.adding, copy.number, copy.major = None, True, "x" * 121, 9
    copy.status, copy.superseded_at = "superseded", copy.effective_from
    with pytest.raises(DatabaseError), transaction.atomic():
        copy.save()


def content_of(steps: int, **texts: str) -> dict[str, Any]:
    rows = [new_step(f"Step {n}", "Turn **left**.") | texts | {"id": f"step-{n}"} for n in range(steps)]
    return empty_content() | {
        "number": "SOP-1", "title": "Long", "kind": "repair", "language": "en", "audience": "internal", "steps": rows,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "texts"), [(3000, {}), (20, {"expected": "x" * 100_000, "caution": "ä\u2028\n" * 9000})]
)
def test_what_the_editor_takes_is_read_again(steps: int, texts: dict[str, str]) -> None:
    content = content_of(steps, **{name: text.strip() for name, text in texts.items()})
    data = own_format.write(content).encode()
    assert len(data) > 256 * 1024
    assert content_hash(readers.parse(data, path="SOP-1.md", defaults=Defaults()).content) == content_hash(
        content
    )


def test_other_files_keep_their_limits() -> None:
    long = "x" * 300 * 1024
    for head, reason in ((f"summary: {long}\n", "front matter is larger"), ("", "larger than 5 MB")):
        data = f"---\ntitle: A\n{head}---\n# A\n\n{'' if head else long * 20}".encode()
        with pytest.raises(Unreadable, match=reason):
            readers.parse(data, path="a.md", defaults=Defaults())
    with pytest.raises(Unreadable, match="larger than 32 MB"):
        readers.decode(b"---\nredline: 1\n" + b"x" * 33 * 1024 * 1024)
    with pytest.raises(Unreadable, match="an anchor, an alias"):
        readers.parse(b"---\nredline: 1\na: &a [x]\nb: [*a, *a]\n---\n", path="a.md", defaults=Defaults())


@pytest.mark.django_db
def test_a_procedure_of_many_steps_goes_out_and_in_again(tmp_path: Path, run: Run) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    (source / "SOP-1.md").write_text(own_format.write(content_of(3000)))
    assert run(source, verbosity=0)[1] == ""
    call_command("export_procedures", target, verbosity=0, stdout=StringIO())
    assert (target / "SOP-1.md").read_text() == (source / "SOP-1.md").read_text()
