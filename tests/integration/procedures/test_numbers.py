"""A number belongs to one procedure for good, and an old one leads on."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import releasing, taking_up
from review.models import Release
from search.indexing import rebuild
from tests import factories as make
from tests.factories import signed_in
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(number="SOP-2004", title="The old fan").pk


def submit(page: ProcedurePage, **fields: Any) -> Release:
    fields = {"change_summary": "Renumbered", "significance": "minor", **fields}
    return releasing.submit_for_release(page=page, by=page.procedure_owner, **fields)


def renumbered(version: ProcedureVersion, number: str) -> ProcedureVersion:
    """The next version of the procedure, under another number."""
    draft = version.page.get_latest_revision_as_object()
    draft.number = number
    draft.save_revision(user=version.last_editor)
    page = ProcedurePage.objects.get(pk=version.page_id)
    return make.release(page, by=version.last_editor, approver=make.documentation_staff())


def drafts_of_one_number(number: str) -> list[ProcedurePage]:
    pages = []
    for version in (make.released(), make.released()):
        draft = version.page.get_latest_revision_as_object()
        draft.number = number
        draft.save_revision(user=version.last_editor)
        pages.append(ProcedurePage.objects.get(pk=version.page_id))
    return pages


@pytest.mark.parametrize("number", ["SOP-2004", "sop-2004"])
def test_a_number_that_a_version_had_is_refused_to_a_new_procedure(
    version: ProcedureVersion, number: str
) -> None:
    renumbered(version, "SOP-9000")
    page = make.working_copy(by=make.procedure_owner())
    page.number = number
    with pytest.raises(ValidationError, match="The old fan"):
        page.full_clean()


def test_the_editor_says_so_beside_the_number(version: ProcedureVersion) -> None:
    renumbered(version, "SOP-9000")
    owner = make.procedure_owner()
    page = make.working_copy(by=owner, procedure_owner=owner)
    client = signed_in(owner)
    response = client.post(f"/admin/pages/{page.pk}/edit/", desk_form(number="sop-2004"))
    assert "number" in response.context["form"].errors
    assert "belongs to another procedure" in response.content.decode()


def test_of_two_drafts_with_one_number_the_first_submitted_has_it() -> None:
    first, second = drafts_of_one_number("SOP-9000")
    submit(first)
    with pytest.raises(NotAllowed, match="SOP-9000 belongs to another procedure"):
        submit(second)
    draft = second.get_latest_revision_as_object()
    with pytest.raises(NotAllowed, match="belongs to another procedure"):
        draft.save_revision(user=second.procedure_owner)


def test_the_last_signature_refuses_a_number_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that were in review with one number before it was checked: the first one signed has it."""
    first, second = drafts_of_one_number("SOP-9000")
    submit(first)
    with monkeypatch.context() as patch:
        # As it was submitted by an older release of the software, which did not ask.
        patch.setattr(releasing, "claim_number", lambda **_fields: None)
        submit(second)
    staff = make.documentation_staff()
    make.approve(first, by=staff)
    with pytest.raises(NotAllowed, match="SOP-9000 belongs to another procedure"):
        make.approve(second, by=staff)
    client, release = signed_in(staff), Release.objects.in_review().get(page=second)
    form = {
        "do": "sign",
        "stage": release.stages.get().pk,
        "password": make.PASSWORD,
        "sha256": release.sha256,
    }
    answer = client.post(f"/review/{second.number}/working-copy/", form)
    assert (answer.status_code, "belongs to another procedure" in answer.content.decode()) == (200, True)
    releasing.take_back(release=release, by=second.procedure_owner)


def test_the_database_gives_no_number_twice() -> None:
    one, other = make.released(number="SOP-1"), make.released(number="SOP-2")
    copy = ProcedureVersion.objects.get(pk=other.pk)
    for number, major in (("SOP-1", 1), ("sop-1", 7)):
        copy.pk, copy._state.adding, copy.number, copy.major = None, True, number, major
        copy.status, copy.superseded_at = "superseded", copy.effective_from
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save()
    copy.number, copy.page, copy.major = "sOP-1", one.page, 1
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_an_earlier_text_brings_its_number_back(version: ProcedureVersion) -> None:
    second = renumbered(version, "SOP-9000")
    taking_up.take_up(version=version, by=version.last_editor)
    page = ProcedurePage.objects.get(pk=version.page_id)
    third = make.release(page, by=version.last_editor, approver=make.documentation_staff())
    assert [str(one) for one in (version, second, third)] == [
        "SOP-2004 1.0", "SOP-9000 1.1", "SOP-2004 1.2",
    ]  # fmt: skip
    response = Client().get("/procedures/SOP-9000/")
    assert response.status_code == 404
    assert signed_in(version.last_editor).get("/procedures/SOP-9000/").headers["Location"] == (
        "/procedures/SOP-2004/"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SOP-1007/", "/procedures/SOP-9000/"),
        ("SOP-1007/latest/", "/procedures/SOP-9000/v/1.1/"),
        ("SOP-1007/history/", "/procedures/SOP-9000/history/"),
    ],
)
def test_an_old_number_leads_on_for_whoever_may_read_it(old: str, new: str) -> None:
    first = make.released(number="SOP-1007")
    renumbered(first, "SOP-9000")
    response = signed_in(make.field_engineer()).get(f"/procedures/{old}")
    assert (response.status_code, response.headers.get("Location")) == (302, new)
    for stranger in (Client(), signed_in(make.make_user())):
        assert stranger.get(f"/procedures/{old}").status_code == 404


