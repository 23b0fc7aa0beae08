"""Comments on a passage, a point of an image, with photos and names: who is told, what later versions show."""

import re
from html import unescape
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image as Picture
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file_jpeg

from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, queries, threads
from review.anchors import Fate, Quote
from review.mentions import mentioned
from review.models import Notice, Photo, Thread
from review.photos import clean_photo
from review.threads import Point
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
BODY = "Open the door. Wait **5 minutes**. Close the door. Wait **5 minutes**."


def build() -> int:
    image = Image.objects.create(title="one.jpg", file=get_test_image_file_jpeg("one.jpg", size=(640, 480)))
    steps = [make.step("a", body=BODY, images=[{"image": image.pk, "alt": "The door"}]), make.step("b")]
    return make.released(owner=make.procedure_owner(), steps=steps).pk


def comment_on(version: ProcedureVersion, step: str = "a") -> str:
    return reverse("review:comment", args=[version.number, version.label, step])


def jpeg(size: tuple[int, int] = (60, 40)) -> bytes:
    out = BytesIO()
    Picture.new("RGB", size, "navy").save(out, "JPEG")
    return out.getvalue()


def told(person: object) -> list[str]:
    return list(
        Notice.objects.unread().filter(recipient=person).order_by("pk").values_list("kind", flat=True)
    )


def test_a_passage_is_kept_with_its_surroundings_and_shown(version) -> None:
    client = signed_in(make.field_engineer())
    form = {"kind": "error", "text": "Too short.", "quote": "Wait 5 minutes", "before": "Close the door. "}
    assert client.post(comment_on(version), form).status_code == 302
    thread = Thread.objects.get()
    assert (thread.quote, thread.prefix) == ("Wait 5 minutes", "Close the door. ")
    place = threads.place_of(thread, version)
    assert place is not None
    assert place.fate == Fate.HERE
    text = client.get(version.get_absolute_url()).content.decode()
    assert '<blockquote class="passage" data-before="Close the door. ">Wait 5 minutes</blockquote>' in text


@pytest.mark.parametrize(
    ("quote", "said"), [("Wait 6 minutes", "not in this step"), ("Wait 5 minutes", "more than once")]
)
def test_a_passage_that_matches_nowhere_or_twice_is_refused_and_nothing_is_lost(version, quote, said) -> None:
    form = {"kind": "error", "text": "Too short.", "quote": quote}
    text = signed_in(make.field_engineer()).post(comment_on(version), form).content.decode()
    assert said in text
    assert "Too short." in text
    assert quote in text
    assert not Thread.objects.exists()


def test_a_passage_that_a_later_version_dropped_says_so_and_shows_what_it_was(version) -> None:
    engineer = make.field_engineer()
    threads.start_thread(
        version=version, step_id="a", kind="question", text="Why?", by=engineer, quote=Quote("Open the door")
    )
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Leave it shut."
    draft.save_revision(user=version.last_editor)
    make.release(draft, by=version.last_editor, approver=version.approved_by, summary="Shut")
    text = signed_in(engineer).get(version.page.get_absolute_url()).content.decode()
    assert "Version 1.1 does not have this passage any more." in text
    assert "Open the door</blockquote>" in text
    assert "on 1.0" in text


