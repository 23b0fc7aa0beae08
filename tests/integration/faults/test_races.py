"""In the same second: exactly one outcome, nobody's work lost, the loser told why.

On PostgreSQL the row of the procedure is what people wait for; on SQLite a transaction that means to write
waits for the whole database. The same must hold on both.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from kb.accounts.models import User
from procedures.content import canonical_content
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, releasing, scheduling
from review.models import Signature, Suggestion
from tests import factories as make
from tests.factories import signed_in
from tests.integration.faults.racing import at_once

pytestmark = pytest.mark.usefixtures("own_database")
both_ways = pytest.mark.parametrize("meet", [False, True], ids=["start together", "write together"])


@pytest.fixture
def first() -> ProcedureVersion:
    """Version 1.0 of a procedure with two steps."""
    return make.released(steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")])


def page_of(version: ProcedureVersion) -> ProcedurePage:
    return ProcedurePage.objects.get(pk=version.page_id)


def save_body(page: ProcedurePage, text: str, by: User) -> None:
    draft = landing.working_copy(page)
    draft.steps[0].value["body"] = text
    draft.save_revision(user=by)


def submitted(version: ProcedureVersion) -> ProcedurePage:
    """Its working copy, changed by the owner and waiting for approval."""
    save_body(page_of(version), "Wait 6 minutes.", version.last_editor)
    releasing.submit_for_release(
        page=page_of(version), by=version.last_editor, change_summary="Longer", significance="minor"
    )
    return page_of(version)


def approve(page: ProcedurePage, by: User) -> Callable[[], ProcedureVersion]:
    """The one signature that is missing; what was looked at is what waits now."""
    release = page.releases.in_review().get()
    stage = release.stages.get()

    def sign() -> ProcedureVersion:
        releasing.sign(stage=stage, by=by, password=make.PASSWORD, seen_sha256=release.sha256)
        return ProcedureVersion.objects.get(release=release)

    return sign


def desk_save(page: ProcedurePage, title: str, by: User) -> Callable[[], HttpResponse]:
    """A save in the editing desk of what was opened just now, under another title."""
    draft = landing.working_copy(page)
    blocks = []
    for block in draft.steps:
        texts = {
            name: block.value[name] or "" for name in ("title", "body", "expected", "caution", "importance")
        }
        blocks.append(("step", {**texts, "minutes": "5", "images": streamfield([])}))
    data = nested_form_data(
        {
            "title": title, "number": draft.number, "kind": draft.kind, "language": draft.language,
            "audience": draft.audience, "steps": streamfield(blocks), "applicability": inline_formset([]),
            "slug": draft.slug, "product_line": "", "procedure_owner": str(draft.procedure_owner_id or ""),
            "loaded_revision_id": str(page.latest_revision_id),
            "loaded_revision_created_at": page.latest_revision.created_at.isoformat(),
        }
    )  # fmt: skip
    data |= {f"steps-{number}-id": block.id for number, block in enumerate(draft.steps)}
    client = signed_in(by)
    return lambda: client.post(f"/admin/pages/{page.pk}/edit/", data)


def was_saved(response: HttpResponse) -> bool:
    """Whether the desk took the save; where not, it says why and still shows what was typed."""
    if isinstance(response, Exception):
        raise response
    if response.status_code == 302:
        return True
    text = response.content.decode()
    assert "Your text is still here" in text
    assert "Typed" in text
    return False


def refused(results: Any) -> list[str]:
    """The reasons that the losers were told; any other exception fails the test."""
    errors = [result for result in results if isinstance(result, Exception)]
    for error in errors:
        if not isinstance(error, NotAllowed):
            raise error
    return [error.reason for error in errors]


def assert_released_whole(page: ProcedurePage, version: ProcedureVersion) -> None:
    """One version in force, signed once for its bytes, and the live revision is the one it was minted from."""
    page = ProcedurePage.objects.get(pk=page.pk)
    assert page.live
    assert page.live_revision_id == version.revision_id
    assert list(page.versions.effective()) == [version]
    assert Signature.objects.get(release__version=version).sha256 == version.sha256
    assert canonical_content(version.revision.as_object()) == version.content
    assert not page.workflow_in_progress


@both_ways
def test_two_approvers_release_one_version(first: ProcedureVersion, meet: bool) -> None:
    page = submitted(first)
    results = at_once(
        approve(page, make.documentation_staff()),
        approve(page, make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused(results) == ["This release is no longer in review: Approved."]
    (version,) = (result for result in results if isinstance(result, ProcedureVersion))
    assert [found.label for found in page.versions.all()] == ["1.1", "1.0"]
    assert_released_whole(page, version)


@both_ways
def test_one_approves_while_another_sends_back(first: ProcedureVersion, meet: bool) -> None:
    page, sender = submitted(first), make.documentation_staff()
    waiting = page.releases.in_review().get()
    results = at_once(
        approve(page, make.documentation_staff()),
        lambda: releasing.send_back(release=waiting, by=sender, reason="Too long"),
        meet_before_writing=meet,
    )
    (reason,) = refused(results)
    assert reason.startswith("This release is no longer in review")
    approved = isinstance(results[0], ProcedureVersion)
    assert page.versions.count() == (2 if approved else 1)
    states = list(page_of(first).workflow_states.order_by("-pk").values_list("status", flat=True))
    assert states[0] == ("approved" if approved else "cancelled")
    if approved:
        assert_released_whole(page, results[0])


@both_ways
@pytest.mark.parametrize("released_before", [True, False], ids=["a later version", "the first version"])
def test_an_editor_saves_while_a_release_is_approved(released_before: bool, meet: bool) -> None:
    if released_before:
        page = submitted(make.released(steps=[make.step("a", body="Wait 5 minutes.")]))
    else:
        owner, _signs = make.procedure_owner(), make.documentation_staff()
        page = make.working_copy(by=owner, procedure_owner=owner, steps=[make.step("a")])
        releasing.submit_for_release(page=page, by=owner, change_summary="First", significance="minor")
        page = ProcedurePage.objects.get(pk=page.pk)
    before = canonical_content(landing.working_copy(page))
    version, response = at_once(
        approve(page, make.documentation_staff()),
        desk_save(page, "Typed meanwhile", make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused([version]) == []
    assert version.content == before
    if was_saved(response):
        assert landing.working_copy(ProcedurePage.objects.get(pk=page.pk)).title == "Typed meanwhile"
        assert ProcedurePage.objects.get(pk=page.pk).has_unpublished_changes
    assert_released_whole(page, version)


def test_what_is_opened_after_a_release_is_saved(first: ProcedureVersion) -> None:
    page = submitted(first)
    make.approve(page, by=make.documentation_staff())
    assert was_saved(desk_save(page_of(first), "Typed after", make.documentation_staff())())
    assert landing.working_copy(page_of(first)).title == "Typed after"


@both_ways
def test_an_edit_is_accepted_while_a_release_is_approved(first: ProcedureVersion, meet: bool) -> None:
    suggestion = proposing.suggest(
        version=first, changes={("b", "body"): "Another step."}, reason="x", by=make.field_engineer()
    )
    page = submitted(first)
    version, accepted = at_once(
        approve(page, make.documentation_staff()),
        lambda: deciding.accept(suggestion=suggestion, by=first.last_editor),
        meet_before_writing=meet,
    )
    assert refused([version, accepted]) == []
    assert_released_whole(page, version)
    # It landed after what was submitted: it waits for the next version and is not lost.
    accepted = Suggestion.objects.get(pk=suggestion.pk)
    assert (accepted.status, accepted.released_in) == ("accepted", None)
    copy = landing.working_copy(page_of(first))
    assert make.text_of(copy, "b", "body") == "Another step."
    assert make.text_of(copy, "a", "body") == "Wait 6 minutes."
    assert version.steps[1]["body"] == "Other step."


@both_ways
def test_two_submit_the_same_working_copy(first: ProcedureVersion, meet: bool) -> None:
    save_body(page_of(first), "Wait 6 minutes.", first.last_editor)
    page = page_of(first)

    def submit(summary: str, by: User) -> Callable[[], None]:
        return lambda: releasing.submit_for_release(
            page=page, by=by, change_summary=summary, significance="minor"
        )

    results = at_once(
        submit("Mine", first.last_editor),
        submit("Theirs", make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused(results) == ["A release of this procedure is already waiting for approval."]
    assert page.workflow_states.filter(status="in_progress").count() == 1
    waiting = page.releases.in_review().get()
    assert waiting.change_summary == ("Theirs" if isinstance(results[0], Exception) else "Mine")


@both_ways
def test_an_editor_saves_while_the_working_copy_is_submitted(first: ProcedureVersion, meet: bool) -> None:
    save_body(page_of(first), "Wait 6 minutes.", first.last_editor)
    page = page_of(first)
    done, response = at_once(
        lambda: releasing.submit_for_release(
            page=page, by=first.last_editor, change_summary="Longer", significance="minor"
        ),
        desk_save(page, "Typed meanwhile", make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused([done]) == []
    page = page_of(first)
    assert page.releases.in_review().get().change_summary == "Longer"
    assert (landing.working_copy(page).title == "Typed meanwhile") == was_saved(response)


@both_ways
def test_two_editors_save_what_both_opened(first: ProcedureVersion, meet: bool) -> None:
    page = page_of(first)
    results = at_once(
        desk_save(page, "Typed by one", first.last_editor),
        desk_save(page, "Typed by the other", make.documentation_staff()),
        meet_before_writing=meet,
    )
    saved = [was_saved(response) for response in results]
    assert sorted(saved) == [False, True]
    titles = ["Typed by one", "Typed by the other"]
    assert landing.working_copy(page_of(first)).title == titles[saved.index(True)]


@both_ways
def test_an_edit_is_accepted_while_an_editor_saves(first: ProcedureVersion, meet: bool) -> None:
    suggestion = proposing.suggest(
        version=first, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    accepted, response = at_once(
        lambda: deciding.accept(suggestion=suggestion, by=first.last_editor),
        desk_save(page_of(first), "Typed meanwhile", make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused([accepted]) == []
    copy = landing.working_copy(page_of(first))
    assert make.text_of(copy, "a", "body") == "Wait 10 minutes."
    assert (copy.title == "Typed meanwhile") == was_saved(response)


@both_ways
def test_two_decide_on_the_same_edit(first: ProcedureVersion, meet: bool) -> None:
    suggestion = proposing.suggest(
        version=first, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    staff = make.documentation_staff()
    results = at_once(
        lambda: deciding.accept(suggestion=suggestion, by=first.last_editor),
        lambda: deciding.refuse(suggestion=suggestion, by=staff, answer="No"),
        meet_before_writing=meet,
    )
    (reason,) = refused(results)
    assert "already decided" in reason
    status = Suggestion.objects.get(pk=suggestion.pk).status
    assert status == ("accepted" if isinstance(results[0], Suggestion) else "refused")
    body = make.text_of(landing.working_copy(page_of(first)), "a", "body")
    assert body == ("Wait 10 minutes." if status == "accepted" else "Wait 5 minutes.")


@both_ways
def test_two_accept_edits_of_different_steps(first: ProcedureVersion, meet: bool) -> None:
    engineer = make.field_engineer()
    edits = [
        proposing.suggest(version=first, changes={(step, "body"): text}, reason="x", by=engineer)
        for step, text in (("a", "Wait 10 minutes."), ("b", "Another step."))
    ]
    staff = make.documentation_staff()
    results = at_once(
        lambda: deciding.accept(suggestion=edits[0], by=first.last_editor),
        lambda: deciding.accept(suggestion=edits[1], by=staff),
        meet_before_writing=meet,
    )
    assert refused(results) == []
    copy = landing.working_copy(page_of(first))
    assert [make.text_of(copy, step, "body") for step in "ab"] == [
        "Wait 10 minutes.",
        "Another step.",
    ]


def scheduled(first: ProcedureVersion, day: datetime) -> ProcedureVersion:
    """Version 1.1, signed and waiting for its day."""
    save_body(page_of(first), "Wait 6 minutes.", first.last_editor)
    releasing.submit_for_release(
        page=page_of(first),
        by=first.last_editor,
        change_summary="Longer",
        significance="minor",
        effective_from=day,
    )
    return make.approve(page_of(first), by=make.documentation_staff())


@both_ways
def test_two_workers_put_a_scheduled_version_into_force_once(first: ProcedureVersion, meet: bool) -> None:
    day = timezone.now() + timedelta(hours=1)
    version = scheduled(first, day)

    def work() -> list[str]:
        return list(scheduling.run(day))

    results = at_once(work, work, meet_before_writing=meet)
    assert refused(results) == []
    assert sorted(results, key=len) == [[], [f"{version} in force"]]
    assert AuditEvent.objects.filter(version=version, kind="released").count() == 1
    assert_released_whole(page_of(first), version)


@both_ways
def test_a_version_is_called_off_while_its_day_comes(first: ProcedureVersion, meet: bool) -> None:
    day = timezone.now() + timedelta(hours=1)
    version, staff = scheduled(first, day), make.documentation_staff()
    results = at_once(
        lambda: list(scheduling.run(day)),
        lambda: releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Too early"),
        meet_before_writing=meet,
    )
    assert refused(results) == []
    # Called off first, or withdrawn from force a moment after it came: nothing in between.
    version.refresh_from_db()
    assert version.status == "withdrawn"
    in_force = results[0] == [f"{version} in force"]
    first.refresh_from_db()
    assert first.status == ("superseded" if in_force else "effective")
    assert page_of(first).versions.effective().count() == (0 if in_force else 1)


@both_ways
def test_a_release_is_signed_while_the_clock_escalates_its_stage(first: ProcedureVersion, meet: bool) -> None:
    page = submitted(first)
    now = timezone.now()
    page.releases.in_review().get().stages.update(due_at=now - timedelta(days=1))
    results = at_once(
        approve(page, make.documentation_staff()),
        lambda: list(scheduling.run(now)),
        meet_before_writing=meet,
    )
    assert refused(results) == []
    assert_released_whole(page, results[0])
