"""What no honest browser sends gets an answer, not a fault."""

import json

import pytest
from django.test import Client, RequestFactory

from kb.tickets import actions
from procedures.models import ProcedureVersion
from tests import factories as make
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("charset", ["base64", "hex", "rot13", "idna", "unicode_escape", "utf-7"])
def test_a_form_in_another_encoding_is_refused(charset: str) -> None:
    from kb.wsgi import application  # makes the whole middleware, which the fixtures prepare

    answers: list[str] = []
    environ = {
        **RequestFactory().get("/search/?q=a").environ,
        "CONTENT_TYPE": f"text/plain; charset={charset}",
    }
    body = application(environ, lambda status, headers: answers.append(status))
    assert answers == ["400 Bad Request"]
    assert "UTF-8" in b"".join(body).decode()


def test_a_nul_byte_is_refused_in_the_readers_language() -> None:
    client = Client(headers={"accept-language": "zh-hans"})
    response = client.get("/search/?kind=%00")
    assert response.status_code == 400
    assert "NUL" in response.content.decode()
    assert "The request" not in response.content.decode()


def test_signing_in_does_not_go_round() -> None:
    client = Client()
    client.force_login(make.field_engineer())
    response = client.get("/accounts/login/?next=/accounts/login/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/accounts/login/?next=/admin/").status_code == 403


def test_people_are_deactivated_not_deleted() -> None:
    admin = make.make_user("", "Administrator")
    person = make.field_engineer()
    client = Client()
    client.force_login(admin)
    for door in (f"/admin/users/delete/{person.pk}/", f"/admin/bulk/accounts/user/delete/?id={person.pk}"):
        response = client.post(door, follow=True)
        assert response.status_code == 200
        assert "deactivated, not deleted" in response.content.decode()
    person.refresh_from_db()


@pytest.mark.parametrize("path", ["/equipment/", "/review/inbox/", "/tickets/", "/machines/x/"])
def test_signed_out_these_pages_ask_for_a_sign_in(path: str) -> None:
    assert Client().get(path)["Location"].startswith("/accounts/login/")


# ---------- numbers that no database holds ----------

HUGE = ("9" * 20, "9" * 5000, "²", "-1", "")


def build() -> int:
    """Key of the version whose pages are asked."""
    return make.released(number="SOP-HUGE").pk


@pytest.mark.parametrize("number", HUGE)
def test_a_number_too_large_for_a_row_is_a_row_that_is_not_there(
    version: ProcedureVersion, number: str
) -> None:
    client = make.signed_in(make.documentation_staff())
    assert client.post("/review/inbox/read/", {"notice": [number, "1"]}).status_code == 302
    for address in (
        f"/review/SOP-HUGE/v/1.0/edit/?instead={number}",
        f"/tickets/new/?version={number}",
        f"/tickets/?page={number}",
        f"/search/?q=fan&page={number}",
        f"/review/readers/?page={number}",
    ):
        assert client.get(address).status_code == 200, address
    for address in ("/review/threads/{}/", "/review/edits/{}/", "/review/photos/{}/", "/tickets/T-{}/"):
        assert client.get(address.format(number or "x")).status_code == 404, address
    delegation = {"delegate": number, "starts_on": "2027-01-01", "ends_on": "2027-01-02"}
    assert client.post("/review/delegations/", delegation).status_code == 200
    release = {"do": "sign", "stage": number, "password": make.PASSWORD, "sha256": "0" * 64}
    assert client.post(f"/review/{version.number}/working-copy/", release).status_code == 404
    marked = {"kind": "error", "text": "Kept text", "image": "0" * 64, "x": number, "y": number}
    step = version.steps[0]["id"]
    assert client.post(f"/review/SOP-HUGE/v/1.0/steps/{step}/comment/", marked).status_code in (200, 302)
    assert client.post("/review/SOP-HUGE/v/1.0/edit/", {"new": number, "reason": "Kept"}).status_code == 200


@pytest.mark.parametrize("number", HUGE)
def test_the_editing_desk_answers_it_too(version: ProcedureVersion, number: str) -> None:
    client = make.signed_in(make.documentation_staff())
    edit = f"/admin/pages/{version.page_id}/edit/"
    for name in ("loaded_revision_id", "overwrite_revision_id"):
        form = {**desk_form(number="SOP-HUGE"), "title": "Kept", name: number}
        assert client.post(edit, form).status_code in (200, 302, 400, 403), name
    bulk = f"/admin/bulk/wagtailcore/page/move/?next=/admin/&id={number}"
    assert client.get(bulk).status_code in (200, 302, 400, 404)


@pytest.mark.parametrize("edition", HUGE)
def test_a_tickets_text_survives_an_edition_that_never_was(edition: str) -> None:
    line = make.product_line("UPS")
    machine = make.machine(make.machine_model(line, "U-1"), make.releases(line)[0])
    engineer = make.field_engineer()
    ticket = actions.open_ticket(
        machine=machine, error_code=None, symptom="Loud", severity="medium", by=engineer
    )
    form = {"machine": machine.serial, "symptom": "What I typed", "severity": "high", "status": "open"}
    client = make.signed_in(engineer)
    response = client.post(f"/tickets/{ticket.number}/edit/", {**form, "edition": edition})
    assert response.status_code == 200
    assert "What I typed" in response.content.decode()
    again = {**form, "edition": response.context["form"]["edition"].value()}
    assert client.post(f"/tickets/{ticket.number}/edit/", again).status_code == 302


def test_the_api_refuses_another_encoding_as_json() -> None:
    from kb.wsgi import application  # as above

    answers: list[list[tuple[str, str]]] = []
    environ = {
        **RequestFactory().post("/api/threads/1/comments/").environ,
        "CONTENT_TYPE": "application/json; charset=bogus",
    }
    body = application(environ, lambda status, headers: answers.append(headers))
    assert answers == [[("Content-Type", "application/json")]]
    assert "UTF-8" in json.loads(b"".join(body))["message"]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**25])
@pytest.mark.parametrize(
    "address",
    [
        "/review/watches/page/{}/", "/review/watches/module/{}/", "/review/watches/error_code/{}/",
        "/review/threads/{}/", "/review/threads/{}/resolve/", "/review/threads/{}/kind/", "/review/photos/{}/",
        "/review/edits/{}/", "/review/edits/{}/withdraw/", "/review/edits/{}/met-too/", "/review/edits/{}/comment/",
        "/review/edits/images/{}/", "/review/delegations/{}/end/", "/api/threads/{}/comments/",
        "/api/proposals/{}/", "/api/proposals/{}/votes/", "/api/edits/{}/decision/",
        "/applicability/{}/withdraw/",
    ],
)  # fmt: skip
def test_a_key_that_no_row_has_leads_nowhere(address: str, number: int) -> None:
    client = Client()
    client.force_login(make.documentation_staff())
    for send in (client.get, client.post):
        answer = send(address.format(number), follow=True, content_type="application/json")
        assert answer.status_code in (200, 404, 405), address
    assert client.post(address.format(number), "{}", content_type="application/json").status_code in (
        404,
        405,
    )
