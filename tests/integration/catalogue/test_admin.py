"""The catalogue in the CMS admin: lists, search, forms, history, deletion."""

import pytest
from django.test import Client
from django.urls import reverse

from procedures.admin.csv_columns import FILES
from procedures.models import ErrorCode, Machine, Module, ProductLine
from tests import factories

pytestmark = pytest.mark.django_db


def url(model: str, view: str, *args: object) -> str:
    return reverse(f"wagtailsnippets_procedures_{model}:{view}", args=args)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(factories.documentation_staff("ingrid"))
    return client


@pytest.mark.parametrize("model", list(FILES))
def test_lists_and_forms_open(staff: Client, model: str) -> None:
    for view in ("list", "add", "import", "export_csv", "list_results"):
        assert staff.get(url(model, view)).status_code == 200


@pytest.mark.parametrize("model", list(FILES))
def test_field_engineers_and_owners_have_no_catalogue(client: Client, model: str) -> None:
    for person in (factories.field_engineer(), factories.procedure_owner()):
        client.force_login(person)
        for view in ("list", "add", "import"):
            assert client.get(url(model, view)).status_code in (302, 403)


@pytest.mark.parametrize(("query", "found"), [("母线", True), ('"', True), ("%", False), ("bus v", True)])
def test_search_finds_what_a_field_contains(staff: Client, query: str, found: bool) -> None:
    code = factories.error_code(factories.product_line(), "E-1", meaning_zh="直流母线电压过高")
    response = staff.get(url("errorcode", "list"), {"q": query})
    assert (code in response.context["object_list"]) is found


def test_filters(staff: Client) -> None:
    line, other = factories.product_line(), factories.product_line()
    code = factories.error_code(line, severity="critical")
    factories.error_code(other, severity="critical")
    response = staff.get(url("errorcode", "list"), {"product_line": line.pk, "severity": "critical"})
    assert list(response.context["object_list"]) == [code]


def test_options_are_edited_as_text(staff: Client) -> None:
    line = factories.product_line()
    data = {"product_line": line.pk, "code": "M-1", "name": "M", "options": "lithium，parallel, lithium"}
    assert staff.post(url("machinemodel", "add"), data).status_code == 302
    model = line.models.get()
    assert model.options == ["lithium", "parallel"]
    assert 'value="lithium, parallel"' in staff.get(url("machinemodel", "edit", model.pk)).content.decode()


def machine_data(machine: Machine, **changes: object) -> dict[str, object]:
    return {
        "serial": machine.serial,
        "model": machine.model.pk,
        "release": machine.release.pk,
        "customer": "",
        "site": "",
        "options": "",
        "warranty_end": "",
    } | changes


def test_a_machine_refuses_a_foreign_release_and_an_option_its_model_cannot_have(staff: Client) -> None:
    line = factories.product_line()
    machine = factories.machine(
        factories.machine_model(line, options=["lithium"]), factories.releases(line)[0]
    )
    foreign = factories.releases(factories.product_line())[0]
    edit = url("machine", "edit", machine.pk)
    for changes, field in [({"release": foreign.pk}, "release"), ({"options": "nuclear"}, "options")]:
        response = staff.post(edit, machine_data(machine, **changes))
        assert list(response.context["form"].errors) == [field]
    assert staff.post(edit, machine_data(machine, options="lithium")).status_code == 302


def test_a_module_refuses_a_cycle_and_a_parent_of_another_line(staff: Client) -> None:
    line = factories.product_line()
    top = factories.module(line, "TOP")
    part = factories.module(line, "PART", top)
    foreign = factories.module(factories.product_line(), "FOREIGN")
    data = {"product_line": line.pk, "code": "TOP", "name": "Top", "name_zh": ""}
    for parent in (part, top, foreign):
        response = staff.post(url("module", "edit", top.pk), data | {"parent": parent.pk})
        assert list(response.context["form"].errors) == ["parent"]
    assert Module.objects.get(pk=top.pk).parent is None


def test_the_history_says_who_changed_what(staff: Client) -> None:
    line = factories.product_line("LM")
    staff.post(url("productline", "edit", line.pk), {"code": "LM", "name": "Renamed", "name_zh": "新"})
    text = staff.get(url("productline", "history", line.pk)).content.decode()
    assert "<del>Line LM</del> → <ins>Renamed</ins>" in text
    assert "ingrid" in text
    assert "Created" in text
    assert staff.get(url("productline", "history_results", line.pk)).status_code == 200


def test_a_record_in_use_is_kept_and_the_reason_said(staff: Client) -> None:
    line = factories.product_line("LM")
    code = factories.error_code(line, "E-1")
    factories.released(error_codes=[code])
    for record, model, reason in [(line, "productline", "1 error code"), (code, "errorcode", "1 version")]:
        response = staff.post(url(model, "delete", record.pk), follow=True)
        text = response.content.decode()
        assert "cannot be deleted" in text
        assert reason in text
    bulk = reverse("wagtail_bulk_action", args=["procedures", "errorcode", "delete"])
    staff.post(f"{bulk}?id={code.pk}")
    assert ErrorCode.objects.filter(pk=code.pk).exists()
    free = factories.product_line("FREE")
    staff.post(url("productline", "delete", free.pk))
    assert not ProductLine.objects.filter(code="FREE").exists()


def test_a_machine_refuses_a_serial_number_that_no_address_can_hold(staff: Client) -> None:
    line = factories.product_line()
    machine = factories.machine(factories.machine_model(line), factories.releases(line)[0])
    response = staff.post(url("machine", "edit", machine.pk), machine_data(machine, serial="SN/1"))
    assert list(response.context["form"].errors) == ["serial"]


def test_an_error_code_is_kept_in_plain_characters_and_refuses_a_twin(staff: Client) -> None:
    line = factories.product_line("LM")

    def add(code: str) -> list[str]:
        data = {"product_line": line.pk, "code": code, "severity": "info", "meaning": "m"}
        response = staff.post(url("errorcode", "add"), data)
        return [] if response.status_code == 302 else list(response.context["form"].errors)

    assert add("Ｅ-10\u200b42") == []
    code = line.error_codes.get()
    assert code.code == "E-1042"
    for twin in ("E1042", "e-1042", "E 1042", "ｅ１０４２"):
        assert add(twin) == ["code"]
    assert add("Ｅ-1042")  # the very same
    assert add("\u200b") == ["code"]
    assert line.error_codes.count() == 1
    data = {"product_line": line.pk, "code": "E1042", "severity": "info", "meaning": "m"}
    assert staff.post(url("errorcode", "edit", code.pk), data).status_code == 302


def test_an_error_code_that_had_a_twin_before_can_still_be_edited(staff: Client) -> None:
    line = factories.product_line("LM")
    code = factories.error_code(line, "E-1")
    factories.error_code(line, "E1")
    data = {"product_line": line.pk, "code": "E-1", "severity": "info", "meaning": "new"}
    assert staff.post(url("errorcode", "edit", code.pk), data).status_code == 302
