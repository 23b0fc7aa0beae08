"""The review pages: late decisions keep what was typed, refusals are seen, nothing is credited that is not there."""

import re

import pytest

from procedures.models import ProcedurePage
from review import deciding, landing, proposing, releasing, threads
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(
        steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")]
    ).pk


def test_an_edit_that_was_taken_back_is_not_credited(version) -> None:
    owner = version.last_editor
    suggestion = proposing.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=suggestion, by=owner)
    draft = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    draft.steps[0].value["body"] = "Wait 5 minutes."
    draft.steps[1].value["body"] = "Something else."
    draft.save_revision(user=owner)
    page = signed_in(owner).get(f"/review/{version.number}/working-copy/").content.decode()
    assert "no longer in the text" in page
    make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Other")
    suggestion.refresh_from_db()
    assert suggestion.released_in is None


def test_who_decides_second_is_told_and_loses_nothing(version) -> None:
    suggestion = proposing.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    deciding.refuse(suggestion=suggestion, by=version.last_editor, answer="No.")
    page = signed_in(make.documentation_staff()).post(
        suggestion.get_absolute_url(),
        {
            f"d{suggestion.pk}-decision": "accept",
            f"d{suggestion.pk}-answer": "A long and careful answer",
            f"d{suggestion.pk}-final-body": "Wait until the lamp is off.",
            f"d{suggestion.pk}-seen": "x",
        },
    )
    text = page.content.decode()
    assert "already decided" in text
    assert "A long and careful answer" in text
    assert "Wait until the lamp is off." in text


def test_a_late_approval_and_a_second_submission_lose_nothing(version) -> None:
    owner, staff = version.last_editor, make.documentation_staff()
    address = f"/review/{version.number}/working-copy/"
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    releasing.submit_for_release(page=version.page, by=owner, change_summary="First", significance="minor")
    second = signed_in(owner).post(
        address, {"do": "submit", "change_summary": "Second words", "significance": "minor"}
    )
    assert "already waiting" in second.content.decode()
    assert "Second words" in second.content.decode()
    release = version.page.releases.in_review().get()
    make.approve(version.page, by=make.documentation_staff())
    signature = {
        "do": "sign",
        "stage": release.stages.get().pk,
        "sha256": release.sha256,
        "comment": "Well done",
        "password": make.PASSWORD,
    }
    late = signed_in(staff).post(address, signature).content.decode()
    assert "no longer in review" in late
    assert "Well done" in late
    assert make.PASSWORD not in late


def test_a_release_sent_back_says_why_to_whoever_submitted_it(version) -> None:
    owner = version.last_editor
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    releasing.submit_for_release(page=version.page, by=owner, change_summary="Longer", significance="minor")
    waiting = version.page.releases.in_review().get()
    releasing.send_back(release=waiting, by=make.documentation_staff(), reason="Fifty is too long")
    client = signed_in(owner)
    for address in (f"/review/{version.number}/working-copy/", "/review/inbox/"):
        assert "Fifty is too long" in client.get(address).content.decode()
    releasing.submit_for_release(page=version.page, by=owner, change_summary="Again", significance="minor")
    assert client.get("/review/inbox/").context["sent_back"] == []
    # Who takes it back goes on from what was typed.
    releasing.take_back(release=version.page.releases.in_review().get(), by=owner)
    assert ">\nAgain</textarea>" in client.get(f"/review/{version.number}/working-copy/").content.decode()


def test_the_inbox_says_how_much_waits_of_each_kind_and_the_navigation_how_much_in_all(version) -> None:
    for reason in ("One.", "Two."):
        proposing.suggest(
            version=version, changes={("a", "body"): reason}, reason=reason, by=make.field_engineer()
        )
    text = signed_in(version.last_editor).get("/review/inbox/").content.decode()
    assert re.search(r'href="#decide">Proposed edits to decide on <span class="count">2<', text)
    news = len(re.findall(r'name="notice"', text))
    assert re.search(rf'<span>Inbox</span> <span class="count">{2 + news}<', text)
    working_copy = signed_in(version.last_editor).get(f"/review/{version.number}/working-copy/")
    assert re.search(rf'<span>Inbox</span> <span class="count">{2 + news}<', working_copy.content.decode())
    assert "Nothing waits for you." in signed_in(make.field_engineer()).get("/review/inbox/").content.decode()


@pytest.mark.parametrize(
    ("where", "sent", "reason"),
    [
        ("threads/{}/resolve/", {}, "Only whoever asked, the owner or documentation staff can resolve this."),
        (
            "threads/{}/kind/",
            {"kind": "safety"},
            "Only the procedure&#x27;s owner or documentation staff say what this is about.",
        ),
        (
            "SOP-77/hold/",
            {"reason": "My reason in words", "instead": "Stop"},
            "Only the procedure&#x27;s owner or documentation staff",
        ),
    ],
)
def test_a_refused_page_says_the_rules_reason_and_offers_no_second_try(where, sent, reason) -> None:
    version = make.released(number="SOP-77", steps=[make.step("a", body="Wait.")])
    asked = threads.start_thread(
        version=version, step_id="a", kind="question", text="Why?", by=make.field_engineer()
    )
    client = signed_in(make.field_engineer())
    answer = client.post("/review/" + where.format(asked.pk), sent, headers={"Origin": "http://testserver"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert reason in page
    assert "Send it again" not in page
    assert all(text in page for name, text in sent.items() if name == "reason")
