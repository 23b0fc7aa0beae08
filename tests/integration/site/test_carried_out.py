"""What was carried out is named to the page, and the same form is not carried out twice."""

from typing import Any

import pytest
from django.test import Client

from kb.middleware import CarriedOut
from review.models import Thread
from tests.integration.site.conftest import World, client_of


def send(client: Client, address: str, **fields: str) -> Any:
    return client.post(address, {"kind": "error", **fields})


def test_the_draft_that_was_carried_out_is_named(world: World, address: str) -> None:
    client = client_of(world.engineer)
    refused = send(client, address, text="", draft="abcdef0123456789")
    assert CarriedOut.COOKIE not in refused.cookies
    kept = send(client, address, text="Hot", draft="abcdef0123456789")
    cookie = kept.cookies[CarriedOut.COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == ("abcdef0123456789", 600, "")


@pytest.mark.parametrize(
    "draft", ["short", "a" * 41, "ABCDEFGHIJ", "abcdefgh;x=1", "abcdefgh\n", "保险丝保险丝保险丝"]
)
def test_nothing_but_a_draft_is_echoed(world: World, address: str, draft: str) -> None:
    assert CarriedOut.COOKIE not in send(client_of(world.engineer), address, text="Hot", draft=draft).cookies


def test_signed_out_no_draft_is_kept(world: World, address: str) -> None:
    assert CarriedOut.COOKIE not in send(Client(), address, text="Hot", draft="abcdef0123456789").cookies
    assert CarriedOut.COOKIE not in send(Client(), address, text="", draft="abcdef0123456789").cookies


def test_the_same_form_is_done_once_and_other_words_are_another_form(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(world.engineer)
    first, second = (send(client, address, text="Hot", draft="abcdef0123456789") for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Thread.objects.count() == 1
    assert "not done a second time" in client.get(second["Location"]).content.decode()
    send(client, address, text="Hotter", draft="abcdef0123456789")
    send(client, address, text="Hot", draft="0123456789abcdef")
    assert Thread.objects.count() == 3
    monkeypatch.setattr(CarriedOut, "SECONDS", 0)  # instead of waiting ten minutes
    send(client, address, text="Hot", draft="abcdef0123456789")
    assert Thread.objects.count() == 4
