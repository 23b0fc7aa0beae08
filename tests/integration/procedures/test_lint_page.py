"""/applicability/: the report on the site, and the form in which a reason is put on record."""

import pytest
from django.test import Client

from procedures.actions import accept_overlap
from procedures.models import AcceptedOverlap
from tests import factories as make
from tests.factories import signed_in
from tests.integration.procedures.conftest import Shelf

pytestmark = pytest.mark.django_db


def test_the_page_is_for_staff_and_the_form_for_documentation_staff(shelf: Shelf) -> None:
    assert Client().get("/applicability/")["Location"].startswith("/accounts/login/")
    assert signed_in(make.make_user()).get("/applicability/").status_code == 404
    engineer = signed_in(make.field_engineer())
    page = engineer.get("/applicability/").content.decode()
    assert "E-77/A" in page
    assert '<form method="post" action="/applicability/' not in page
    one, other = shelf.draft("SOP-1"), shelf.draft("SOP-2")
    data = {"one": one.number, "other": other.number, "code": "", "reason": "Mine."}
    assert engineer.post("/applicability/accept/", data).status_code == 403
    assert signed_in(make.make_user()).post("/applicability/accept/", data).status_code == 404
    assert not AcceptedOverlap.objects.exists()
    assert "/applicability/" in engineer.get("/equipment/").content.decode()
    assert "/applicability/" not in signed_in(make.make_user()).get("/equipment/").content.decode()


def test_the_page_lists_an_overlap_takes_the_reason_and_takes_it_back(shelf: Shelf) -> None:
    one, other = shelf.guide("SOP-1"), shelf.draft("SOP-2", title="<b>Second</b>")
    accepted = accept_overlap(one=one.page, other=other, code=None, reason="Meant.", by=shelf.staff)
    make.release(other, by=shelf.owner, approver=shelf.staff)
    client = signed_in(shelf.staff)
    assert client.post(f"/applicability/{accepted.pk}/withdraw/")["Location"] == "/applicability/"
    page = client.get("/applicability/").content.decode()
    assert "/procedures/SOP-1/" in page
    assert "/procedures/SOP-2/" in page
    assert "<b>Second" not in page
    data = {"one": "SOP-2", "other": "SOP-1", "code": "UPS/E-77/A", "reason": ""}
    refused = client.post("/applicability/accept/", data)
    assert refused.status_code == 200
    assert not AcceptedOverlap.objects.exists()
    assert client.post("/applicability/accept/", {**data, "reason": "A trial."}).status_code == 302
    page = client.get("/applicability/").content.decode()
    assert "A trial." in page
    assert shelf.staff.display_name in page
    assert AcceptedOverlap.objects.get().code == shelf.code
    assert (
        "on record already" in client.post("/applicability/accept/", {**data, "reason": "x"}).content.decode()
    )


@pytest.mark.parametrize(
    ("code", "answer"), [("E-99", "no such error code"), ("E-1", "Several product lines have this code")]
)
def test_a_code_is_named_so_that_one_is_meant(shelf: Shelf, code: str, answer: str) -> None:
    for line in (shelf.line, make.product_line()):
        make.error_code(line, "E-1")
    shelf.draft("SOP-1"), shelf.draft("SOP-2")
    data = {"one": "SOP-1", "other": "SOP-2", "code": code, "reason": "Meant."}
    page = signed_in(shelf.staff).post("/applicability/accept/", data).content.decode()
    assert answer in page
    assert "Meant." in page  # what was typed is still there


def test_a_long_report_is_shown_in_pages_and_counted_whole(shelf: Shelf) -> None:
    for n in range(70):
        make.error_code(shelf.line, f"E-{n:03}")
    client = signed_in(make.field_engineer())
    first = client.get("/applicability/?line=UPS").content.decode()
    assert "<strong>71</strong>" in first
    assert "E-000" in first
    assert "E-069" not in first
    assert "E-069" in client.get("/applicability/?line=UPS&page=2").content.decode()
    for address in (
        "/applicability/?line=x&page=-1",
        "/applicability/?line=UPS&page=999",
        "/applicability/?one=%3Cb",
    ):
        assert client.get(address).status_code == 200