def test_a_point_of_an_image_is_pressed_without_javascript(version) -> None:
    client = signed_in(make.field_engineer())
    sha256 = version.steps[0]["images"][0]["sha256"]
    page = client.get(reverse("review:point", args=[version.number, version.label, "a", sha256]))
    assert 'type="image"' in page.content.decode()
    pressed = {"image": sha256, "point.x": "80", "point.y": "120"}  # of 320 x 240
    form = client.get(comment_on(version), pressed).context["form"]
    assert (form["x"].value(), form["y"].value()) == (250, 500)
    sent = {"kind": "question", "text": "This hinge?", "image": sha256, "x": "250", "y": "500"}
    assert client.post(comment_on(version), sent).status_code == 302
    thread = Thread.objects.get()
    assert (thread.image_sha256, thread.image_x, thread.image_y) == (sha256, 250, 500)
    text = client.get(version.get_absolute_url()).content.decode()
    assert 'cx="80" cy="120"' in text
    with pytest.raises(NotAllowed, match="not in the step"):
        threads.start_thread(
            version=version,
            step_id="b",
            kind="error",
            text="x",
            by=make.field_engineer(),
            point=Point(sha256, 1, 1),
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Thread.objects.update(image_x=1001)


@pytest.mark.parametrize(
    "query", ["image=x&point.x=1&point.y=1", "image=&point.x=9&point.y=9", "quote=%F0%9F%98%80&before=x"]
)
def test_a_strange_address_shows_the_bare_form(version, query: str) -> None:
    response = signed_in(make.field_engineer()).get(f"{comment_on(version)}?{query}")
    assert response.status_code == 200
    assert response.context["marked"] is None


def test_photos_are_attached_shown_to_staff_and_to_nobody_else(version) -> None:
    client = signed_in(make.field_engineer())
    files = [SimpleUploadedFile(name, jpeg(), "image/jpeg") for name in ("a.jpg", "b.jpg")]
    form = {"kind": "error", "text": "See the hinge.", "photos": files}
    assert client.post(comment_on(version), form).status_code == 302
    first, _second = Photo.objects.all()
    text = client.get(version.get_absolute_url()).content.decode()
    assert first.get_absolute_url() in text
    response = client.get(first.get_absolute_url())
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert "sandbox" in response["Content-Security-Policy"]
    assert signed_in(make.make_user()).get(first.get_absolute_url()).status_code == 404
    assert Client().get(first.get_absolute_url()).status_code == 302  # to sign in
    assert signed_in(make.make_user()).get(f"/media/{first.file.name}").status_code == 404


def test_what_is_no_photo_is_refused_and_the_text_stays(version) -> None:
    client = signed_in(make.field_engineer())
    dressed = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    text = client.post(
        comment_on(version), {"kind": "error", "text": "Typed.", "photos": [dressed]}
    ).content.decode()
    assert "not a photo that can be read" in text
    assert "Typed." in text
    many = [SimpleUploadedFile(f"{n}.jpg", jpeg(), "image/jpeg") for n in range(threads.MOST_PHOTOS + 1)]
    text = client.post(
        comment_on(version), {"kind": "error", "text": "Typed.", "photos": many}
    ).content.decode()
    assert "At most 8 photos" in text
    assert not Thread.objects.exists()


def test_an_empty_photo_is_refused_by_its_name(version) -> None:
    files = [
        SimpleUploadedFile(name, data, "image/jpeg")
        for name, data in (("good.jpg", jpeg()), ("gone.jpg", b""))
    ]
    form = {"kind": "error", "text": "Typed.", "photos": files}
    assert "gone.jpg: " in signed_in(make.field_engineer()).post(comment_on(version), form).content.decode()


def test_whoever_is_named_is_told_and_customers_are_not(version) -> None:
    author, named = make.field_engineer("eve"), make.field_engineer("Ann.Lee")
    customer = make.make_user("carl")
    threads.start_thread(
        version=version, step_id="a", kind="question", by=author,
        text="Ask @ann.lee, or @carl. @eve and mail@ann.lee.example are nobody's.",
    )  # fmt: skip
    assert told(named) == ["mentioned"]
    assert told(customer) == told(author) == []
    notice = Notice.objects.get(recipient=named)
    assert notice.get_absolute_url() == Thread.objects.get().get_absolute_url()
    text = signed_in(named).get("/review/inbox/").content.decode()
    assert "You are named in a comment" in text


def hidden(page: str) -> dict[str, str]:
    """The fields of the form of the page of an image."""
    form = page.split("data-no-draft>")[1].split("</form>")[0]
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        if name not in ("csrfmiddlewaretoken", "whose")
    }


