"""A range that no machine is in comes in through no door: importer, options, editor, submission, database."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from procedures.actions import build_version
from procedures.applying import applies_to
from procedures.content import canonical_content
from procedures.models import (
    Applicability,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
)
from procedures.rules import NotAllowed
from review import releasing
from tests import factories as make
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db
ROWS = [("3.0", "2.0", "2.0 is the earlier one"), ("3.0", "3.0", "the second one is not in the range")]


@pytest.fixture
def line(db: None) -> ProductLine:
    line = make.product_line("LM")
    make.releases(line, "1.0", "2.0", "3.0")
    make.machine_model(line, "LM-200")
    return line


def release(version: str) -> SoftwareRelease:
    return SoftwareRelease.objects.get(version=version)


def run(folder: Path, *options: str) -> str:
    """What the command prints, and why it fails."""
    out, failed = StringIO(), ""
    try:
        call_command("import_procedures", str(folder), "--as", "dora", *options, stdout=out, stderr=out)
    except CommandError as error:
        failed = str(error)
    return out.getvalue() + failed


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
@pytest.mark.parametrize(("first", "before", "why"), ROWS)
def test_the_importer_refuses_it(
    line: ProductLine, tmp_path: Path, first: str, before: str, why: str, dry_run: list[str]
) -> None:
    make.documentation_staff("dora")
    row = f'{{model: LM-200, from: "{first}", before: "{before}"}}'
    (tmp_path / "a.md").write_text(f"---\napplies_to: [{row}]\n---\n# A\n\n## S\n\nx\n")
    said = run(tmp_path, *dry_run)
    assert f"a.md: Model LM-200: from {first} to before {before} is no release at all" in said
    assert why in said
    (tmp_path / "a.md").write_text("# A\n\n## S\n\nx\n")
    said = run(
        tmp_path, *dry_run, "--product-line=LM", "--model=LM-200", f"--from={first}", f"--before={before}"
    )
    assert "--from, --before: Model LM-200: from" in said
    assert why in said
    assert not ProcedureVersion.objects.exists()


@pytest.mark.parametrize(("first", "before", "why"), ROWS)
def test_no_working_copy_with_it_is_submitted_and_the_editor_says_so(
    line: ProductLine, first: str, before: str, why: str
) -> None:
    owner = make.procedure_owner()
    row = {
        "model": MachineModel.objects.get(),
        "release_from": release(first),
        "release_before": release(before),
    }
    page = make.working_copy(by=owner, procedure_owner=owner, product_line=line, applies_to=[row])
    with pytest.raises(NotAllowed, match=why):
        releasing.submit_for_release(page=page, by=owner, significance="minor", change_summary="New.")
    typed = desk_form(
        number=page.number,
        title=page.title,
        **{
            "applicability-TOTAL_FORMS": "1",
            "applicability-0-model": str(row["model"].pk),
            "applicability-0-release_from": str(row["release_from"].pk),
            "applicability-0-release_before": str(row["release_before"].pk),
            "applicability-0-options": "",
        },
    )
    shown = make.signed_in(owner).post(reverse("wagtailadmin_pages:edit", args=[page.pk]), typed)
    assert why in shown.content.decode()
    Applicability.objects.get(page=page)  # nothing was added to it


def test_the_database_refuses_a_new_row_and_the_lint_names_an_old_one(line: ProductLine) -> None:
    model = MachineModel.objects.get()
    page = make.working_copy(by=make.field_engineer(), number="SOP-1")
    content = canonical_content(page)
    version, _rows = build_version(
        page=page, content=content, applies=applies_to(content), approved_by=make.documentation_staff(),
        approved_at=timezone.now(), effective_from=timezone.now(), major=1, minor=0, status="effective",
        origin="imported",
    )  # fmt: skip
    version.save()
    for first, before, _why in ROWS:
        row = VersionApplicability(
            version=version, model=model, release_from=release(first), release_before=release(before)
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()
        row.pk = None
    with connection.cursor() as cursor:  # as one from before the rule
        on = " ON procedures_versionapplicability" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER range_is_immutable_empty{on}")
    row.save()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("lint_applicability", stdout=out)
    said = "For no machine: SOP-1 1.0: LM-200 from 3.0 to before 3.0"
    assert said in out.getvalue()
    shown = make.signed_in(make.documentation_staff()).get(reverse("procedures:lint")).content.decode()
    assert "For no machine" in shown
    assert "software from 3.0 to before 3.0" in shown
