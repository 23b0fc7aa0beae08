"""Forms that no page of ours sends, or that come twice: a clear answer, and the text typed is still there."""

import re
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from kb.accounts.models import User
from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, proposing, releasing
from review.models import Comment, Thread
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
HERE = {"Origin": "http://testserver"}
DRAFT = "abcdef0123456789"


def build() -> int:
    return make.released(owner=make.procedure_owner("olga"), steps=[make.step("a")]).pk


@pytest.fixture
def fiona() -> User:
    return make.field_engineer("fiona")


def address(version: ProcedureVersion) -> str:
    return reverse("review:comment", args=[version.number, version.label, "a"])


def photo(color: str = "navy") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (30, 20), color).save(out, "JPEG")
    return SimpleUploadedFile("a.jpg", out.getvalue(), "image/jpeg")


def send(client: Client, version: ProcedureVersion, **form: Any) -> Any:
    return client.post(address(version), {"kind": "error", "text": "It sparks.", **form}, headers=HERE)


def test_a_comment_with_a_photo_that_is_sent_twice_is_one(version, fiona) -> None:
    client = signed_in(fiona)
    first = send(client, version, draft=DRAFT, photos=photo())
    again = send(client, version, draft=DRAFT, photos=photo())
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert Comment.objects.count() == 1
    assert Comment.objects.get().photos.count() == 1
    send(client, version, draft=DRAFT, photos=photo("red"))  # another photo is another comment
    assert Comment.objects.count() == 2


def test_a_refused_photo_is_not_taken_for_done(version, fiona) -> None:
    client = signed_in(fiona)
    for _turn in range(2):
        answer = send(client, version, draft=DRAFT, photos=SimpleUploadedFile("a.jpg", b"<svg/>"))
        assert "not a photo" in answer.content.decode()
        assert "It sparks." in answer.content.decode()
    assert not Comment.objects.exists()


def test_a_damaged_photo_keeps_the_text(version, fiona) -> None:
    data = bytearray(photo().read())
    del data[len(data) // 2 :]
    answer = send(signed_in(fiona), version, photos=SimpleUploadedFile("a.jpg", bytes(data)))
    assert answer.status_code == 200
    assert "not a photo that can be read" in answer.content.decode()
    assert "It sparks." in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_typed_text_of_several_forms_on_a_page_has_the_fields_name(version, fiona, language) -> None:
    User.objects.filter(username="olga").update(language=language)
    edit = proposing.suggest(version=version, changes={("a", "body"): "Turn it twice."}, reason="x", by=fiona)
    form = {
        "whose": str(fiona.pk),
        f"D{edit.pk}-final-body": "Turn it three times.",
        f"d{edit.pk}-answer": "Thank you.",
    }
    page = signed_in(version.page.procedure_owner).post(edit.get_absolute_url(), form, headers=HERE)
    labels = re.findall(r'<label for="typed-\d+">(.*?)</label>', page.content.decode())
    assert page.status_code == 403
    assert len(labels) == 2
    assert not [label for label in labels if "final" in label.lower() or re.search(r"[Dd]\d", label)]
    if language == "en":
        assert labels == ["What to do", "Answer to the author"]


def test_a_nul_character_is_left_out_and_the_text_comes_back(version, fiona) -> None:
    page = send(signed_in(fiona), version, text="It \0sparks.")
    text = page.content.decode()
    assert page.status_code == 400
    assert "It sparks." in text
    assert "NUL" in text
    assert "Send it again" in text
    assert not Comment.objects.exists()


def test_a_form_of_eleven_megabytes_is_told_the_limit_and_comes_back(version, fiona) -> None:
    page = send(signed_in(fiona), version, text="x" * 10_500_000 + " the end")
    text = page.content.decode()
    assert page.status_code == 413
    assert "10 MB" in text
    assert "x the end</textarea>" in text


def test_a_form_that_cannot_be_read_at_all_is_told_the_limit(version, fiona, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    page = send(signed_in(fiona), version, text="x" * 2000)
    assert page.status_code == 413
    assert "10 MB" in page.content.decode()
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1
    page = signed_in(fiona).post(address(version), {"kind": "error", "text": "x"})
    assert page.status_code == 413


@pytest.mark.parametrize("text", ["\u200b\u200b", "\u2060\ufeff", "\u3164", "\u2800", "\u200b \u00ad\ufe0f"])
def test_a_comment_that_nobody_could_see_is_none(version, fiona, text: str) -> None:
    assert "This field is required." in send(signed_in(fiona), version, text=text).content.decode()
    assert not Comment.objects.exists()


@pytest.mark.parametrize("text", ["\U0001f44d\ufe0f", "好", "\u0915\u094d\u200d"])
def test_signs_with_something_to_see_are_a_comment(version, fiona, text: str) -> None:
    assert send(signed_in(fiona), version, text=text).status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"x": "z"}, {"image": "zz", "x": "1", "y": "1"}, {"y": "1001"}, {"before": "b" * 101}]
)
def test_a_place_that_cannot_be_read_is_said_and_left_out(version, fiona, wrong: dict[str, str]) -> None:
    client = signed_in(fiona)
    page = send(client, version, **wrong).content.decode()
    assert "marked cannot be read" in page
    assert "see the marked fields" not in page
    assert "It sparks." in page
    form = page.split("<main", 1)[1].split('enctype="multipart/form-data"', 1)[1].split("</form>", 1)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form))
    again = {
        name: unescape(value)
        for name, value in hidden.items()
        if name in ("before", "after", "image", "x", "y")
    }
    assert send(client, version, **again).status_code == 302
    assert Thread.objects.get().image_sha256 == ""


def test_a_withdrawn_version_says_so_and_keeps_the_text(version, fiona) -> None:
    releasing.withdraw(version=version, by=make.documentation_staff(), password=make.PASSWORD, reason="Old")
    page = send(signed_in(fiona), version).content.decode()
    alert = page.split('role="alert"', 1)[1].split("</div>", 1)[0]
    assert "withdrawn" in alert
    assert "It sparks." in alert
    assert not Thread.objects.exists()


def test_a_reason_that_nobody_could_see_is_none(version, fiona) -> None:
    edit = proposing.suggest(version=version, changes={("a", "body"): "y"}, reason="x", by=fiona)
    with pytest.raises(NotAllowed, match="why"):
        deciding.refuse(suggestion=edit, by=version.page.procedure_owner, answer="\u200b")