@pytest.mark.parametrize("press", [{"point.x": "80", "point.y": "120"}, {"whole": "1"}])
def test_marking_a_place_keeps_what_was_typed(version, press: dict[str, str]) -> None:
    client = signed_in(make.field_engineer())
    sha256 = version.steps[0]["images"][0]["sha256"]
    pointing = reverse("review:point", args=[version.number, version.label, "a", sha256])
    assert f'formaction="{pointing}"' in client.get(comment_on(version)).content.decode()
    typed = {
        "kind": "safety", "text": 'Wait "longer"\nthan that', "quote": "Open the door", "before": "",
        "after": ". Wait", "draft": "abcdef0123456789",
    }  # fmt: skip
    chosen = {"photos": SimpleUploadedFile("one.jpg", jpeg(), "image/jpeg")}
    travels = hidden(client.post(pointing, {**typed, **chosen}).content.decode())
    assert travels == {**typed, "had-file": "1", "image": sha256}
    back = client.post(comment_on(version), {**travels, **press})
    assert not Thread.objects.exists()
    form, page = back.context["form"], back.content.decode()
    assert [form[name].value() for name in ("kind", "text", "quote", "after")] == [
        "safety", 'Wait "longer"\nthan that', "Open the door", ". Wait",
    ]  # fmt: skip
    assert "choose it again" in page
    assert 'name="draft" value="abcdef0123456789"' in page
    assert ('class="pointed"' in page) == ("point.x" in press)
    point = {name: form[name].value() for name in ("image", "x", "y") if form[name].value() is not None}
    assert client.post(comment_on(version), {**typed, **point}).status_code == 302
    thread = Thread.objects.get()
    assert (thread.kind, thread.quote) == ("safety", "Open the door")
    assert (thread.image_x, thread.image_y) == ((250, 500) if point else (None, None))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("请@fiona.field看一下", "fiona.field"),
        ("步骤3@fiona.field 看", "fiona.field"),
        ("＠fiona.field", "fiona.field"),
        ("（@fiona.field）", "fiona.field"),
        ("问@张伟一下", "张伟"),
        ("@Fiona.Field，@张伟。", "fiona.field 张伟"),
        ("fiona@fiona.field", ""),
        ("写信给a@fiona.field", ""),
        ("写信给a3@fiona.field看", ""),
        ("@fiona.fields", ""),
        ("@ fiona.field", ""),
        ("@" * 3000, ""),
    ],
)
def test_chinese_has_no_spaces_around_a_name(text: str, who: str) -> None:
    for name in ("fiona.field", "张伟"):
        make.field_engineer(name)
    assert " ".join(person.username for person in mentioned(text)) == who


def test_the_author_is_told_of_each_change_of_state(version) -> None:
    author, owner = make.field_engineer(), version.last_editor
    thread = threads.start_thread(version=version, step_id="a", kind="question", text="Why?", by=author)
    threads.reply(thread=thread, text="Because.", by=owner)
    threads.resolve_thread(thread=thread, by=owner)
    assert told(author) == ["answered", "resolved"]
    with pytest.raises(NotAllowed, match="still open"):
        threads.reopen_thread(thread=thread, text=" ", by=author)
    threads.reopen_thread(thread=thread, text="It is not.", by=author)
    thread.refresh_from_db()
    assert (thread.status, thread.resolved_by) == ("open", None)
    assert told(owner)[-1] == "asked_again"
    assert [row.status for row in thread.history.order_by("history_date", "history_id")] == [
        "open", "answered", "resolved", "open",
    ]  # fmt: skip
    suggestion = proposing.suggest(version=version, changes={("b", "body"): "x"}, reason="x", by=author)
    deciding.refuse(suggestion=suggestion, by=owner, answer="No.")
    assert told(author)[-1] == "decided"


def test_a_resolved_comment_is_reopened_from_its_page(version) -> None:
    author, owner = make.field_engineer(), version.last_editor
    thread = threads.start_thread(version=version, step_id="", kind="question", text="Why?", by=author)
    threads.resolve_thread(thread=thread, by=owner)
    client = signed_in(author)
    assert "Reply and reopen" in client.get(thread.get_absolute_url()).content.decode()
    client.post(thread.get_absolute_url(), {"text": "Look again.", "reopen": "1"})
    thread.refresh_from_db()
    assert thread.status == "open"


def test_a_page_with_two_hundred_threads_takes_few_queries(version, django_assert_max_num_queries) -> None:
    author = make.field_engineer()
    photo = clean_photo(BytesIO(jpeg()), size=1000)
    for n in range(200):
        threads.start_thread(
            version=version, step_id="ab"[n % 2], kind="error", text=f"No. {n}", by=author,
            quote=Quote("Open the door") if n % 2 == 0 else None, photos=[photo] if n == 7 else [],
        )  # fmt: skip
    client = signed_in(author)
    client.get(version.get_absolute_url())
    with django_assert_max_num_queries(15):
        text = client.get(version.get_absolute_url()).content.decode()
    assert text.count('class="thread thread--error"') == 200
    assert len(queries.marks_by_step(version, ["a"])["a"].threads) == 100


@pytest.mark.parametrize("gap", ["image", "x", "y"])
def test_half_a_point_is_refused_and_not_dropped(version, gap) -> None:
    sha256 = version.steps[0]["images"][0]["sha256"]
    sent = {"kind": "question", "text": "This hinge?", "image": sha256, "x": "0", "y": "5"} | {gap: ""}
    client = signed_in(make.field_engineer())
    address = reverse("review:comment", args=[version.number, version.label, "a"])
    page = client.post(address, sent).content.decode()
    assert "The place that was marked cannot be read" in page
    assert "This hinge?" in page
    assert not Thread.objects.exists()
