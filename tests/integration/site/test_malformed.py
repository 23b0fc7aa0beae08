"""What no honest browser sends gets an answer, not a fault."""

import pytest
from django.test import Client, RequestFactory

from tests import factories as make

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
    response = client.get("/search/?q=%00")
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
