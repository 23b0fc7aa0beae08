"""Review plans: which stages a release goes through, who may sign each, what the clock does with them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation
from django.utils.translation import gettext
from wagtail.models import Page, Workflow, WorkflowTask

from kb.accounts.roles import ADMINISTRATOR, DOCUMENTATION_STAFF
from procedures.models import AuditEvent, ProcedureIndexPage, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import releasing, scheduling
from review.models import Delegation, Notice, NoticeKind, Release, ReviewPlan, ReviewTask, Signature, Stage
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def plan(*stages: dict[str, Any], **scope: Any) -> ReviewPlan:
    """A plan of these stages (ReviewTask's fields, with `groups` and `people` as lists)."""
    workflow = Workflow.objects.create(name="Plan")
    for position, fields in enumerate(stages):
        groups, people = fields.pop("groups", []), fields.pop("people", [])
        task = ReviewTask.objects.create(**{"name": f"Stage {position + 1}", **fields})
        task.groups.set(groups)
        task.people.set(people)
        WorkflowTask.objects.create(workflow=workflow, task=task.task_ptr, sort_order=position)
    return ReviewPlan.objects.create(workflow=workflow, **scope)


def submit(page: ProcedurePage, by: Any, **fields: Any) -> Release:
    fields = {"change_summary": "First", "significance": "minor", **fields}
    return releasing.submit_for_release(page=page, by=by, **fields)


def sign(release: Release, position: int, by: Any, **fields: Any) -> Signature:
    stage = release.stages.get(position=position)
    fields = {"password": make.PASSWORD, "seen_sha256": release.sha256, **fields}
    return releasing.sign(stage=stage, by=by, **fields)


def states(release: Release) -> str:
    """One letter a stage: complete, open, later."""
    return "".join(
        "c" if stage.completed_at else "o" if stage.opened_at else "l" for stage in release.stages.all()
    )


@pytest.fixture
def expert():
    """An engineer in the field: no CMS editor, and yet somebody who signs."""
    return make.field_engineer()


def test_stages_in_order_and_side_by_side_end_in_a_version(page, owner, expert) -> None:
    one, other, last = make.documentation_staff(), make.field_engineer(), make.documentation_staff()
    plan(
        {"people": [expert], "meaning": "technical"},
        {"people": [one], "meaning": "safety"},
        {"people": [other], "meaning": "language", "side_by_side": True},
        {"people": [last], "meaning": "release"},
    )
    release = submit(page, owner)
    assert states(release) == "olll"
    with pytest.raises(NotAllowed, match="not open yet"):
        sign(release, 2, one)
    sign(release, 1, expert)
    assert states(release) == "cool"
    sign(release, 3, other)  # before the one that Wagtail waits for
    assert states(release) == "cocl"
    sign(release, 2, one)
    assert states(release) == "ccco"
    assert not ProcedureVersion.objects.exists()
    sign(release, 4, last)
    version = ProcedureVersion.objects.get()
    assert (version.label, version.status, version.approved_by) == ("1.0", "effective", last)
    meanings = list(version.release.signatures.values_list("signatory", "meaning", "sha256"))
    assert meanings == [
        (expert.pk, "technical", version.sha256),
        (other.pk, "language", version.sha256),
        (one.pk, "safety", version.sha256),
        (last.pk, "release", version.sha256),
    ]


def test_a_stage_needs_as_many_different_people_as_it_says(page, owner) -> None:
    people = [make.field_engineer() for _ in range(3)]
    plan({"people": people, "needed": 2})
    release = submit(page, owner)
    sign(release, 1, people[0])
    with pytest.raises(NotAllowed, match="signed this release already"):
        sign(release, 1, people[0])
    assert not ProcedureVersion.objects.exists()
    sign(release, 1, people[1])
    assert ProcedureVersion.objects.get().release.signatures.count() == 2
    with pytest.raises(NotAllowed, match="no longer in review"):
        sign(release, 1, people[2])


def test_only_whom_the_stage_asks_signs_it(page, owner, expert) -> None:
    plan({"people": [expert]})
    release = submit(page, owner)
    with pytest.raises(PermissionDenied):
        sign(release, 1, make.documentation_staff())


def test_a_signature_needs_the_password_and_the_very_bytes(page, owner, expert) -> None:
    plan({"people": [expert]})
    release = submit(page, owner)
    with pytest.raises(NotAllowed, match="password"):
        sign(release, 1, expert, password="wrong")
    with pytest.raises(NotAllowed, match="no longer what you looked at"):
        sign(release, 1, expert, seen_sha256="0" * 64)
    assert not Signature.objects.exists()


def test_wrong_passwords_are_on_record_and_stop_after_five(page, owner, expert) -> None:
    plan({"people": [expert]})
    release = submit(page, owner)
    for _ in range(5):
        with pytest.raises(NotAllowed, match="not right"):
            sign(release, 1, expert, password="guess")
    with pytest.raises(NotAllowed, match="Too many wrong passwords"):
        sign(release, 1, expert)
    assert AuditEvent.objects.filter(kind="password_refused", actor=expert, page=page).count() == 5
    assert not Signature.objects.exists()


def test_a_plan_that_nobody_can_complete_is_refused_on_submission(page, owner, expert) -> None:
    plan({"people": [expert, owner], "needed": 2, "name": "Safety"})
    with pytest.raises(NotAllowed, match=r"Safety.*: 2 must answer, and only 1 person"):
        submit(page, owner)
    assert not Release.objects.exists()


def test_the_most_particular_plan_is_taken(page, owner, expert) -> None:
    staff = Group.objects.get(name=DOCUMENTATION_STAFF)
    member = make.documentation_staff()

    def stage(name: str) -> dict[str, Any]:
        return {"name": name, "people": [expert]}

    folder = Page.objects.get(pk=ProcedureIndexPage.objects.get().pk)
    plan(stage("any"))
    plan(stage("any major"), significance="major")
    plan(stage("fast lane"), significance="editorial", submitted_by=staff)
    plan(stage("line"), product_line=page.product_line)
    plan(stage("line major"), product_line=page.product_line, significance="major")
    plan(stage("tree editorial"), page=folder, significance="editorial", submitted_by=staff)

    def taken(significance: str, by: Any) -> str:
        return releasing.plan_for(page, significance, by).tasks.get().name

    assert taken("minor", owner) == "line"
    assert taken("major", owner) == "line major"
    assert taken("editorial", owner) == "line"
    assert taken("editorial", member) == "tree editorial"
    page.product_line = None
    assert taken("minor", owner) == "any"
    assert taken("major", owner) == "any major"


def test_those_consulted_comment_and_sign_nothing(page, owner, expert) -> None:
    last = make.field_engineer()
    plan({"people": [expert], "kind": "consult"}, {"people": [last]})
    release = submit(page, owner)
    with pytest.raises(NotAllowed, match="comments only"):
        sign(release, 1, expert)
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="Torque in step 2?")
    assert states(release) == "co"
    text = signed_in(last).get(f"/review/{page.number}/working-copy/").content.decode()
    assert "Torque in step 2?" in text
    sign(release, 2, last)
    assert ProcedureVersion.objects.get().release.signatures.get().signatory == last


