"""The API's doors: who comes in, what is no request of it, and that no JSON is a fault."""
# the fixtures are test_api's

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.limits import ADDRESS_BYTES
from review import releasing
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_api import (
    PROPOSALS,
    THREADS,
    build,
    engineer,
    get,
    owner,
    proposed,
    send,
)

pytestmark = pytest.mark.django_db
__all__ = ["build", "engineer", "owner"]


def test_signed_out_is_asked_to_sign_in_and_a_customer_finds_nothing(version) -> None:
    customer = signed_in(make.make_user())
    for address in (THREADS, PROPOSALS, "/api/proposals/1/votes/", "/api/edits/1/decision/"):
        status, said = send(Client(), address, {"text": "Kept?"})
        assert (status, list(said)) == (401, ["message"])
        assert send(customer, address, {})[0] == 404
    assert Client().get("/api/procedures/SOP-1/marks/").status_code == 401
    assert customer.get("/api/procedures/SOP-1/marks/").status_code == 404


def test_without_the_sessions_token_nothing_is_done(version) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.field_engineer())
    status, said = send(client, THREADS, {"kind": "error", "text": "x"})
    assert (status, "X-CSRFToken" in said["message"]) == (403, True)
    client.get("/accounts/login/")
    client.get(f"{THREADS[:-8]}comment/".replace("/api/procedures", "/review"))
    token = client.cookies["csrftoken"].value
    assert send(client, THREADS, {"kind": "error", "text": "x"}, **{"X-CSRFToken": token})[0] == 201


def test_a_role_without_marks_and_a_withdrawn_version(version, engineer) -> None:
    staff = make.documentation_staff()
    head = proposed(engineer, b="Do b slowly.")
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Old")
    for address, body in (
        (THREADS, {"kind": "error", "text": "x"}),
        (PROPOSALS, {"reason": "x", "edits": [{"step": "a", "body": "y"}]}),
    ):
        status, said = send(engineer, address, body)
        assert (status, "withdrawn" in said["message"]) == (409, True)
    assert get(engineer, "/api/procedures/SOP-1/marks/")["proposals"][0]["id"] == head["id"]


def test_what_is_no_request_of_this_api_is_answered_as_json(version, engineer) -> None:
    assert send(engineer, THREADS, "{")[0] == 400
    assert send(engineer, THREADS, b"\xff\xfe\xfa")[0] == 400
    assert send(engineer, THREADS, "[" * 100_000)[0] == 400
    assert send(engineer, THREADS, "[1]")[0] == 400
    assert send(engineer, THREADS, '"' + "x" * 10_000_001 + '"')[0] == 413
    for response, status in (
        (engineer.post(THREADS, "kind=error", content_type="text/plain"), 415),
        (engineer.post(THREADS, "kind=error", content_type="application/x-www-form-urlencoded"), 415),
        (engineer.get(THREADS), 405),
        (engineer.get("/api/"), 404),
        (engineer.get("/api/procedures/NO-1/marks/"), 404),
        (engineer.post(THREADS.replace("1.0", "9.9"), {}), 404),
        (engineer.get("/api/proposals/999/"), 404),
        (engineer.get(f"/api/proposals/{'9' * 30}/"), 404),
        (engineer.get("/api/procedures/%00/marks/"), 400),
        (engineer.get("/api/procedures/x/marks/?" + "x" * ADDRESS_BYTES), 414),
    ):
        assert response.status_code == status
        assert response["Content-Type"] == "application/json"
        assert response.json()["message"]


def test_the_marks_cost_the_same_for_many(version, engineer, django_assert_max_num_queries) -> None:
    for number in range(4):
        send(engineer, THREADS, {"kind": "error", "text": f"No. {number}", "step": "a"})
        head = proposed(engineer, b=f"Do b {number}.", c=f"Do c {number}.")
        send(engineer, f"/api/proposals/{head['id']}/comments/", {"text": "And?"})
    with django_assert_max_num_queries(15):
        marks = get(engineer, "/api/procedures/sop-1/marks/")
    assert (len(marks["threads"]), len(marks["proposals"])) == (4, 4)
    assert marks["proposals"][0]["comments"][0]["text"] == "And?"


# ---------- whatever JSON is sent ----------

NAMES = st.sampled_from(
    ["kind", "text", "step", "quote", "point", "exact", "prefix", "image", "x", "y", "edits", "reason", "ticket",
     "instead_of", "add", "remove", "after", "images", "title", "body", "replaces", "file", "decision", "answer",
     "to", "seen", "texts", "anyway", "keep_position", "type"]
)  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["a", "b", "", "^", "error", "accept", "refuse", "ask", "hand", "the.owner", "nowhere",
                     "0" * 64, "Wait 5 minutes.", "\0", "\ud800"]),
)  # fmt: skip
JSON = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=5)
    ),
)
EDIT = st.fixed_dictionaries(
    {}, optional={name: VALUES | JSON for name in ("step", "title", "body", "after", "images")}
    | {"add": st.booleans(), "remove": st.booleans()},
)  # fmt: skip
NEARLY = {
    "threads": st.fixed_dictionaries(
        {"kind": st.sampled_from(["error", "safety", ""]), "text": VALUES},
        optional={"step": VALUES, "quote": JSON, "point": JSON},
    ),
    "proposals": st.fixed_dictionaries({"reason": st.text(), "edits": st.lists(EDIT, max_size=4)}),
    "votes": st.fixed_dictionaries({}, optional={"ticket": VALUES}),
    "decision": st.fixed_dictionaries(
        {"decision": st.sampled_from(["accept", "adopt", "refuse", "ask", "hand"])},
        optional={name: VALUES | JSON for name in ("answer", "to", "after", "anyway", "seen", "texts")},
    ),
}


@pytest.mark.parametrize("what", sorted(NEARLY))
def test_whatever_json_is_sent_it_is_no_fault(version, engineer, owner, what: str) -> None:
    head = proposed(engineer, b="Do b slowly.", c="Do c slowly.")
    address = {
        "threads": THREADS,
        "proposals": PROPOSALS,
        "votes": f"/api/proposals/{head['id']}/votes/",
        "decision": f"/api/edits/{head['edits'][1]['id']}/decision/",
    }[what]

    @settings(max_examples=60)
    @given(NEARLY[what] | JSON)
    def check(body: Any) -> None:
        status, said = send(owner, address, json.dumps(body))  # Django's client raises what would be a 500
        assert status in (200, 201, 400, 404, 409)
        assert status < 400 or said["message"]

    check()
