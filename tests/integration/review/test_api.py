"""Marks as JSON: what the site's pages do, by the same rules, and a clear answer to what cannot be done."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.files.images import ImageFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from procedures.models import ProcedurePage, ProcedureVersion
from review import deciding, landing, proposing
from review.models import Suggestion
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
BODY = "Wait 5 minutes. Turn the switch. Turn the switch."


def build() -> int:
    file = ImageFile(get_test_image_file(filename="fan.png", size=(31, 17)).file, name="fan.png")
    image = get_image_model().objects.create(title="fan", file=file)
    steps = [
        make.step("a", title="Step a", body=BODY, images=[{"image": image.pk, "alt": "The fan"}]),
        make.step("b", title="Step b", body="Do b."),
        make.step("c", title="Step c", body="Do c."),
    ]
    return make.released(number="SOP-1", owner=make.procedure_owner("the.owner"), steps=steps).pk


@pytest.fixture
def engineer() -> Client:
    return signed_in(make.field_engineer("the.engineer"))


@pytest.fixture
def owner(version: ProcedureVersion) -> Client:
    return signed_in(version.page.procedure_owner)


THREADS, PROPOSALS = "/api/procedures/SOP-1/v/1.0/threads/", "/api/procedures/SOP-1/v/1.0/proposals/"


def send(client: Client, address: str, body: Any, **headers: str) -> tuple[int, Any]:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    response = client.post(address, data, content_type="application/json", headers=headers)
    return response.status_code, response.json()


def send_files(client: Client, address: str, body: Any, **files: Any) -> tuple[int, Any]:
    response = client.post(address, {"json": json.dumps(body), **files})
    return response.status_code, response.json()


def proposed(client: Client, **texts: str) -> dict[str, Any]:
    edits = [{"step": step, "body": text} for step, text in texts.items()]
    status, said = send(client, PROPOSALS, {"reason": "Met it twice", "edits": edits})
    assert status == 201, said
    return said


def get(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.content
    return response.json()


def photo(name: str = "fan.jpg") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


# ---------- proposals ----------


def test_several_steps_are_proposed_at_once(version, engineer) -> None:
    sha256 = version.steps[0]["images"][0]["sha256"]
    edits = [
        {
            "step": "a",
            "title": "Step A",
            "images": [{"replaces": sha256, "file": "new", "alt": "Another fan"}],
        },
        {"step": "b", "remove": True},
        {"step": "c", "after": ""},
        {"add": True, "title": "Tidy up", "after": "a"},
        {"add": True, "step": "mine", "title": "And sweep", "body": "Well.", "after": "b"},
        {"add": True, "title": "And leave", "after": "mine"},
    ]
    body = {"kind": "error", "reason": "Met it", "edits": edits}
    status, said = send_files(engineer, PROPOSALS, body, new=photo())
    assert status == 201, said
    assert [(edit["action"], edit["after"]) for edit in said["edits"]] == [
        ("edit", None), ("remove", None), ("edit", ""), ("add", "a"), ("add", "b"),
        ("add", said["edits"][4]["step"]),
    ]  # fmt: skip
    assert said["edits"][4]["step"] != "mine"  # a name for the others to follow it by
    assert said["edits"][0]["changes"] == [
        {"field": "title", "base": "Step a", "proposed": "Step A", "landed": ""}
    ]
    assert said["edits"][0]["images"][0]["alt"] == "Another fan"
    other = {"reason": "Better", "instead_of": said["id"], "edits": [{"step": "c", "body": "Do c well."}]}
    status, other = send(engineer, PROPOSALS, other)
    assert (status, other["instead_of"]) == (201, said["id"])
    marks = get(engineer, "/api/procedures/SOP-1/marks/")
    assert [each["id"] for each in marks["proposals"]] == [said["id"], other["id"]]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"ticket": "T-99999"}, "ticket"),
        ({"edits": None}, "edits"),
        ({"edits": []}, "edits"),
        ({"edits": {}}, "edits"),
        ({"edits": [{"step": "a"}]}, "edits"),
        ({"edits": [1]}, "edits.0"),
        ({"edits": [{"step": "a", "title": ""}]}, "edits.0.title"),
        ({"edits": [{"step": "a", "body": "x" * 1_000_000}]}, "edits.0.body"),
        ({"edits": [{"step": "nowhere", "body": "x"}]}, "edits.0.step"),
        ({"edits": [{"step": "a", "after": "nowhere"}]}, "edits.0.after"),
        ({"edits": [{"step": "a", "body": "x"}, {"step": "a", "title": "y"}]}, "edits"),
        ({"edits": [{"add": True, "after": "a"}]}, "edits.0.title"),
        ({"edits": [{"add": True, "title": "New"}]}, "edits.0.after"),
        ({"edits": [{"add": True, "step": "b", "title": "New", "after": "a"}]}, "edits"),
        ({"edits": [{"add": True, "step": "x" * 65, "title": "New", "after": "a"}]}, "edits.0.step"),
        ({"edits": [{"step": "a", "images": [{"replaces": "x", "file": "f"}]}]}, "edits.0.images.0.replaces"),
        ({"edits": [{"step": "a", "remove": True, "body": "x"}]}, "edits.0.body"),
        ({"instead_of": 2**70}, "instead_of"),
        ({"instead_of": 999}, "instead_of"),
    ],
)
def test_a_proposal_that_cannot_be_says_why(version, engineer, more, field) -> None:
    body = {"reason": "Met it", "edits": [{"step": "a", "body": "Else."}], **more}
    status, said = send(engineer, PROPOSALS, body)
    assert (status, list(said["fields"])) == (400, [field])
    assert not Suggestion.objects.exists()


def test_a_new_step_cannot_take_the_identity_of_another_on_the_site_either(version, engineer) -> None:
    def new(step_id: str) -> dict[str, str]:
        data = {"n1-step_id": step_id, "n1-title": "New", "n1-after": "a", "new": "1", "reason": "Because"}
        for number, step in enumerate(version.steps, 1):
            data |= {f"s{number}-{name}": step[name] for name in ("title", "body", "expected", "caution")}
        return data

    page = engineer.post("/review/SOP-1/v/1.0/edit/", new("b"))
    assert (page.status_code, Suggestion.objects.count()) == (200, 0)
    twice = new("x1") | {"n2-step_id": "x1", "n2-title": "New", "n2-after": "a", "new": "2"}
    assert engineer.post("/review/SOP-1/v/1.0/edit/", twice).status_code == 200


# ---------- votes ----------


def test_a_vote_counts_once_and_not_the_authors(version, engineer) -> None:
    head = proposed(engineer, b="Do b slowly.")
    address = f"/api/proposals/{head['id']}/votes/"
    other = signed_in(make.field_engineer())
    assert send(other, address, {}) == (201, {"proposal": head["id"], "votes": 1})
    status, said = send(other, address, {})
    assert (status, said["message"]) == (409, "You said so already; it counts once.")
    status, said = send(engineer, address, {})
    assert (status, said["message"]) == (409, "You proposed this yourself: it counts already.")
    assert send(other, address, {"ticket": "T-99999"})[0] == 400
    assert get(other, f"/api/proposals/{head['id']}/")["votes"] == 1


# ---------- decisions ----------


def decide(client: Client, edit: dict[str, Any], **body: Any) -> tuple[int, Any]:
    return send(client, f"/api/edits/{edit['id']}/decision/", body)


def seen(client: Client, head: dict[str, Any]) -> list[dict[str, Any]]:
    edits: list[dict[str, Any]] = get(client, f"/api/proposals/{head['id']}/")["edits"]
    return edits


def text_of(version: ProcedureVersion, step: str) -> str | None:
    return make.text_of(landing.working_copy(ProcedurePage.objects.get(pk=version.page_id)), step)


def test_an_edit_lands_as_it_is_or_with_changes(version, engineer, owner) -> None:
    head = proposed(engineer, b="Do b slowly.", c="Do c slowly.")
    one, other = seen(owner, head)
    assert one["landing"]["texts"]["body"] == "Do b slowly."
    status, said = decide(owner, one, decision="accept", seen=one["landing"]["seen"], answer="Thanks")
    assert (status, said["edits"][0]["status"]) == (200, "accepted")
    status, said = decide(
        owner, other, decision="accept", seen=other["landing"]["seen"], texts={"body": "Do c very slowly."}
    )
    assert (status, said["edits"][1]["status"]) == (200, "accepted_with_changes")
    assert (text_of(version, "b"), text_of(version, "c")) == ("Do b slowly.", "Do c very slowly.")


def test_refused_asked_and_handed_on(version, engineer, owner) -> None:
    staff = make.documentation_staff("the.staff")
    parts = seen(owner, proposed(engineer, a="Else.", b="Do b slowly.", c="Do c slowly."))
    assert decide(owner, parts[0], decision="refuse")[1]["fields"].keys() == {"answer"}
    status, said = decide(owner, parts[0], decision="refuse", answer="No")
    assert (status, said["edits"][0]["answer"]) == (200, "No")
    status, said = decide(owner, parts[1], decision="ask", answer="Why?")
    assert (status, said["edits"][1]["status"]) == (200, "asked")
    assert decide(owner, parts[2], decision="hand", to="nobody")[1]["fields"].keys() == {"to"}
    status, said = decide(owner, parts[2], decision="hand", to="the.staff")
    assert (status, said["edits"][2]["with"]["username"]) == (200, "the.staff")
    assert Suggestion.objects.get(pk=parts[2]["id"]).assigned_to == staff


def test_the_same_sentence_changed_is_answered_three_ways(version, engineer, owner) -> None:
    head = proposed(engineer, b="Do b slowly.")
    (before,) = seen(owner, head)
    rival = proposing.suggest(
        version=version, changes={("b", "body"): "Do b fast."}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=rival, by=version.page.procedure_owner)
    status, said = decide(owner, before, decision="accept", seen=before["landing"]["seen"])
    assert (status, "changed while you were deciding" in said["message"]) == (409, True)
    conflict = {
        "field": "body", "why": "same_sentence",
        "base": "Do b.", "theirs": "Do b slowly.", "ours": "Do b fast.",
    }  # fmt: skip
    assert said["edit"]["landing"]["conflicts"] == [conflict]
    fresh = said["edit"]["landing"]["seen"]
    status, said = decide(owner, before, decision="accept", seen=fresh)
    assert (status, list(said["fields"])) == (400, ["take.body"])
    status, said = decide(owner, before, decision="accept", seen=fresh, take={"title": "ours"})
    assert (status, list(said["fields"])) == (400, ["take"])
    assert text_of(version, "b") == "Do b fast."
    status, _said = decide(owner, before, decision="accept", seen=fresh, texts={"body": "Do b at ease."})
    assert (status, text_of(version, "b")) == (200, "Do b at ease.")
    status, said = decide(owner, before, decision="refuse", answer="No")
    assert (status, "already decided" in said["message"]) == (409, True)


def test_a_program_takes_what_was_proposed_where_both_sides_changed_a_sentence(
    version, engineer, owner
) -> None:
    head = proposed(engineer, b="Do b slowly.")
    rival = proposing.suggest(
        version=version, changes={("b", "body"): "Do b fast."}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=rival, by=version.page.procedure_owner)
    (fresh,) = seen(owner, head)
    body = {"decision": "accept", "seen": fresh["landing"]["seen"], "take": {"body": "theirs"}}
    assert decide(owner, fresh, **body)[0] == 200
    assert text_of(version, "b") == "Do b slowly."


def test_nothing_lands_that_nobody_looked_at(version, engineer, owner) -> None:
    (edit,) = seen(owner, proposed(engineer, b="Do b slowly."))
    assert decide(owner, edit, decision="accept")[1]["fields"].keys() == {"seen"}
    for more, field in (
        ({"texts": {"title": "T"}}, "texts"),
        ({"texts": "x"}, "texts"),
        ({"after": "a"}, "after"),
        ({"anyway": True}, "anyway"),
        ({"decision": "adopt"}, "decision"),
        ({"decision": ""}, "decision"),
    ):
        body = {"decision": "accept", "seen": edit["landing"]["seen"], **more}
        status, said = decide(owner, edit, **body)
        assert (status, list(said["fields"])) == (400, [field]), more
    assert text_of(version, "b") == "Do b."


@pytest.mark.parametrize("title", ["", "\u200b", "\u2800", "T" * 256])
def test_a_title_that_nobody_sees_or_is_too_long_is_named(version, engineer, owner, title: str) -> None:
    edits = [{"step": "b", "title": title}]
    status, said = send(engineer, PROPOSALS, {"reason": "Met it twice", "edits": edits})
    assert (status, list(said["fields"])) == (400, ["edits.0.title"])
    edits[0]["title"] = "Step b, better"
    status, said = send(engineer, PROPOSALS, {"reason": "Met it twice", "edits": edits})
    (edit,) = seen(owner, said)
    body = {"decision": "accept", "seen": edit["landing"]["seen"], "texts": {"title": title}}
    status, said = decide(owner, edit, **body)
    assert (status, list(said["fields"])) == (400, ["texts.title"])


def test_only_who_answers_for_it_decides_and_nobody_on_their_own(version, engineer, owner) -> None:
    (edit,) = seen(engineer, proposed(engineer, b="Do b slowly."))
    status, said = decide(engineer, edit, decision="refuse", answer="No")
    assert (status, "Only the procedure's owner" in said["message"]) == (403, True)
    (own,) = seen(owner, proposed(owner, c="Do c slowly."))
    assert decide(owner, own, decision="refuse", answer="No")[0] == 409


def test_handing_on_is_told_with_its_note(version, engineer, owner) -> None:
    make.documentation_staff("the.staff")
    (part,) = seen(owner, proposed(engineer, a="Else."))
    status, said = decide(owner, part, decision="hand", to="the.staff", answer="Your line")
    (handed,) = said["edits"][0]["handed_on"]
    assert (status, handed["note"], handed["to"]["username"]) == (200, "Your line", "the.staff")
    assert handed["by"]["username"] == "the.owner"
    (shown,) = get(owner, "/api/procedures/SOP-1/marks/")["proposals"]
    assert shown["edits"][0]["handed_on"] == [handed]


@pytest.mark.parametrize("text", ["\u200b", "\u200b \ufeff", "\u3164", "  "])
def test_a_text_with_nothing_to_see_is_a_missing_field(version, engineer, owner, text) -> None:
    head = proposed(engineer, b="Do b slowly.")
    thread = send(engineer, THREADS, {"kind": "error", "text": "Which?"})[1]
    edits = [{"step": "a", "body": "Else."}]
    for address, body, field in (
        (THREADS, {"kind": "error", "text": text}, "text"),
        (f"/api/threads/{thread['id']}/comments/", {"text": text}, "text"),
        (f"/api/proposals/{head['id']}/comments/", {"text": text}, "text"),
        (PROPOSALS, {"reason": text, "edits": edits}, "reason"),
        (PROPOSALS, {"reason": "x", "edits": [{"step": "a", "title": text}]}, "edits.0.title"),
    ):
        status, said = send(engineer, address, body)
        assert (status, list(said.get("fields", ()))) == (400, [field]), address
    (part,) = seen(owner, head)
    for decision in ("refuse", "ask"):
        status, said = decide(owner, part, decision=decision, answer=text)
        assert (status, list(said["fields"])) == (400, ["answer"])


def test_where_nothing_can_be_taken_the_answer_says_what_is_wanted(version, engineer, owner) -> None:
    head = proposed(engineer, b="Do b slowly.")
    steps = [make.step("a", title="Step a", body=BODY)]
    page = landing.working_copy(version.page)
    page.steps = [{"type": "step", "id": step["id"], "value": step["value"]} for step in steps]
    page.save_revision()
    (part,) = seen(owner, head)
    assert [conflict["why"] for conflict in part["landing"]["conflicts"]] == ["step_gone"]
    fresh = part["landing"]["seen"]
    status, said = decide(owner, part, decision="accept", seen=fresh, take={"": "theirs"})
    assert status == 400
    assert said["fields"]["take"] == [
        "No text of this edit was changed on both sides: there is nothing to take. What is wanted is after."
    ]
    assert decide(owner, part, decision="accept", seen=fresh, after="a")[0] == 200


def test_a_late_decision_is_refused_in_words_that_fit_a_program(version, engineer, owner) -> None:
    head = proposed(engineer, b="Do b slowly.")
    (before,) = seen(owner, head)
    status, said = decide(owner, before, decision="accept", seen="x" * 16)
    assert (status, "below" in said["message"]) == (409, False)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_an_address_without_its_slash_is_missing_and_says_so(version, engineer, method) -> None:
    response = getattr(engineer, method)(THREADS.rstrip("/"), "{}", content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert "slash" in response.json()["message"]
