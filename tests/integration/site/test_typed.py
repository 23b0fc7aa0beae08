"""What somebody typed comes back, whatever becomes of the session, the token or the address."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from review.models import Comment, Thread
from tests.integration.site.conftest import World, client_of

HERE = {"Origin": "http://testserver"}
TEXT = 'Fuse F2 <b>hot</b> & smells\r\nof "fish"; 保险丝很烫'


def strict(world: World | None = None) -> Client:
    client = Client(enforce_csrf_checks=True)
    if world:
        client.force_login(world.engineer)
    return client


def texts(page: str) -> list[tuple[str, str]]:
    found = re.findall(
        r'<label for="typed-\d+">(.*?)</label><textarea[^>]*readonly>\n(.*?)</textarea>', page, re.S
    )
    return [(unescape(label), unescape(text)) for label, text in found]


def fields(page: str) -> dict[str, Any]:
    """The form that sends it again."""
    form = re.search(r'<form class="button-row" method="post" action="([^"]*)".*?</form>', page, re.S)
    assert form, page
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0], re.S)
    return {"action": unescape(form[1]), **{name: unescape(value) for name, value in hidden}}


def test_signed_out_meanwhile_the_text_comes_back(world: World, address: str) -> None:
    response = Client().post(address, {"kind": "error", "text": TEXT}, headers=HERE)
    page = response.content.decode()
    assert response.status_code == 403
    assert texts(page) == [("Comment", TEXT)]
    assert f'href="/accounts/login/?next={address.replace("/", "%2F")}" target="_blank"' in page
    again = fields(page)
    assert (again["action"], again["kind"], again["text"]) == (address, "error", TEXT)


def test_a_passage_too_long_for_the_way_to_the_sign_in_is_kept(world: World) -> None:
    """Django takes along 16 KB to the sign-in; a Chinese character of the passage is 15 bytes of that."""
    address = f"/review/{world.new_guide.number}/v/1.0/steps/{world.new_guide.steps[0]['id']}/comment/"
    passage = "保险丝很烫" * 600
    client = Client()
    refused = client.get(address, {"quote": passage, "kind": "error"}, headers=HERE)
    page = refused.content.decode()
    assert refused.status_code == 403
    assert texts(page) == [("Passage", passage)]
    assert f'href="/accounts/login/?next={address.replace("/", "%2F")}" target="_blank"' in page
    form = re.search(
        r'<form class="button-row" method="get" action="([^"]*)" data-no-draft>(.*?)</form>', page, re.S
    )
    assert form
    assert "csrfmiddlewaretoken" not in form[2]
    again = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2], re.S))
    assert (form[1], again) == (address, {"quote": passage, "kind": "error"})
    # The language can be switched on that page, and the text is still there.
    carried = re.search(r'<input type="hidden" name="carried" value="([^"]*)">', page)
    assert carried
    switch = {"language": "zh-hans", "next": address, "carried": unescape(carried[1])}
    switched = client.post("/accounts/language/", switch, headers=HERE).content.decode()
    assert passage in switched
    assert f'method="get" action="{address}"' in switched
    client.force_login(world.engineer)
    shown = client.get(form[1], again)
    assert shown.status_code == 200
    assert passage in shown.content.decode()


def test_with_nothing_typed_the_way_leads_to_the_sign_in(world: World) -> None:
    response = Client().post("/review/inbox/read/", {"notice": "1"}, headers=HERE)
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/review/inbox/read/")


def test_a_form_whose_token_is_gone_is_sent_again_from_the_answer(world: World, address: str) -> None:
    client = strict(world)
    refused = client.post(
        address, {"kind": "error", "text": TEXT, "csrfmiddlewaretoken": "x" * 64}, headers=HERE
    )
    page = refused.content.decode()
    assert refused.status_code == 403
    assert texts(page) == [("Comment", TEXT)]
    assert "You are signed in as" in page
    again = fields(page)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    assert again["csrfmiddlewaretoken"] != "x" * 64
    sent = client.post(again.pop("action"), again, headers=HERE)
    assert sent.status_code == 302
    assert Comment.objects.get().text.splitlines() == TEXT.splitlines()


def test_signed_in_again_in_another_tab_the_second_press_works(world: World, address: str) -> None:
    client = strict()
    signed_out = client.post(address, {"kind": "error", "text": TEXT}, headers=HERE)  # both cookies are gone
    assert signed_out.status_code == 403
    first = fields(signed_out.content.decode())
    client.force_login(world.engineer)  # a sign-in rotates the token
    client.cookies.pop("csrftoken")
    refused = client.post(first.pop("action"), first, headers=HERE)
    second = fields(refused.content.decode())
    assert (refused.status_code, second["text"]) == (403, TEXT)
    assert client.post(second.pop("action"), second, headers=HERE).status_code == 302
    assert Thread.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/testserver"},
        {},
    ],
)
def test_another_sites_form_is_not_offered_to_be_sent(world: World, address: str, headers: Any) -> None:
    response = strict(world).post(address, {"kind": "error", "text": TEXT}, headers=headers)
    page = response.content.decode()
    assert response.status_code == 403
    assert texts(page) == [("Comment", TEXT)]
    assert "Send it again" not in page


def test_lacking_an_origin_the_referer_says_where_it_was(world: World, address: str) -> None:
    response = strict(world).post(address, {"text": TEXT}, headers={"Referer": f"http://testserver{address}"})
    assert "Send it again" in response.content.decode()


def test_a_password_is_neither_shown_nor_sent_again(world: World) -> None:
    page = strict(world).post(
        f"/review/{world.new_guide.number}/working-copy/",
        {"do": "sign", "password": "hunter2 hunter2", "comment": "As tested on site", "seen": "a b"},
        headers=HERE,
    ).content.decode()  # fmt: skip
    assert "hunter2" not in page
    assert fields(page)["do"] == "sign"
    assert "The password is asked for again." in page
    signing_in = strict().post("/accounts/login/", {"username": "pat", "password": "hunter2"}, headers=HERE)
    assert "hunter2" not in signing_in.content.decode()
    assert fields(signing_in.content.decode())["username"] == "pat"


def test_a_file_is_named_as_lost_and_a_long_text_is_whole(world: World, address: str) -> None:
    long = "Ein langer Text. " * 5000
    file = SimpleUploadedFile("photo.png", b"\x89PNG")
    page = (
        Client().post(address, {"kind": "error", "text": long, "photo": file}, headers=HERE).content.decode()
    )
    assert texts(page) == [("Comment", long)]
    assert "A file cannot be kept here" in page


def test_after_a_refusal_the_language_switch_leads_back_to_the_form(world: World, address: str) -> None:
    refused = client_of(world.engineer).post(address, {"kind": "error", "text": ""}).content.decode()
    assert f'name="next" value="{address}"' in refused


def switch_of(page: str) -> dict[str, str]:
    form = page.split('class="language-switch"')[1].split("</form>")[0]
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    }


def test_the_language_switch_of_a_refused_form_keeps_its_text(world: World, address: str) -> None:
    client = client_of(world.engineer)
    form = {"kind": "nonsense", "text": TEXT, "password": "hunter2"}
    switch = switch_of(client.post(address, form, headers=HERE).content.decode())
    assert "hunter2" not in switch["carried"]
    kept = client.post("/accounts/language/", {**switch, "language": "zh-hans"}, headers=HERE)
    page = kept.content.decode()
    assert (kept.status_code, [text for _label, text in texts(page)]) == (200, [TEXT])
    assert '<html lang="zh-Hans">' in page
    assert not Thread.objects.exists()
    again = fields(page)
    assert (again["action"], again["text"], again["whose"]) == (address, TEXT, str(world.engineer.pk))
    refused = client.post(again.pop("action"), again, headers=HERE)
    assert "fish" in refused.content.decode()
    assert '<html lang="zh-Hans">' in refused.content.decode()
    once_more = switch_of(page)
    assert (once_more["next"], once_more["carried"]) == (address, switch["carried"])


def test_another_persons_refused_text_is_not_sent_by_the_switch(world: World, address: str) -> None:
    form = {"kind": "nonsense", "text": TEXT}
    switch = switch_of(client_of(world.engineer).post(address, form, headers=HERE).content.decode())
    switched = client_of(world.owner).post("/accounts/language/", {**switch, "language": "en"}, headers=HERE)
    assert (
        f"Sent from here, it stands under the name of {world.owner.display_name}" in switched.content.decode()
    )


def test_however_often_the_language_is_switched_the_text_stays_its_writers(
    world: World, address: str
) -> None:
    form = {**page_of(world.engineer, address), "kind": "error", "text": TEXT}
    client, refused = sent_by(world.owner, address, form)
    page = refused.content.decode()
    for language in ("en", "zh-hans", "en"):
        switch = {**switch_of(page), "language": language}
        page = client.post("/accounts/language/", switch, headers=HERE).content.decode()
        assert texts(page)[0][1] == TEXT
    assert f"Send it as {world.owner.display_name}" in page
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    "carried", ["", "x", "[]", '{"texts": 1}', "[" * 100_000, '{"texts": [[1]], "again": []}']
)
def test_what_no_page_took_along_is_no_text(world: World, carried: str) -> None:
    form = {"language": "en", "next": "/faq/", "carried": carried}
    assert client_of(world.engineer).post("/accounts/language/", form)["Location"] == "/faq/"


def test_a_nul_is_refused_as_before(world: World, address: str) -> None:
    assert strict(world).post(address, {"text": "a\0b"}, headers=HERE).status_code == 400


def test_htmx_shows_the_refusal_as_the_whole_page(world: World, address: str) -> None:
    headers = {**HERE, "HX-Request": "true"}
    for client in (strict(world), Client()):
        response = client.post(address, {"kind": "error", "text": TEXT}, headers=headers)
        assert (response.status_code, response["HX-Retarget"]) == (403, "body")
        assert texts(response.content.decode()) == [("Comment", TEXT)]


def test_a_form_sent_to_a_missing_or_forbidden_page_is_shown_too(world: World) -> None:
    client = client_of(world.customer)
    for address, status in (
        ("/review/nowhere/v/1.0/comment/", 404),
        ("/tickets/new/", 403),
        ("/search/", 405),
    ):
        response = client.post(address, {"symptom": TEXT, "text": TEXT}, headers=HERE)
        assert response.status_code == status, address
        assert TEXT in [text for _label, text in texts(response.content.decode())]


# ---------- a page of another person ----------


def page_of(person: Any, address: str) -> dict[str, str]:
    """The hidden fields of a form as it stands on this person's page."""
    page = client_of(person).get(address).content.decode()
    form = re.search(r'<form class="card" method="post".*?</form>', page, re.S)
    assert form
    return dict(
        re.findall(r'<input type="hidden" name="(csrfmiddlewaretoken|whose)" value="([^"]*)">', form[0])
    )


