"""Export and import into another database: the same content, to the byte."""

from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import given, settings

from kb.accounts.models import User
from procedures.content import canonical_content, content_hash
from procedures.importing import importer, own_format
from procedures.models import ProcedurePage, ProcedureVersion, ProductLine
from tests import factories
from tests.unit.importing.contents import contents

pytestmark = pytest.mark.django_db

# PostgreSQL's jsonb holds everything but NUL, which no content has.
CODES = (("LM", "E-1"), ("LM", "1e3"), ("XX", "E-1"))


@pytest.fixture
def catalogue(line: ProductLine) -> None:
    factories.error_code(line, "E-1")
    factories.error_code(line, "1e3")
    factories.error_code(factories.product_line("XX"), "E-1")


@given(content=contents(codes=CODES))
@settings(max_examples=25)
def test_random_contents_survive(content: dict[str, Any], catalogue: None, approver: User) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        _write(first, own_format.write(content, team="Power"))
        exported = _import_and_export(Path(first), Path(second), approver, content)
        # "Another database": the first one's work is rolled back by then.
        assert not ProcedurePage.objects.exists()
        again = _import_and_export(Path(second), Path(first), approver, content)
        assert again == exported


def _write(folder: str, text: str) -> None:
    (Path(folder) / "SOP-1.md").write_text(text, encoding="utf-8", newline="")


def _import_and_export(source: Path, target: Path, approver: User, content: dict[str, Any]) -> str:
    point = transaction.savepoint()
    try:
        report = importer.run(importer.Request(root=source, by=approver, set_name="x"))
        assert report.problems == []
        version = ProcedureVersion.objects.get()
        assert version.sha256 == content_hash(content)
        assert content_hash(canonical_content(ProcedurePage.objects.get())) == version.sha256
        assert content_hash(canonical_content(version.revision.as_object())) == version.sha256
        call_command("export_procedures", target, verbosity=0)
        return (target / "SOP-1.md").read_text(encoding="utf-8")
    finally:
        transaction.savepoint_rollback(point)


def test_a_released_version_is_exported_not_the_draft(tmp_path: Path) -> None:
    owner = factories.procedure_owner()
    version = factories.released(owner=owner, number="SOP-5")
    page = ProcedurePage.objects.get(pk=version.page_id)
    page.title = "Draft"
    page.save_revision(user=owner)
    factories.working_copy(by=owner, number="SOP-6")
    factories.released(number="SOP-7")
    out = StringIO()
    call_command("export_procedures", tmp_path / "new", number=["SOP-5"], stdout=out)
    assert "1 procedure exported" in out.getvalue()
    (file,) = (tmp_path / "new").iterdir()
    assert f"owner: {owner.username}" in file.read_text()
    assert "Draft" not in file.read_text()
    with pytest.raises(CommandError, match="SOP-6"):
        call_command("export_procedures", tmp_path, number=["SOP-6"])


def test_importing_an_export_where_it_came_from_changes_nothing_or_is_reported(
    tmp_path: Path, approver: User
) -> None:
    factories.released(number="SOP-5")
    call_command("export_procedures", tmp_path, verbosity=0)
    request = importer.Request(root=tmp_path, by=approver, set_name="other")
    report = importer.run(request)
    assert (report.count("unchanged"), report.problems) == (1, [])
    file = tmp_path / "SOP-5.md"
    file.write_text(file.read_text().replace("Turn the switch.", "Pull the plug."))
    assert [reason for _path, reason in importer.run(request).problems] == [
        "Its number SOP-5 is already that of SOP-5."
    ]
