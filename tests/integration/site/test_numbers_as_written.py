"""Whoever types a number in other capitals is led to the procedure."""

import contextlib
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from procedures.models import ProcedureVersion
from tests import factories as make

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/procedures/{}/",
    "/procedures/{}/latest/",
    "/procedures/{}/v/1.0/",
    "/procedures/{}/history/?page=1",
    "/procedures/{}/compare/?from=1.0&to=1.0",
    "/review/{}/working-copy/",
    "/review/{}/still-correct/",
    "/review/{}/v/1.0/edit/",
]


def build() -> int:
    return make.released(number="SOP-7").pk


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_other_capitals_leads_to_the_number(version: ProcedureVersion, address: str) -> None:
    staff = make.signed_in(version.page.procedure_owner)
    response = staff.get(address.format("sop-7"))
    assert (response.status_code, response["Location"]) == (302, address.format("SOP-7"))
    assert staff.get(address.format("SOP-7"), follow=True).status_code == 200
    assert staff.get(address.format("sop-8")).status_code == 404


def test_what_somebody_may_not_read_is_unknown_in_any_capitals(version: ProcedureVersion) -> None:
    for number in ("sop-7", "SOP-7"):
        assert Client().get(f"/procedures/{number}/").status_code == 404


def test_a_draft_is_found_by_the_staff_only(db: None) -> None:
    owner = make.procedure_owner()
    make.working_copy(by=owner, procedure_owner=owner, number="SOP-9")
    address = "/review/sop-9/working-copy/"
    assert make.signed_in(owner).get(address)["Location"] == "/review/SOP-9/working-copy/"


def test_a_form_is_not_sent_elsewhere(version: ProcedureVersion) -> None:
    assert make.signed_in(version.approved_by).post("/review/sop-7/v/1.0/edit/").status_code == 404


def test_a_record_is_exported_by_a_number_in_other_capitals(
    version: ProcedureVersion, tmp_path: Path
) -> None:
    with contextlib.suppress(CommandError):  # where no PDF can be made here
        call_command("export_audit", "sop-7", output=tmp_path, verbosity=0)
    assert (tmp_path / "SOP-7.audit.json").exists()
