"""The guide for a machine whose options nobody has said anything about yet."""

from typing import Any

import pytest

from procedures.actions import accept_overlap
from procedures.models import ErrorCode, Machine, ProcedurePage
from tests import factories as make

pytestmark = pytest.mark.django_db

NONE = "No guide in force applies to this machine."
DEPENDS = "depends on the options fitted"


def build() -> int:
    """SOP-LI is for the LM-200 from 2.0 with lithium, SOP-PA for the LM-400 with parallel, whatever its release."""
    line = make.product_line("LM")
    _first, second, _third = make.releases(line)
    small = make.machine_model(line, "LM-200", ["lithium", "top-entry"])
    large = make.machine_model(line, "LM-400", ["parallel"])
    code = make.error_code(line, "E-3034")
    guide = {"kind": "error_handling", "product_line": line, "error_codes": [code]}
    make.released(
        number="SOP-LI",
        applies_to=[{"model": small, "release_from": second, "options": ["lithium"]}],
        **guide,
    )
    make.released(number="SOP-PA", applies_to=[{"model": large, "options": ["parallel"]}], **guide)
    return code.pk


@pytest.fixture
def code(built: int, db: None) -> ErrorCode:
    return ErrorCode.objects.get(pk=built)


def asked(code: ErrorCode, **question: str) -> tuple[Any, str, list[str]]:
    response = make.signed_in(make.field_engineer()).get(code.get_absolute_url(), question)
    page = response.context["page"]
    return page, response.content.decode(), [guide.number for guide in page.guides]


def test_an_option_nobody_was_asked_about_is_not_taken_for_missing(code: ErrorCode) -> None:
    page, text, guides = asked(code, model="LM-200", release="3.0")
    assert (NONE in text, DEPENDS in text) == (False, True)
    assert guides == ["SOP-LI"]
    assert [(option.name, option.answer) for option in page.options] == [("lithium", "")]
    assert 'name="option-lithium"' in text
    assert DEPENDS in asked(code, model="LM-400", release="1.0")[1]


def test_the_first_form_asks_for_the_options_that_decide(code: ErrorCode) -> None:
    page, text, _guides = asked(code)
    assert [option.name for option in page.options] == ["lithium", "parallel"]
    assert 'name="option-parallel"' in text


@pytest.mark.parametrize(
    ("question", "guides", "said"),
    [
        ({"release": "3.0", "option-lithium": "yes"}, ["SOP-LI"], ""),
        ({"release": "3.0", "option-lithium": "no"}, [], NONE),
        ({"release": "3.0", "option-lithium": "nonsense"}, ["SOP-LI"], DEPENDS),
        ({"release": "1.0"}, [], NONE),
        ({"release": "1.0", "option-lithium": "yes"}, [], NONE),
        ({}, ["SOP-LI"], "depends on the software release and the options fitted"),
        ({"option-lithium": "yes"}, ["SOP-LI"], "Check the software release of the machine"),
        ({"option-lithium": "no"}, [], NONE),
    ],
)
def test_none_applies_only_where_none_does_whatever_the_options(
    code: ErrorCode, question: dict[str, str], guides: list[str], said: str
) -> None:
    _page, text, found = asked(code, model="LM-200", **question)
    assert found == guides
    for sentence in (NONE, DEPENDS, "Check the software release", "depends on the software release and"):
        assert (sentence in text) is bool(said and sentence in said), sentence


def test_several_guides_that_differ_in_options_depend_on_them(code: ErrorCode) -> None:
    model = code.product_line.models.get(code="LM-200")
    owner, staff = make.procedure_owner(), make.documentation_staff()
    draft = make.working_copy(
        by=owner, procedure_owner=owner, number="SOP-TOP", kind="error_handling", error_codes=[code],
        product_line=code.product_line, applies_to=[{"model": model, "options": ["top-entry"]}],
    )  # fmt: skip
    other = ProcedurePage.objects.get(number="SOP-LI")
    accept_overlap(one=draft, other=other, code=None, reason="Few machines have both.", by=staff)
    make.release(draft, by=owner, approver=staff)
    _page, text, guides = asked(code, model="LM-200", release="3.0")
    assert guides == ["SOP-LI", "SOP-TOP"]
    assert "The guide depends on the options fitted." in text
    _page, text, guides = asked(
        code, model="LM-200", release="3.0", **{"option-lithium": "no", "option-top-entry": "yes"}
    )
    assert (guides, DEPENDS in text) == (["SOP-TOP"], False)


@pytest.mark.parametrize(("options", "guides"), [(["lithium"], ["SOP-LI"]), ([], [])])
def test_of_a_machine_its_own_options_decide(code: ErrorCode, options: list[str], guides: list[str]) -> None:
    model = code.product_line.models.get(code="LM-200")
    machine = Machine.objects.create(
        serial="LM2-1",
        model=model,
        release=code.product_line.releases.get(version="3.0"),
        options=options,
    )
    page, text, found = asked(code, machine=machine.serial)
    assert (found, NONE in text, DEPENDS in text) == (guides, not guides, False)
    assert [option.answer for option in page.options] == ["yes" if options else "no"]


def test_an_option_that_the_model_cannot_have_is_said(code: ErrorCode) -> None:
    _page, text, _guides = asked(code, model="LM-400", **{"option-lithium": "yes", "option-parallel": "yes"})
    assert "Model LM-400 cannot have the option lithium." in text
