"""What a version calls by name keeps it: released guides would answer something else by another."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.urls import reverse

from procedures.admin.csv_columns import FILES
from procedures.admin.csv_import import make_plan
from procedures.models import Applicability, ErrorCode, MachineModel, ProcedureVersion, ProductLine
from review import releasing
from tests import factories as make

pytestmark = pytest.mark.django_db

IDENTITY = {"productline": "code", "softwarerelease": "version", "machinemodel": "code", "errorcode": "code"}


def build() -> int:
    line = make.product_line("LM")
    low, high = make.releases(line, "1.0", "2.0")
    model = make.machine_model(line, "LM-200")
    return make.released(
        number="SOP-1",
        product_line=line,
        applies_to=[{"model": model, "release_from": low, "release_before": high}],
        error_codes=[make.error_code(line, "E-1")],
    ).pk


def named(version: ProcedureVersion) -> dict[str, Any]:
    row = version.applicability.get()
    return {
        "productline": version.product_line,
        "softwarerelease": row.release_before,
        "machinemodel": row.model,
        "errorcode": version.error_codes.get(),
    }


@pytest.mark.parametrize(("model", "name"), IDENTITY.items())
def test_a_name_in_a_version_is_kept_in_the_desk_and_by_the_database(
    version: ProcedureVersion, model: str, name: str
) -> None:
    record = named(version)[model]
    staff = make.signed_in(make.documentation_staff())
    address = reverse(f"wagtailsnippets_procedures_{model}:edit", args=[record.pk])
    form = staff.get(address).context["form"]
    data = {bound.html_name: "" if (value := bound.value()) is None else value for bound in form}
    response = staff.post(address, data | {name: "other"})
    assert list(response.context["form"].errors) == [name]
    assert "SOP-1" in str(response.context["form"].errors[name])
    assert 'value="other"' in response.content.decode()
    with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
        type(record).objects.filter(pk=record.pk).update(**{name: "other"})
    setattr(record, name, "other")
    with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
        record.save()


@pytest.mark.parametrize("model", ["softwarerelease", "machinemodel", "errorcode"])
def test_it_stays_in_its_product_line(version: ProcedureVersion, model: str) -> None:
    record = named(version)[model]
    record.product_line = make.product_line("OTHER")
    with pytest.raises(ValidationError) as refused:
        record.full_clean()
    assert "product_line" in refused.value.message_dict
    with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
        type(record).objects.filter(pk=record.pk).update(product_line=record.product_line)


def test_what_no_content_holds_may_change(version: ProcedureVersion) -> None:
    for record in named(version).values():
        if hasattr(record, "name"):
            record.name, record.name_zh = "New name", "新名"
        if isinstance(record, ErrorCode):
            record.meaning = "Another meaning."
        record.full_clean()
        record.save()
    line = ProductLine.objects.get(code="LM")
    unused: models.Model
    for unused, name in ((make.error_code(line, "E-2"), "code"), (make.machine_model(line, "LM-1"), "code")):
        setattr(unused, name, "E-3")
        unused.full_clean()
        unused.save()


def test_a_file_moves_no_model_that_a_version_names_to_another_line(version: ProcedureVersion) -> None:
    make.product_line("OTHER")
    text = "product_line,code,name\nOTHER,LM-200,LM\n"
    problems = make_plan(file=FILES["machinemodel"], data=text.encode()).problems
    assert [(problem.line, problem.field) for problem in problems] == [(2, "product_line")]
    assert "SOP-1" in problems[0].reason


def test_what_is_in_review_keeps_its_names(version: ProcedureVersion) -> None:
    """Its content is what will be signed: under another name it could not be released."""
    line = version.product_line
    model, code = make.machine_model(line, "LM-300"), make.error_code(line, "E-9")
    draft = version.page.get_latest_revision_as_object()
    draft.applicability = [Applicability(model=model)]
    draft.error_codes = [code]
    draft.save_revision(user=version.last_editor)
    releasing.submit_for_release(
        page=version.page, by=version.last_editor, change_summary="More", significance="minor"
    )
    for record in (MachineModel.objects.get(pk=model.pk), ErrorCode.objects.get(pk=code.pk)):
        record.code = "other"
        with pytest.raises(ValidationError, match="SOP-1"):
            record.full_clean()
