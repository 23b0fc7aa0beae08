"""manage.py import_procedures: what its options say of files that do not say it themselves."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kb.accounts.models import User
from procedures.models import ErrorCode, ProcedurePage, ProcedureVersion, ProductLine
from search.models import SearchDocument
from tests import factories
from tests.integration.importing.conftest import Run

pytestmark = pytest.mark.django_db


def test_options_say_what_the_files_do_not(run: Run, folder: Path, line: ProductLine) -> None:
    (folder / "E0081.md").write_text("#### Note: x\n\nA value is used twice. Twice!\n")
    owner = factories.procedure_owner("olivia")
    _text, failed = run(
        folder,
        kind="diagnose",
        language="zh-hans",
        audience="public",
        product_line="LM",
        model=["LM-200", "LM-400"],
        release_from="2.10",
        owner="olivia",
        team="Power",
        number_prefix="RUST-",
        title_from="file-name",
        codes_from="file-name",
        set_name="rust",
    )
    assert not failed
    version = ProcedureVersion.objects.get(number="RUST-E0081")
    assert version.title == "E0081: A value is used twice."
    assert (version.kind, version.language, version.audience) == ("diagnose", "zh-hans", "public")
    assert version.content["applies_to"][1] == {
        "model": "LM-400",
        "from": "2.10",
        "before": "",
        "options": [],
    }
    assert version.applicability.count() == version.page.applicability.count() == 2
    code = version.error_codes.get()
    assert (code.code, code.product_line, code.meaning) == ("E0081", line, "A value is used twice.")
    assert code.history.count() == 1
    assert list(version.page.error_codes.all()) == [code]
    assert (version.page.procedure_owner, version.page.team) == (owner, "Power")
    assert SearchDocument.objects.get(source="error_code", object_id=str(code.pk)).scope == "public"


def test_options_and_codes_that_the_files_do_not_name(run: Run, folder: Path, line: ProductLine) -> None:
    factories.machine_model(line, "LM-600", options=["lithium", "seismic"])
    factories.error_code(line, "E-1")
    (folder / "a.md").write_text("# A\n")
    (folder / "b.md").write_text("---\nmodels: LM-200\ncodes: [E-1]\n---\n# B\n")
    factories.error_code(line, "E-2")
    (folder / "c.md").write_text("---\nmodels: [LM-400, LM-200, LM-400]\ncodes: E-2\n---\n# C\n")
    _text, failed = run(
        folder, product_line="LM", model=["LM-600"], option=["seismic", "lithium"], code=["E-1"]
    )
    assert not failed
    for number, models, options, code in (
        ("SET-a", ["LM-600"], ["lithium", "seismic"], "E-1"),
        ("SET-b", ["LM-200"], [], "E-1"),
        ("SET-c", ["LM-400", "LM-200"], [], "E-2"),
    ):
        version = ProcedureVersion.objects.get(number=number)
        assert [row["model"] for row in version.content["applies_to"]] == models
        assert {tuple(row["options"]) for row in version.content["applies_to"]} == {tuple(options)}
        assert version.content["error_codes"] == [{"product_line": "LM", "code": code}]
        assert version.error_codes.get().code == code


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("models: [LM-200, XX-9]", "There is no model XX-9."),
        ("models: [{a: b}]", "models cannot be"),
        ("product_line: LM\ncodes: E-9", "There is no error code E-9 in the product line LM."),
        ("codes: [E-9]", "It names error codes but no product line: name it as product_line"),
        ("models: [LM-200]\napplies_to: [{model: LM-400}]", "both models and applies_to"),
        ("product_line: LM\ncodes: [E-1]\nerror_codes: [E-1]", "both codes and error_codes"),
    ],
)
def test_models_and_codes_that_cannot_be_taken_are_reported(
    run: Run, folder: Path, line: ProductLine, head: str, said: str
) -> None:
    (folder / "a.md").write_text(f"---\n{head}\n---\n# A\n")
    text, failed = run(folder)
    assert "a.md: " in text
    assert said in text
    assert failed


def test_a_code_that_is_too_long_is_reported(run: Run, folder: Path, line: ProductLine) -> None:
    (folder / f"{'E' * 61}.md").write_text("# A\n")
    (folder / f"{'F' * 60}.md").write_text("# B\n")
    text, failed = run(folder, product_line="LM", codes_from="file-name")
    assert not failed
    assert f"{'E' * 61}.md: Its error code “{'E' * 59}…” has more than 60 characters" in text
    assert ErrorCode.objects.get().code == "F" * 60


def test_an_owner_who_cannot_act_is_refused_as_an_option(folder: Path, approver: User) -> None:
    (folder / "a.md").write_text("# A\n\n## One\n\nx\n")
    for user in (factories.make_user("carla"), factories.field_engineer("felix")):
        with pytest.raises(CommandError, match=f"{user.username} cannot own procedures"):
            call_command("import_procedures", folder, approver="dora", owner=user.username)
    assert not ProcedurePage.objects.exists()


@pytest.mark.parametrize(
    "options",
    [
        {"approver": "nobody"},
        {"product_line": "ZZ"},
        {"model": ["ZZ"]},
        {"model": ["LM-200"], "release_from": "7"},
        {"release_from": "2.0"},
        {"codes_from": "title"},
        {"option": ["lithium"]},
        {"model": ["LM-200"], "option": ["lithium"]},
        {"code": ["E-1"]},
        {"product_line": "LM", "code": ["E-404"]},
        {"owner": "nobody"},
        {"history": True},
    ],
)
def test_wrong_options_end_with_a_sentence(
    options: dict[str, object], folder: Path, line: ProductLine, approver: User
) -> None:
    with pytest.raises(CommandError, match=r"[.:]"):
        call_command("import_procedures", folder, **({"approver": "dora"} | options))
