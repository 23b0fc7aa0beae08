"""Comments by the API."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from review.models import Thread
from tests.integration.review.test_api import (
    THREADS,
    build,
    engineer,
    get,
    owner,
    photo,
    proposed,
    send,
    send_files,
)

pytestmark = pytest.mark.django_db
__all__ = ["build", "engineer", "owner"]


# ---------- comments ----------


def test_a_comment_on_a_step_a_passage_a_point_and_the_whole(version, engineer) -> None:
    sha256 = version.steps[0]["images"][0]["sha256"]
    quote = {"type": "TextQuoteSelector", "exact": "Wait 5 minutes.", "prefix": "", "suffix": " Turn"}
    bodies = [
        {"kind": "error", "text": "Which?", "step": "a"},
        {"kind": "question", "text": "How long?", "step": "a", "quote": quote},
        {"kind": "ambiguity", "text": "Here?", "step": "a", "point": {"image": sha256, "x": 500, "y": 1000}},
        {"kind": "question", "text": "At all?"},
    ]
    for body in bodies:
        status, said = send(engineer, THREADS, body)
        assert status == 201, said
        assert (said["kind"], said["comments"][0]["text"]) == (body["kind"], body["text"])
    marks = get(engineer, "/api/procedures/SOP-1/marks/")
    assert [thread["step"] for thread in marks["threads"]] == ["a", "a", "a", ""]
    assert marks["threads"][1]["quote"] == quote
    assert marks["threads"][2]["point"] == {"image": sha256, "x": 500, "y": 1000}
    assert marks["threads"][0]["by"] == {"username": "the.engineer", "name": "the.engineer"}


def test_photos_go_along_and_what_is_none_is_refused_by_its_content(version, engineer) -> None:
    body = {"kind": "error", "text": "Look", "step": "a"}
    status, said = send_files(engineer, THREADS, body, photos=photo())
    assert (status, len(said["comments"][0]["photos"])) == (201, 1)
    disguised = SimpleUploadedFile("fan.jpg", b"<svg><script>alert(1)</script></svg>", "image/jpeg")
    status, said = send_files(engineer, THREADS, body, photos=disguised)
    assert (status, list(said["fields"])) == (415, ["photos"])
    assert "script" not in json.dumps(said)
    large = SimpleUploadedFile("fan.jpg", b"\xff\xd8" + b"0" * 20_000_001, "image/jpeg")
    status, said = send_files(engineer, THREADS, body, photos=large)
    assert (status, list(said["fields"])) == (413, ["photos"])
    assert Thread.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "SECRET-WORD"}, "kind"),
        ({"kind": 7}, "kind"),
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"text": "x" * 1_000_000}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"step": "nowhere"}, "step"),
        ({"quote": "Wait"}, "quote"),
        ({"quote": {"exact": "Not there"}}, "quote"),
        ({"quote": {"exact": "Turn the switch."}}, "quote"),
        ({"quote": {"prefix": "Wait"}}, "quote.exact"),
        ({"quote": {"exact": "Wait", "prefix": "x" * 101}}, "quote.prefix"),
        ({"quote": {"exact": "Wait", "type": "XPathSelector"}}, "quote.type"),
        ({"point": {"image": "0" * 64, "x": 1, "y": 1}}, "point"),
        ({"point": {"image": "0" * 64, "x": 1, "y": 1001}}, "point.y"),
        ({"point": {"image": "0" * 64, "x": True, "y": 1}}, "point.x"),
        ({"SECRET-WORD": 1}, "json"),
    ],
)
def test_each_field_says_what_is_wrong_and_nothing_is_repeated(version, engineer, more, field) -> None:
    status, said = send(engineer, THREADS, {"kind": "error", "text": "Why?", "step": "a", **more})
    assert (status, list(said["fields"])) == (400, [field])
    assert "SECRET-WORD" not in json.dumps(said)
    assert len(json.dumps(said)) < 1000
    assert not Thread.objects.exists()


def test_the_reason_is_in_the_readers_language(version, engineer) -> None:
    _status, said = send(engineer, THREADS, {"text": "?"}, **{"accept-language": "zh-hans"})
    assert "This field" not in json.dumps(said)
    assert "必需字段" in said["fields"]["kind"][0]


def test_an_answer_joins_its_thread_or_its_proposal(version, engineer, owner) -> None:
    _status, thread = send(engineer, THREADS, {"kind": "question", "text": "Why?", "step": "a"})
    status, said = send(owner, f"/api/threads/{thread['id']}/comments/", {"text": "Because."})
    assert (status, said["status"], len(said["comments"])) == (201, "answered", 2)
    head = proposed(engineer, b="Do b slowly.")
    status, said = send(owner, f"/api/proposals/{head['id']}/comments/", {"text": "Sure?"})
    assert (status, said["comments"][0]["text"]) == (201, "Sure?")
    on_edit = Thread.objects.get(suggestion=head["id"])
    status, said = send(engineer, f"/api/threads/{on_edit.pk}/comments/", {"text": "Yes."})
    assert (status, [each["text"] for each in said["comments"]]) == (201, ["Sure?", "Yes."])
    status, said = send(owner, f"/api/threads/{on_edit.pk}/comments/", {"text": " "})
    assert (status, list(said["fields"])) == (400, ["text"])