def test_an_old_version_keeps_its_address_and_is_in_the_history() -> None:
    first = make.released(number="SOP-1007")
    renumbered(first, "SOP-9000")
    client = signed_in(make.field_engineer())
    text = client.get("/procedures/SOP-1007/v/1.0/").content.decode()
    assert "SOP-1007" in text
    history = client.get("/procedures/SOP-9000/history/").content.decode()
    assert "/procedures/SOP-1007/v/1.0/" in history
    assert client.get("/procedures/SOP-9000/compare/?from=1.0&to=1.1").status_code == 200
    assert client.get("/procedures/SOP-1007/compare/?from=1.0&to=1.1").status_code == 200


def test_an_old_number_of_a_withdrawn_procedure_leads_to_why() -> None:
    second = renumbered(make.released(number="SOP-1007", audience="public"), "SOP-9000")
    staff = make.documentation_staff()
    releasing.withdraw(version=second, by=staff, password=make.PASSWORD, reason="It melts.")
    response = Client().get("/procedures/SOP-1007/", follow=True)
    assert (response.status_code, response.request["PATH_INFO"]) == (410, "/procedures/SOP-9000/")


def test_a_number_in_review_is_no_address_yet() -> None:
    first, _second = drafts_of_one_number("SOP-9000")
    submit(first)
    assert signed_in(first.procedure_owner).get("/procedures/SOP-9000/").status_code == 404


@pytest.mark.parametrize("number", ["SOP-2004", "sop-2004", "SOP-9000", "SOP-9001"])
def test_an_import_reports_a_number_of_another_procedure(
    version: ProcedureVersion, tmp_path: Path, number: str
) -> None:
    from procedures.importing import importer

    renumbered(version, "SOP-9000")
    submit(drafts_of_one_number("SOP-9001")[0])
    (tmp_path / "a.md").write_text(f"---\nnumber: {number}\n---\n# A\n\n## S\n\nx\n")
    request = importer.Request(root=tmp_path, by=make.documentation_staff(), set_name="set")
    (problem,) = importer.run(request).problems
    assert f"Its number {number} is already that of" in problem[1]


def test_the_search_finds_it_by_the_number_that_it_had(version: ProcedureVersion) -> None:
    renumbered(version, "SOP-9000")
    rebuilt = signed_in(make.field_engineer())
    for _ in range(2):
        page = rebuilt.get("/search/?q=SOP-2004").content.decode()
        assert "/procedures/SOP-9000/" in make.results_lead_to(page)
        rebuild()


def test_no_number_of_a_narrower_audience_is_found(version: ProcedureVersion) -> None:
    draft = version.page.get_latest_revision_as_object()
    draft.audience = "public"
    draft.save_revision(user=version.last_editor)
    renumbered(ProcedureVersion.objects.get(pk=version.pk), "SOP-9000")
    assert "SOP-9000" in Client().get("/search/?q=SOP-9000").content.decode()
    assert "/procedures/SOP-9000/" not in Client().get("/search/?q=SOP-2004").content.decode()


def test_the_pages_of_the_review_lead_on_from_an_old_number(version: ProcedureVersion) -> None:
    renumbered(version, "SOP-9000")
    client = signed_in(make.documentation_staff())
    for page in ("edits", "working-copy", "still-correct"):
        led = client.get(f"/review/SOP-2004/{page}/")
        assert (led.status_code, led.get("Location")) == (302, f"/review/SOP-9000/{page}/"), page
        assert client.get(led["Location"]).status_code == 200, page
        assert client.get(f"/review/SOP-none/{page}/").status_code == 404
    assert client.get("/admin/releases/SOP-2004/")["Location"] == "/admin/releases/SOP-9000/"
    # What was open before is sent as it stands, and comes back with its text.
    draft = ProcedurePage.objects.get(pk=version.page_id).get_latest_revision_as_object()
    draft.title = "Another title"
    draft.save_revision(user=version.last_editor)
    late = client.post("/review/SOP-2004/working-copy/", {"do": "submit", "change_summary": "Typed before"})
    assert "Typed before" in late.content.decode()


@pytest.mark.parametrize("address", ["/review/{}/hold/", "/tickets/for-procedure/{}/"])
def test_holds_and_tickets_lead_on_from_an_old_number(version: ProcedureVersion, address: str) -> None:
    client = signed_in(version.last_editor)
    assert client.get(address.format("SOP-2004")).status_code == 200
    renumbered(version, "SOP-9000")
    assert client.get(address.format("SOP-2004"))["Location"] == address.format("SOP-9000")
    assert client.get(address.format("SOP-9000")).status_code == 200


def test_a_hold_of_an_old_number_is_placed_where_it_is_sent(version: ProcedureVersion) -> None:
    client = signed_in(version.last_editor)
    renumbered(version, "SOP-9000")
    form = {"do": "place", "reason": "Slips", "instead": "Call", "password": make.PASSWORD}
    assert client.post("/review/SOP-2004/hold/", form).status_code == 302
    assert version.page.holds.open().exists()


def test_what_is_to_be_read_is_found_by_the_old_number(version: ProcedureVersion) -> None:
    reader = make.field_engineer()
    draft = version.page.get_latest_revision_as_object()
    draft.number = "SOP-9000"
    draft.save_revision(user=version.last_editor)
    page = ProcedurePage.objects.get(pk=version.page_id)
    make.release(page, by=version.last_editor, approver=make.documentation_staff(), significance="major")
    for number in ("SOP-2004", "SOP-9000"):
        assert "SOP-9000 2.0" in signed_in(reader).get(f"/review/{number}/read/").content.decode()
