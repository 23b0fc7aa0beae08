"""A workflow that an administrator disables, or sets up so that nobody could complete it: said, and never weaker."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from wagtail.models import GroupApprovalTask, Workflow, WorkflowTask

from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import releasing
from review.models import Mail, Notice, NoticeKind, Release, ReviewPlan, ReviewTask
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_plans import plan, sign, states, submit

pytestmark = pytest.mark.django_db
PLANS = "/admin/snippets/review/reviewplan/"


@pytest.fixture
def admin() -> Any:
    return make.make_user("adam", is_superuser=True, is_staff=True)


def stopped(page: ProcedurePage, owner: Any, admin: Any) -> tuple[Release, Any]:
    """A release of two stages, the first signed, whose workflow an administrator disabled; and who had signed."""
    signatory, other = make.field_engineer(), make.field_engineer()
    signatory.language = "zh-hans"
    signatory.save()
    found = plan({"people": [signatory]}, {"people": [other]})
    release = submit(page, owner)
    sign(release, 1, signatory)
    response = signed_in(admin).post(f"/admin/workflows/disable/{found.workflow_id}/")
    assert response.status_code == 302
    release.refresh_from_db()
    return release, signatory


def test_the_submitter_is_told_that_a_review_was_stopped(page, owner, admin) -> None:
    owner.email = "owner@example.com"
    owner.save()
    release, signatory = stopped(page, owner, admin)
    assert (release.status, release.ended_by, release.reason) == ("stopped", admin, "")
    assert Notice.objects.get(recipient=owner).kind == NoticeKind.STOPPED
    assert Mail.objects.filter(recipient=owner).exists()
    void = Notice.objects.get(recipient=signatory, kind=NoticeKind.VOID_STOPPED)
    assert void.text == ""  # the kind says it, in its reader's language
    client = signed_in(owner)
    for address in (f"/review/{page.number}/working-copy/", "/review/inbox/"):
        text = client.get(address).content.decode()
        assert "disabled or cancelled in the editing desk" in text, address
        assert str(admin.display_name) in text
    log = client.get(f"/procedures/{page.number}/record/").content.decode()
    assert "Review stopped: its workflow was disabled or cancelled" in log


def test_nothing_says_so_any_more_once_it_is_submitted_again(page, owner, admin) -> None:
    stopped(page, owner, admin)
    Workflow.objects.update(active=True)
    submit(page, owner)
    assert signed_in(owner).get("/review/inbox/").context["sent_back"] == []


def test_a_disabled_plan_refuses_and_no_weaker_one_takes_its_place(page, owner, admin) -> None:
    one = make.field_engineer()
    plan({"people": [one]})
    strict = plan({"people": [one]}, {"people": [make.field_engineer()]}, significance="major")
    strict.workflow.name = "Major change"
    strict.workflow.save()
    strict.workflow.deactivate(user=admin)
    with pytest.raises(NotAllowed, match="“Major change” is disabled"):
        submit(page, owner, significance="major")
    assert not Release.objects.exists()
    text = signed_in(owner).get(f"/review/{page.number}/working-copy/").content.decode()
    assert "“Major change” is disabled" in text  # before anybody fills in the form
    submit(page, owner, significance="minor")


def test_a_disabled_stage_is_not_passed_over(page, owner, admin) -> None:
    plan({"people": [make.field_engineer()], "name": "Safety"}, {"people": [make.field_engineer()]})
    ReviewTask.objects.get(name="Safety").deactivate(user=admin)
    with pytest.raises(NotAllowed, match="stage “Safety” of the review plan “Plan” is disabled"):
        submit(page, owner)


def unusable(how: str) -> Workflow:
    """A workflow of which no release could ever come."""
    workflow = Workflow.objects.create(name="Odd")
    if how == "of another type":
        task = GroupApprovalTask.objects.create(name="Moderate")
        WorkflowTask.objects.create(workflow=workflow, task=task.task_ptr, sort_order=0)
    elif how != "empty":
        task = ReviewTask.objects.create(name="Five", needed=5)
        task.people.set([make.field_engineer()] if how == "one where five must sign" else [])
        WorkflowTask.objects.create(workflow=workflow, task=task.task_ptr, sort_order=0)
    if how == "disabled":
        workflow.deactivate()
    return workflow


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("empty", "“Odd” has no stage"),
        ("of another type", "“Moderate” of the review plan “Odd” is a task of another type"),
        ("disabled", "“Odd” is disabled"),
    ],
)
def test_a_workflow_that_can_be_no_plan_is_refused_where_it_is_attached(admin, how: str, why: str) -> None:
    workflow = unusable(how)
    response = signed_in(admin).post(f"{PLANS}add/", {"workflow": workflow.pk, "significance": "major"})
    assert why in response.content.decode()
    assert not ReviewPlan.objects.exists()
    with pytest.raises(ValidationError):
        ReviewPlan(workflow=workflow).full_clean()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("nobody", "“Five” of the review plan “Odd” asks nobody who could answer"),
        ("one where five must sign", "5 must answer, and only 1 person whom it asks can"),
    ],
)
def test_a_plan_whose_teams_are_too_small_is_warned_of_and_marked_in_the_list(
    admin, how: str, why: str
) -> None:
    workflow, client = unusable(how), signed_in(admin)
    response = client.post(f"{PLANS}add/", {"workflow": workflow.pk, "significance": "major"}, follow=True)
    assert ReviewPlan.objects.get().workflow == workflow
    assert response.content.decode().count(why) == 2  # the warning, and the list
    ReviewTask.objects.get(name="Five").people.set([make.field_engineer() for _ in range(5)])
    edit = f"{PLANS}edit/{ReviewPlan.objects.get().pk}/"
    after = client.post(
        edit, {"workflow": workflow.pk, "significance": "minor"}, follow=True
    ).content.decode()
    assert why not in after


def test_whoever_may_not_withdraw_is_told_that_and_not_that_somebody_was_faster() -> None:
    version = make.released()
    address = f"/review/{version.number}/v/{version.label}/withdraw/"
    for password in (make.PASSWORD, ""):
        form = {"reason": "It is wrong.", "password": password}
        text = signed_in(version.last_editor).post(address, form).content.decode()
        assert text.count("Your role does not include withdrawing versions") == 1
        assert "It is wrong." in text
        assert "faster" not in text
    assert version.page.versions.effective().exists()


@pytest.mark.parametrize("way", ["take_back", "replace"])
def test_whoever_submitted_is_told_when_somebody_else_takes_it_back_or_replaces_it(page, way: str) -> None:
    """What an administrator can do to a review, documentation staff can do on its page."""
    submitter, staff = make.documentation_staff(), make.documentation_staff()
    plan({"people": [make.field_engineer()]})
    release = submit(page, submitter)
    if way == "replace":
        draft = page.get_latest_revision_as_object()
        draft.title = "Another title"
        draft.save_revision(user=staff)
    getattr(releasing, way)(release=release, by=staff)
    told = Notice.objects.get(recipient=submitter, kind__in=[NoticeKind.TAKEN_BACK, NoticeKind.NEWER_TEXT])
    assert told.get_kind_display()
    returned = signed_in(submitter).get("/review/inbox/").context["sent_back"]
    assert returned == ([release] if way == "take_back" else [])
    if way == "take_back":
        text = signed_in(submitter).get(f"/review/{page.number}/working-copy/").content.decode()
        assert f"{staff.display_name} took this back" in text


@pytest.mark.parametrize("which", [["Stage 1"], ["Stage 2"], ["Stage 1", "Stage 2"], ["Stage 2", "Stage 3"]])
def test_a_task_disabled_during_a_review_changes_nothing_of_it(page, owner, admin, which: list[str]) -> None:
    """Wagtail would pass over it, or take the workflow for finished: Stage 2 is side by side with the first."""
    people = [make.field_engineer() for _ in range(3)]
    plan({"people": people[:1]}, {"people": people[1:2], "side_by_side": True}, {"people": people[2:]})
    release = submit(page, owner)
    for task in ReviewTask.objects.filter(name__in=which):
        assert signed_in(admin).post(f"/admin/workflows/tasks/disable/{task.pk}/").status_code == 302
    assert states(release) == "ool"
    for position in (2, 1, 3):
        sign(release, position, people[position - 1])
    release.refresh_from_db()
    assert (release.status, release.signatures.count()) == ("approved", 3)


def test_the_only_task_disabled_then_its_workflow(page, owner, admin) -> None:
    found = plan({"people": [make.field_engineer()], "name": "Alone"})
    release, client = submit(page, owner), signed_in(admin)
    task = ReviewTask.objects.get(name="Alone")
    assert client.post(f"/admin/workflows/tasks/disable/{task.pk}/").status_code == 302
    assert client.post(f"/admin/workflows/disable/{found.workflow_id}/").status_code == 302
    release.refresh_from_db()
    assert release.status == "stopped"