def sent_by(person: Any, address: str, form: dict[str, str], **kwargs: Any) -> tuple[Client, Any]:
    """The form, with the token of this person's own session, as the page's script puts it in."""
    client = strict()
    client.force_login(person)
    own = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(address).content.decode())
    assert own
    return client, client.post(address, {**form, "csrfmiddlewaretoken": own[1]}, headers=HERE, **kwargs)


def test_a_page_of_one_person_stores_nothing_in_the_name_of_another(world: World, address: str) -> None:
    form = {**page_of(world.engineer, address), "kind": "error", "text": TEXT, "draft": "abcdef0123456789"}
    client, refused = sent_by(world.owner, address, form)
    page = refused.content.decode()
    assert (refused.status_code, Thread.objects.count()) == (403, 0)
    assert f"You are signed in as {world.owner.display_name} now" in page
    assert texts(page) == [("Comment", TEXT)]
    again = fields(page)
    assert again["whose"] == str(world.owner.pk)
    assert f"Send it as {world.owner.display_name}" in page
    assert client.post(again.pop("action"), again, headers=HERE).status_code == 302  # an explicit press
    assert Comment.objects.get().author_id == world.owner.pk


def test_an_own_page_is_carried_out_after_signing_in_again(world: World, address: str) -> None:
    form = {**page_of(world.engineer, address), "kind": "error", "text": TEXT}
    _client, sent = sent_by(world.engineer, address, form)
    assert (sent.status_code, Comment.objects.get().author_id) == (302, world.engineer.pk)


