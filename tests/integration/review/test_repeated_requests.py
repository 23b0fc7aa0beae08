"""A request of the API under a key is carried out once, and answered again as it was."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from procedures.models import ProcedureVersion
from review.api import once
from review.models import ApiAnswer, Comment, Thread
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
THREADS = "/api/procedures/SOP-1/v/1.0/threads/"
BODY = {"kind": "question", "text": "Why?"}


@pytest.fixture
def version() -> ProcedureVersion:
    return make.released(number="SOP-1", steps=[make.step("a", body="Wait.")])


@pytest.fixture
def engineer(version: ProcedureVersion) -> Client:
    return signed_in(make.field_engineer())


def send(client: Client, body: Any, key: str, address: str = THREADS) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key}
    answer = client.post(address, json.dumps(body), content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def test_sent_twice_it_is_done_once_and_answered_as_before(engineer) -> None:
    first = send(engineer, BODY, "k1")
    assert first[0] == 201
    assert send(engineer, BODY, "k1") == first
    assert Thread.objects.count() == Comment.objects.count() == 1
    assert send(engineer, BODY, "k2")[1]["id"] != first[1]["id"]
    assert send(signed_in(make.field_engineer()), BODY, "k1")[1]["id"] != first[1]["id"]


def test_another_request_under_the_same_key_is_refused(engineer) -> None:
    thread = send(engineer, BODY, "k1")[1]["id"]
    for body, address in ((BODY | {"text": "Else?"}, THREADS), (BODY, f"/api/threads/{thread}/comments/")):
        status, said = send(engineer, body, "k1", address)
        assert (status, list(said["fields"])) == (422, ["Idempotency-Key"])
    assert Comment.objects.count() == 1
    status, said = send(engineer, BODY, "two words")
    assert (status, list(said["fields"])) == (400, ["Idempotency-Key"])


def test_what_was_refused_is_judged_anew(engineer) -> None:
    assert send(engineer, BODY | {"step": "later"}, "k1")[0] == 400
    assert not ApiAnswer.objects.exists()
    assert send(engineer, BODY, "k1")[0] == 201


def test_files_belong_to_the_request(engineer) -> None:
    def send_file(data: bytes) -> int:
        file = SimpleUploadedFile("a.jpg", data, "image/jpeg")
        sent = {"json": json.dumps(BODY), "photos": file}
        return engineer.post(THREADS, sent, headers={"Idempotency-Key": "k1"}).status_code

    out = make_photo()
    assert [send_file(out), send_file(out), send_file(out + b"0")] == [201, 201, 422]
    assert Comment.objects.get().photos.count() == 1


def make_photo() -> bytes:
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "JPEG")
    return out.getvalue()


def test_a_key_is_free_again_after_a_day(engineer) -> None:
    send(engineer, BODY, "k1")
    ApiAnswer.objects.update(at=timezone.now() - once.KEPT * 1.01)
    assert send(engineer, BODY | {"text": "Else?"}, "k1")[0] == 201
    row = ApiAnswer.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiAnswer.objects.create(person=row.person, key="k1", digest="x", at=row.at)


def test_what_was_answered_is_not_shown_to_whoever_lost_the_right_to_read_it(engineer) -> None:
    assert send(engineer, BODY, "k1")[0] == 201
    User.objects.get(pk=engineer.session["_auth_user_id"]).groups.clear()
    assert send(engineer, BODY, "k1")[0] == 404
    assert Thread.objects.count() == 1
