"""Sign-in, sign-out, profile, password and language."""

import pytest
from django.conf import settings
from django.test import Client

from kb.accounts.models import User
from tests import factories
from tests.factories import PASSWORD
from tests.integration.site.conftest import World, client_of


@pytest.fixture
def person(db: None) -> User:
    return factories.make_user("pat")


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/faq/?language=all", "/faq/?language=all"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_on_within_the_site(person: User, asked: str, reached: str) -> None:
    response = Client().post("/accounts/login/", {"username": "pat", "password": PASSWORD, "next": asked})
    assert (response.status_code, response["Location"]) == (302, reached)


def test_a_wrong_password_is_said_at_the_form(person: User) -> None:
    response = Client().post("/accounts/login/", {"username": "pat", "password": "wrong", "next": "/faq/"})
    assert response.status_code == 200
    text = response.content.decode()
    assert 'role="alert"' in text
    assert 'name="next" value="/faq/"' in text


def test_signing_out_takes_a_form(person: User) -> None:
    client = client_of(person)
    assert client.get("/accounts/logout/")["Location"] == "/"
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/").cookies["signed-out"].value == str(person.pk)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/faq/?q=1", "/faq/?q=1"),
        ("https://elsewhere.example/", "/"),
        ("//e.example", "/"),
        ("/\\e.example", "/"),
        ("", "/"),
        # Names of views and scraps of addresses are no paths.
        ("foo", "/"),
        ("login", "/"),
        ("?q=1", "/"),
        ("kb.views.home", "/"),
        ("/" + "a" * 5000, "/"),
        ("/a\nb", "/a%0Ab"),
        ("/search/?q=a\nb", "/search/?q=a%0Ab"),
        # A pasted ticket of 10,000 Chinese characters is an address that the site answers.
        ("/search/?q=" + "%E6%BC%8F" * 10_000, "/search/?q=" + "%E6%BC%8F" * 10_000),
        ("/search/?q=" + "a" * 130_000, "/"),
    ],
)
def test_the_language_is_kept_here_and_in_the_account(person: User, asked: str, reached: str) -> None:
    client = client_of(person)
    response = client.post("/accounts/language/", {"language": "zh-hans", "next": asked})
    assert response["Location"] == reached
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    person.refresh_from_db()
    assert person.language == "zh-hans"
    assert '<html lang="zh-Hans">' in client.get("/faq/").content.decode()


def test_an_unknown_language_changes_nothing(person: User) -> None:
    client = client_of(person)
    assert client.post("/accounts/language/", {"language": "../../x"}).status_code == 302
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies
    assert client.get("/accounts/language/")["Location"] == "/"


def test_the_profile_is_changed_by_its_person(person: User) -> None:
    client = client_of(person)
    response = client.post(
        "/accounts/profile/",
        {"first_name": "Pat", "last_name": "Lee", "email": "p@example.org", "language": "en"},
    )
    assert response.status_code == 302
    person.refresh_from_db()
    assert (person.display_name, person.email, person.language) == ("Pat Lee", "p@example.org", "en")


def test_a_wrong_address_is_tied_to_its_field(person: User) -> None:
    text = client_of(person).post("/accounts/profile/", {"email": "nonsense"}).content.decode()
    assert 'aria-describedby="id_email_error"' in text
    assert 'id="id_email_error"' in text


def test_an_engineer_chooses_machines_and_a_customer_cannot(world: World) -> None:
    form = {"save": "machines", "machines": [world.machine.serial]}
    client = client_of(world.engineer)
    assert client.post("/accounts/profile/", form).status_code == 302
    assert list(world.engineer.machines.all()) == [world.machine]
    assert world.machine.serial in client.get("/").content.decode()
    assert client.post("/accounts/profile/", {"save": "machines", "machines": ["nope"]}).status_code == 200

    client_of(world.customer).post("/accounts/profile/", form)
    assert not world.customer.machines.exists()
    assert world.machine.serial not in client_of(world.customer).get("/accounts/profile/").content.decode()


def test_a_password_is_changed(person: User) -> None:
    client = client_of(person)
    fields = {
        "old_password": PASSWORD,
        "new_password1": "a much newer phrase",
        "new_password2": "a much newer phrase",
    }
    assert client.post("/accounts/password/", fields)["Location"] == "/accounts/password/done/"
    assert client.get("/accounts/password/done/").status_code == 200
    assert Client().login(username="pat", password="a much newer phrase")


@pytest.mark.parametrize("address", ["/accounts/profile/", "/accounts/password/", "/accounts/password/done/"])
def test_account_pages_ask_for_a_sign_in(db: None, address: str) -> None:
    assert Client().get(address)["Location"] == f"/accounts/login/?next={address}"