def test_without_a_script_the_old_token_says_who_is_signed_in(world: World, address: str) -> None:
    form = {**page_of(world.engineer, address), "kind": "error", "text": TEXT}
    refused = strict(world)
    refused.force_login(world.owner)
    page = refused.post(address, form, headers=HERE).content.decode()
    assert f"You are signed in as {world.owner.display_name} now" in page
    assert texts(page) == [("Comment", TEXT)]


def test_what_a_signed_out_page_holds_stays_its_writers(world: World, address: str) -> None:
    form = {**page_of(world.engineer, address), "kind": "error", "text": TEXT}
    signed_out = fields(Client().post(address, form, headers=HERE).content.decode())
    assert signed_out.pop("action") == address
    assert signed_out["whose"] == str(world.engineer.pk)
    _client, refused = sent_by(world.owner, address, signed_out)
    assert (refused.status_code, Thread.objects.count()) == (403, 0)
    assert "Send it as" in refused.content.decode()
    _client, sent = sent_by(world.engineer, address, signed_out)
    assert (sent.status_code, Comment.objects.get().author_id) == (302, world.engineer.pk)


def test_a_page_that_nobody_was_signed_in_on_asks_whoever_is_now(world: World, address: str) -> None:
    _client, refused = sent_by(world.owner, address, {"kind": "error", "text": TEXT, "whose": ""})
    assert (refused.status_code, Thread.objects.count()) == (403, 0)