def test_nobodys_silence_holds_a_release_up(page, owner, expert) -> None:
    last = make.field_engineer()
    plan({"people": [expert], "kind": "consult", "days": 3}, {"people": [last]})
    release = submit(page, owner)
    now = timezone.now()
    assert list(scheduling.run(now)) == []
    assert [*scheduling.run(now + timedelta(days=4))] == [f"{page.number}: Stage 1 closed"]
    assert states(release) == "co"


def test_an_overdue_stage_is_reminded_of_and_escalated_once(page, owner, expert) -> None:
    boss = make.documentation_staff()
    plan({"people": [expert], "days": 5, "escalate_to": Group.objects.get(name=DOCUMENTATION_STAFF)})
    release = submit(page, owner)
    with pytest.raises(PermissionDenied):
        sign(release, 1, boss)
    day = timezone.now() + timedelta(days=4, hours=1)
    assert [*scheduling.run(day)] == [f"{page.number}: Stage 1 reminded"]
    assert [*scheduling.run(day)] == []
    overdue = day + timedelta(days=1)
    assert [*scheduling.run(overdue)] == [f"{page.number}: Stage 1 escalated to {DOCUMENTATION_STAFF}"]
    told = {(notice.recipient, notice.kind) for notice in Notice.objects.all()}
    assert {(expert, NoticeKind.REMINDED), (boss, NoticeKind.ESCALATED)} <= told
    sign(release, 1, boss)
    assert ProcedureVersion.objects.exists()


def test_a_delegate_signs_in_the_name_of_whoever_is_away(page, owner, expert) -> None:
    deputy = make.field_engineer()
    plan({"people": [expert]})
    release = submit(page, owner)
    today = timezone.localdate()
    absence = Delegation.objects.create(
        delegator=expert,
        delegate=deputy,
        starts_on=today + timedelta(days=1),
        ends_on=today + timedelta(days=9),
    )
    with pytest.raises(PermissionDenied):
        sign(release, 1, deputy, on_behalf_of=expert)
    Delegation.objects.filter(pk=absence.pk).update(starts_on=today)
    with pytest.raises(PermissionDenied):
        sign(release, 1, deputy)  # the stage does not ask the deputy's own opinion
    sign(release, 1, deputy, on_behalf_of=expert)
    signature = ProcedureVersion.objects.get().release.signatures.get()
    assert (signature.signatory, signature.on_behalf_of) == (deputy, expert)


def test_a_deputy_does_not_sign_for_an_editor(page, owner) -> None:
    deputy, other = make.field_engineer(), make.field_engineer()
    plan({"people": [owner, other]})
    release = submit(page, owner)
    today = timezone.localdate()
    Delegation.objects.create(delegator=owner, delegate=deputy, starts_on=today, ends_on=today)
    with pytest.raises(NotAllowed, match="submitted"):
        sign(release, 1, deputy, on_behalf_of=owner)


