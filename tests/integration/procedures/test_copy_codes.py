"""The code on a printed copy says whether it still holds."""

import re
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from procedures.actions import withdraw_version
from procedures.models import ProcedureVersion
from procedures.views.copies import permanent_address
from review import landing, releasing
from tests import factories as make
from tests.factories import signed_in
from tests.integration.procedures.test_copies import (
    build,
    copy_of,
    pages_of,
    pdf_of,
    public,
    superseded,
    version,
    withdrawn,
)

pytestmark = pytest.mark.django_db
__all__ = ["build", "public", "version"]


# ---------- the code on it ----------


@pytest.mark.printing
def test_the_address_on_a_copy_leads_to_its_state(version: ProcedureVersion) -> None:
    engineer = signed_in(make.field_engineer())
    first = pages_of(engineer.get(pdf_of(version)))[0].replace(" ", "")
    found = re.search(r"http://testserver(/copies/[^/]+/1\.0/[0-9a-f]{16}/)", first)
    assert found
    assert found[1] == copy_of(version)
    assert "This copy is in force" in engineer.get(found[1]).content.decode()


def test_the_sites_own_address_is_printed_where_it_was_set(version: ProcedureVersion, settings) -> None:
    request = RequestFactory().get("/", headers={"host": "testserver"})
    assert permanent_address(request, version) == f"http://testserver{copy_of(version)}"
    settings.WAGTAILADMIN_BASE_URL = "https://redline.example.com"
    assert permanent_address(request, version) == f"https://redline.example.com{copy_of(version)}"


def test_a_copy_of_a_version_to_come_says_from_when_it_counts_to_whoever_may_read_it(
    public: ProcedureVersion,
) -> None:
    draft = landing.working_copy(public.page)
    draft.steps[0].value["body"] = "New text."
    draft.save_revision(user=public.last_editor)
    releasing.submit_for_release(
        page=public.page, by=public.last_editor, change_summary="New", significance="minor",
        effective_from=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    second = make.approve(public.page, by=public.approved_by)
    day = f"{second.effective_from:%Y-%m-%d}"
    staff = signed_in(make.field_engineer()).get(copy_of(second)).content.decode()
    assert "not in force yet" in staff
    assert day in staff
    outside = Client().get(copy_of(second)).content.decode()
    assert "This copy is not in force" in outside
    assert "not in force yet" not in outside
    assert day not in outside


def test_a_replaced_copy_names_what_is_in_force_to_whoever_may_read_that(public: ProcedureVersion) -> None:
    second = superseded(public)
    for client in (Client(), signed_in(make.make_user()), signed_in(make.field_engineer())):
        page = client.get(copy_of(public)).content.decode()
        assert "This copy was replaced on" in page
        assert second.get_absolute_url() in page


def test_a_reader_without_rights_learns_only_whether_the_copy_is_in_force() -> None:
    first = make.released(title="Secret fan", audience="internal")
    for client in (Client(), signed_in(make.make_user())):
        page = client.get(copy_of(first)).content.decode()
        assert "This copy is in force" in page
        assert "Secret fan" not in page
        assert first.get_absolute_url() not in page
    second = superseded(first)
    withdrawn(second, "It leaks coolant.")
    answers = set()
    for client in (Client(), signed_in(make.make_user())):
        for each in (first, second):
            response = client.get(copy_of(each))
            page = response.content.decode()
            assert response.status_code == 200
            assert "This copy is not in force" in page
            for secret in ("Secret fan", "leaks coolant", "replaced on", "withdrawn", "/procedures/SOP"):
                assert secret not in page
            main = page[page.index("<main") : page.index("</main>")]
            answers.add(re.sub(r"1\.[01]|[0-9a-f]{16}|\s+|<p><a .*?</p>", "", main))
    assert len(answers) == 1, "replaced and withdrawn look alike to who may not read either"


def test_a_public_version_replaced_by_an_internal_one_gives_no_hint_of_it(public: ProcedureVersion) -> None:
    second = superseded(public, audience="internal")
    assert second.audience == "internal"
    page = Client().get(copy_of(public)).content.decode()
    assert "This copy is not in force" in page
    assert "1.1" not in page
    assert second.get_absolute_url() in signed_in(make.field_engineer()).get(copy_of(public)).content.decode()


def test_staff_read_why_a_copy_was_withdrawn(version: ProcedureVersion) -> None:
    withdrawn(version, "It leaks coolant.")
    page = signed_in(make.field_engineer()).get(copy_of(version)).content.decode()
    assert "This copy was withdrawn on" in page
    assert "It leaks coolant." in page
    assert "No version of this procedure is in force." in page


def test_a_copy_of_what_was_called_off_names_its_own_version_before_the_successor() -> None:
    first, successor = make.released(), make.released()
    owner, staff = first.last_editor, make.documentation_staff()
    draft = landing.working_copy(first.page)
    draft.steps[0].value["body"] = "New text."
    draft.save_revision(user=owner)
    releasing.submit_for_release(
        page=first.page,
        by=owner,
        change_summary="New",
        significance="minor",
        effective_from=timezone.now() + timedelta(days=3),
    )
    called_off = make.approve(first.page, by=staff)
    withdraw_version(version=called_off, by=staff, reason="Not needed", replaced_by=successor.page)
    page = signed_in(make.field_engineer()).get(copy_of(called_off)).content.decode()
    assert f"In force now: {first.number}, version 1.0" in page
    withdraw_version(version=first, by=staff, reason="Old")
    page = signed_in(make.field_engineer()).get(copy_of(called_off)).content.decode()
    assert f"In force now: {successor.number}, version 1.0" in page


def test_the_link_that_follows_says_what_became_of_a_withdrawn_procedure() -> None:
    gone, successor = make.released(), make.released()
    withdraw_version(
        version=gone, by=gone.approved_by, reason="It leaks coolant.", replaced_by=successor.page
    )
    response = signed_in(make.field_engineer()).get(f"/procedures/{gone.number}/latest/")
    assert response.status_code == 410
    assert "It leaks coolant." in response.content.decode()
    assert successor.number in response.content.decode()
    assert Client().get(f"/procedures/{gone.number}/latest/").status_code == 404


def test_a_copy_that_nobody_released_is_told_as_such(version: ProcedureVersion) -> None:
    other = make.released(title="Another")
    false = (
        f"/copies/{version.number}/1.0/{other.sha256[:16]}/",
        f"/copies/{version.number}/1.0/{version.sha256[:15]}/",
        f"/copies/{version.number}/1.0/{version.sha256[:17]}/",
        f"/copies/{version.number}/1.1/{version.sha256[:16]}/",
        f"/copies/{version.number}/one/{version.sha256[:16]}/",
        f"/copies/SOP-NONE/1.0/{version.sha256[:16]}/",
        f"/copies/{version.number}/1.0/钅{version.sha256[:15]}/",
    )
    for address in false:
        response = Client().get(address)
        assert response.status_code == 404
        page = response.content.decode()
        assert "There is no such copy" in page
        assert version.get_absolute_url() not in page
    assert (
        Client().get(copy_of(version).replace(version.sha256[:16], version.sha256[:16].upper())).status_code
        == 200
    )
    told = signed_in(make.field_engineer()).get(false[0])
    assert told.status_code == 404
    assert version.get_absolute_url() in told.content.decode()


def test_the_answer_is_asked_anew_each_time_and_kept_out_of_search_engines() -> None:
    response = Client().get(copy_of(make.released()))
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