def test_signing_out_and_the_language_are_anybodys(world: World) -> None:
    client = client_of(world.owner)
    form = {"whose": str(world.engineer.pk), "language": "zh-hans", "next": "/faq/"}
    assert client.post("/accounts/language/", form)["Location"] == "/faq/"
    assert client.post("/accounts/logout/", form).status_code == 302
    assert "_auth_user_id" not in client.session


def test_the_editing_desks_forms_say_whose_they_are(world: World) -> None:
    client = client_of(world.owner)
    edit = f"/admin/pages/{world.new_guide.page_id}/edit/"
    assert f'name="whose" value="{world.owner.pk}"' in client.get(edit).content.decode()
    assert client.post(edit, {"whose": str(world.engineer.pk), "title": "Theirs"}).status_code == 403


# ---------- addresses that only take a form ----------


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/review/threads/7/resolve/", "/review/threads/7/"),
        ("/review/edits/7/withdraw/", "/review/edits/7/"),
        ("/review/inbox/read/", "/review/inbox/"),
        ("/review/delegations/7/end/", "/review/delegations/"),
        ("/review/SOP-1/v/1.0/take-up/", "/procedures/SOP-1/history/"),
        ("/applicability/accept/", "/applicability/"),
        ("/applicability/7/withdraw/", "/applicability/"),
        ("/tickets/T-00007/entries/", "/tickets/T-00007/"),
        ("/tickets/T-00007/procedures/", "/tickets/T-00007/"),
        ("/accounts/language/", "/"),
        ("/accounts/logout/", "/"),
    ],
)
def test_opened_they_lead_to_the_page_they_belong_to(world: World, address: str, page: str) -> None:
    for client in (Client(), client_of(world.engineer)):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, page)


@pytest.mark.parametrize(("language", "words"), [("en", "not used like that"), ("zh-hans", "zh-Hans")])
def test_what_is_not_allowed_is_a_page_of_the_site(db: None, language: str, words: str) -> None:
    response = Client(headers={"accept-language": language}).delete("/accounts/language/")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")
    assert words in response.content.decode()