def test_newer_bytes_void_the_signatures_and_say_so(page, owner, expert) -> None:
    last = make.field_engineer()
    plan({"people": [expert]}, {"people": [last]})
    release = submit(page, owner)
    first = sign(release, 1, expert)
    with pytest.raises(NotAllowed, match="every signature stands"):
        releasing.replace(release=release, by=owner)
    page.get_latest_revision_as_object().save_revision(user=owner)  # nothing changed
    with pytest.raises(NotAllowed, match="every signature stands"):
        releasing.replace(release=release, by=owner)
    draft = page.get_latest_revision_as_object()
    draft.title = "Another title"
    draft.save_revision(user=owner)
    newer = releasing.replace(release=release, by=owner)
    first.refresh_from_db()
    assert first.voided_at is not None
    assert Notice.objects.filter(recipient=expert, kind=NoticeKind.VOID_NEWER).count() == 1
    assert states(newer) == "ol"
    with pytest.raises(NotAllowed, match="no longer in review: Replaced"):
        sign(release, 2, last)
    sign(newer, 1, expert)
    sign(newer, 2, last)
    version = ProcedureVersion.objects.get()
    assert version.title == "Another title"
    assert version.release.signatures.count() == 2


def test_an_engineer_does_it_all_on_the_site(page, owner, expert) -> None:
    plan({"people": [expert]})
    release = submit(page, owner)
    client = signed_in(expert)
    assert page.number in client.get("/review/inbox/").content.decode()
    address = f"/review/{page.number}/working-copy/"
    assert "Turn the switch." in client.get(address).content.decode()  # the whole text of a first version
    stage = Stage.objects.get()
    form = {
        "do": "sign",
        "stage": stage.pk,
        "sha256": release.sha256,
        "comment": "Looks right",
        "password": "no",
    }
    refused = client.post(address, form).content.decode()
    assert "The password is not right" in refused
    assert "Looks right" in refused
    assert client.post(address, {**form, "password": make.PASSWORD}).status_code == 302
    assert ProcedureVersion.objects.get().release.signatures.get().comment == "Looks right"
    assert client.get("/admin/").status_code == 302  # the editing desk is not theirs


def test_the_same_is_done_in_the_editing_desk(page, owner) -> None:
    staff = make.documentation_staff()
    release = submit(page, owner)
    client = signed_in(staff)
    assert page.number in client.get("/admin/releases/").content.decode()
    form = {
        "do": "sign", "stage": release.stages.get().pk, "sha256": release.sha256, "password": make.PASSWORD,
    }  # fmt: skip
    response = client.post(f"/admin/releases/{page.number}/", form)
    assert response.headers["Location"] == f"/admin/releases/{page.number}/"
    assert ProcedureVersion.objects.get().approved_by == staff


def test_wagtails_own_workflow_door_stays_shut(page, owner) -> None:
    staff = make.documentation_staff()
    release = submit(page, owner)
    release.refresh_from_db()
    state = release.workflow_state.current_task_state
    for action in ("approve", "reject"):
        address = f"/admin/pages/workflow/action/{page.pk}/{action}/{state.pk}/"
        assert signed_in(staff).post(address, {"comment": "x"}).status_code in (302, 403)
        with pytest.raises(NotAllowed):
            state.task.specific.on_action(state, staff, action)
    assert release.stages.open().exists()
    assert not ProcedureVersion.objects.exists()


def test_a_workflow_that_its_submitter_cancels_takes_the_release_back(page, owner) -> None:
    make.documentation_staff()
    release = Release.objects.get(pk=submit(page, owner).pk)
    release.workflow_state.cancel(user=owner)
    release.refresh_from_db()
    assert release.status == "taken_back"
    assert not Notice.objects.filter(recipient=owner).exists()
    submit(page, owner)


def test_the_stages_of_the_projects_own_plans_are_shown_in_the_readers_language() -> None:
    for name in ("Release approval", "Technical review", "Safety review"):
        stage = Stage(name=name)
        with translation.override("zh-hans"):
            assert stage.local_name == gettext(name)
        assert stage.local_name == name
    assert Stage(name="Pump team").local_name == "Pump team"


def test_roles_to_choose_are_called_in_the_readers_language() -> None:
    admin = make.make_user("adam", ADMINISTRATOR)
    admin.language = "zh-hans"
    admin.save()
    plan(submitted_by=Group.objects.get(name=DOCUMENTATION_STAFF))
    Group.objects.create(name="Pump team")
    with translation.override("zh-hans"):
        role = gettext(DOCUMENTATION_STAFF)
    assert role != DOCUMENTATION_STAFF
    for address in (
        "/admin/snippets/review/reviewplan/add/",
        "/admin/snippets/review/readingrule/add/",
        "/admin/workflows/tasks/add/review/reviewtask/",
    ):
        page = signed_in(admin).get(address).content.decode()
        assert role in page, address
        assert DOCUMENTATION_STAFF not in page, address
        assert "Pump team" in page, address
    page = signed_in(admin).get("/admin/snippets/review/reviewplan/").content.decode()
    assert (role in page, DOCUMENTATION_STAFF in page) == (True, False)
