"""One person signs a release once, nobody signs what they changed, and a plan has the people it asks for."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from wagtail.models import PageLogEntry

from kb.accounts.roles import DOCUMENTATION_STAFF
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import delegating, landing, queries, releasing, scheduling
from review.models import Delegation, Notice, NoticeKind, Release, ReviewTask, Signature
from review.staffing import first_short
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_plans import plan, sign, states, submit

pytestmark = pytest.mark.django_db


def stand_in(delegate: Any, delegator: Any) -> None:
    today = timezone.localdate()
    Delegation.objects.create(delegator=delegator, delegate=delegate, starts_on=today, ends_on=today)


def told(kind: str) -> set[Any]:
    return {notice.recipient for notice in Notice.objects.filter(kind=kind)}


# ---------- who has changed it ----------


def two_steps(owner: Any, approver: Any) -> ProcedureVersion:
    steps = [make.step("a", body="Wait 5 minutes."), make.step("b", body="Open Q2.")]
    return make.released(owner=owner, approver=approver, steps=steps)


def test_whoever_only_moved_sentences_does_not_sign(owner) -> None:
    editor, other = make.documentation_staff(), make.documentation_staff()
    page = two_steps(owner, other).page
    draft = landing.working_copy(page)
    one, two = (draft.steps[number].value for number in (0, 1))
    one["body"], two["body"] = two["body"], one["body"]
    draft.save_revision(user=editor)
    landing.working_copy(page).save_revision(user=owner)  # nothing changed
    release = submit(page, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, editor)
    sign(release, 1, other)
    assert ProcedureVersion.objects.effective().get().last_editor == editor


def test_whoever_saved_and_changed_nothing_signs(owner) -> None:
    other, saver = make.documentation_staff(), make.documentation_staff()
    page = two_steps(owner, other).page
    draft = landing.working_copy(page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    landing.working_copy(page).save_revision(user=saver)
    release = submit(page, owner)
    sign(release, 1, saver)
    assert ProcedureVersion.objects.effective().get().approved_by == saver


def test_words_of_a_withdrawn_version_are_signed_by_another(owner) -> None:
    staff, other = make.documentation_staff(), make.documentation_staff()
    version = two_steps(owner, staff)
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Wrong limit")
    release = submit(version.page, staff)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, _with_role(owner, DOCUMENTATION_STAFF))
    sign(release, 1, other)


def _with_role(user: Any, role: str) -> Any:
    user.groups.add(Group.objects.get(name=role))
    return type(user).objects.get(pk=user.pk)


# ---------- one signature a person ----------


def test_one_person_signs_one_stage_only(page, owner) -> None:
    dora, second, third = (make.documentation_staff() for _ in range(3))
    plan({"people": [dora, second]}, {"people": [dora, third]}, {"people": [dora, second, third]})
    release = submit(page, owner)
    sign(release, 1, dora)
    for position, by in ((2, third), (3, second)):
        with pytest.raises(NotAllowed, match="signed this release already"):
            sign(release, position, dora)
        sign(release, position, by)
    assert ProcedureVersion.objects.get().release.signatures.count() == 3


def test_a_name_stands_once_whoever_holds_the_pen(page, owner) -> None:
    olivia, deputy, other = make.field_engineer(), make.field_engineer(), make.field_engineer()
    plan({"people": [olivia, other]}, {"people": [olivia, other]})
    stand_in(deputy, olivia)
    release = submit(page, owner)
    sign(release, 1, deputy, on_behalf_of=olivia)
    with pytest.raises(NotAllowed, match="in that name already"):
        sign(release, 2, olivia)
    sign(release, 2, other)


def test_the_database_refuses_a_second_signature_of_a_person(page, owner) -> None:
    one, other = make.field_engineer(), make.field_engineer()
    plan({"people": [one]}, {"people": [other]})
    release = submit(page, owner)
    first = sign(release, 1, one)
    later = release.stages.get(position=2)
    copy = {"release": release, "stage": later, "signed_at": timezone.now(), "meaning": "release"}
    for who in ({"signatory": one}, {"signatory": other, "on_behalf_of": one}):
        with pytest.raises(IntegrityError, match="once"), transaction.atomic():
            Signature.objects.create(**copy, **who, name="x", sha256=first.sha256)


def test_a_plan_without_enough_different_people_is_refused(page, owner) -> None:
    dora, other = make.documentation_staff(), make.documentation_staff()
    both = {"people": [dora, other]}
    plan({**both, "name": "Safety"}, {**both, "name": "Language"}, {**both, "name": "Last word"})
    with pytest.raises(NotAllowed, match=r"up to “Last word” do not find enough different people"):
        submit(page, owner)
    assert not Release.objects.exists()


def test_nobody_signs_where_somebody_else_can_and_they_are_needed_later(page, owner) -> None:
    dora, other = make.documentation_staff(), make.documentation_staff()
    plan({"people": [dora, other]}, {"people": [dora], "name": "Last word"})
    release = submit(page, owner)
    with pytest.raises(NotAllowed, match="too few people are left for “Last word”"):
        sign(release, 1, dora)
    sign(release, 1, other)
    sign(release, 2, dora)


def test_different_people_are_found_by_moving_those_who_can_sit_elsewhere() -> None:
    assert first_short([(1, [1, 2]), (1, [1])]) is None
    assert first_short([(1, [1, 2]), (1, [2, 3]), (1, [1]), (1, [1, 3])]) == 3
    assert first_short([(2, [1, 2, 3]), (1, [1]), (1, [2, 4])]) is None
    assert first_short([(2, [1])]) == 0
    assert first_short([]) is None


def test_the_inbox_names_no_stage_of_a_release_signed_already(page, owner) -> None:
    one, other = make.field_engineer(), make.field_engineer()
    plan({"people": [one, other]}, {"people": [one, other]})
    release = submit(page, owner)
    sign(release, 1, one)
    assert states(release) == "co"
    assert not queries.stages_for(one)
    assert queries.stages_for(other).get().position == 2


# ---------- stages that nobody completes ----------


def test_whom_a_stage_never_escalates_to_does_not_count(page, owner) -> None:
    make.documentation_staff()
    boss = Group.objects.get(name=DOCUMENTATION_STAFF)
    task = ReviewTask(name="Safety", escalate_to=boss)
    with pytest.raises(ValidationError) as refused:
        task.full_clean()
    assert "after how many days" in refused.value.message_dict["days"][0]
    with pytest.raises(IntegrityError), transaction.atomic():
        task.save()
    plan({"kind": "consult", "escalate_to": boss, "days": 3}, {"people": [owner], "name": "Safety"})
    with pytest.raises(NotAllowed, match=r"Safety.*asks nobody who could answer"):
        submit(page, owner)


def test_a_stage_that_can_escalate_counts_whom_it_is_passed_on_to(page, owner) -> None:
    make.documentation_staff()
    plan({"people": [owner], "days": 3, "escalate_to": Group.objects.get(name=DOCUMENTATION_STAFF)})
    assert submit(page, owner)


def test_no_customer_is_among_those_whom_a_stage_asks(page, owner) -> None:
    customer, staff = make.make_user("customer"), make.documentation_staff()
    form = {
        "name": "Safety", "kind": "sign", "meaning": "safety", "needed": "1", "people": [str(customer.pk)],
    }  # fmt: skip
    address = "/admin/workflows/tasks/add/review/reviewtask/"
    client = signed_in(make.make_user("root", is_superuser=True))
    offered = client.get(address).content.decode()
    assert str(staff) in offered
    assert "customer" not in offered
    assert not ReviewTask.objects.filter(name="Safety").exists()
    client.post(address, form)
    assert not ReviewTask.objects.filter(name="Safety").exists()
    client.post(address, {**form, "people": [str(staff.pk)]})
    assert ReviewTask.objects.get(name="Safety").people.get() == staff
    plan({"people": [customer]})
    with pytest.raises(NotAllowed, match="asks nobody who could answer"):
        submit(page, owner)


def test_whoever_may_no_longer_read_it_signs_nothing(page, owner) -> None:
    engineer, away = make.field_engineer(), make.field_engineer()
    plan({"people": [engineer, away]})
    release = submit(page, owner)
    stand_in(engineer, away)
    engineer.groups.clear()
    engineer = type(engineer).objects.get(pk=engineer.pk)
    for name in (None, away):
        with pytest.raises(PermissionDenied):
            sign(release, 1, engineer, on_behalf_of=name)


def test_the_plan_follows_the_product_line_that_is_submitted(page, owner) -> None:
    expert, other = make.field_engineer(), make.field_engineer()
    line = make.product_line()
    plan({"people": [other]}, product_line=page.product_line)
    plan({"people": [expert], "name": "Experts of the line"}, product_line=line)
    draft = landing.working_copy(page)
    draft.product_line = line
    draft.save_revision(user=owner)
    shown = signed_in(owner).get(f"/review/{page.number}/working-copy/").content.decode()
    assert "Experts of the line" in shown
    assert submit(page, owner).stages.get().name == "Experts of the line"


# ---------- consultation and reminders ----------


def test_authors_do_not_close_the_consultation_on_their_own_text(page, owner) -> None:
    editor, expert, last = make.documentation_staff(), make.field_engineer(), make.field_engineer()
    draft = landing.working_copy(page)
    draft.title = "Another title"
    draft.save_revision(user=editor)
    plan({"people": [owner, editor, expert], "kind": "consult"}, {"people": [last]})
    release = submit(page, owner)
    stage = release.stages.get(position=1)
    for author in (owner, editor):
        releasing.remark(stage=stage, by=author, text="Looks right to me.")
    assert states(release) == "ol"
    releasing.remark(stage=stage, by=expert, text="To me too.")
    assert states(release) == "co"


def test_a_consultation_of_authors_only_is_refused_but_for_one_that_ends_on_its_day(page, owner) -> None:
    last = make.field_engineer()
    found = plan({"people": [owner], "kind": "consult", "name": "Opinions"}, {"people": [last]})
    with pytest.raises(NotAllowed, match=r"Opinions.*asks nobody who could answer"):
        submit(page, owner)
    ReviewTask.objects.filter(name="Opinions").update(days=3)
    assert submit(page, owner).workflow_state.workflow == found.workflow


def test_who_stands_in_is_asked_and_reminded(page, owner) -> None:
    olivia, fiona, other = make.field_engineer(), make.field_engineer(), make.field_engineer()
    stand_in(fiona, olivia)
    plan({"people": [olivia, other], "needed": 2, "days": 1})
    release = submit(page, owner)
    assert told(NoticeKind.ASKED) == {olivia, fiona, other}
    [*scheduling.run(timezone.now() + timedelta(minutes=1))]
    assert told(NoticeKind.REMINDED) == {olivia, fiona, other}
    Notice.objects.all().delete()
    sign(release, 1, fiona, on_behalf_of=olivia)
    [*scheduling.run(timezone.now() + timedelta(days=2))]
    assert told(NoticeKind.REMINDED) == {other}


def test_somebody_and_their_own_stand_in_are_one_voice(page, owner) -> None:
    one, other, deputy, last = (make.field_engineer() for _number in range(4))
    stand_in(deputy, one)
    plan({"people": [one, other], "needed": 2, "kind": "consult"}, {"people": [last]})
    release = submit(page, owner)
    stage = release.stages.get(position=1)
    for author in (deputy, one, deputy):
        releasing.remark(stage=stage, by=author, text="Fine.")
        assert states(release) == "ol"
    releasing.remark(stage=stage, by=other, text="Fine too.")
    assert states(release) == "co"


def test_one_who_stands_in_for_two_is_one_voice_for_either(page, owner) -> None:
    one, other, deputy, last = (make.field_engineer() for _number in range(4))
    stand_in(deputy, one)
    stand_in(deputy, other)
    plan({"people": [one, other], "needed": 2, "kind": "consult"}, {"people": [last]})
    release = submit(page, owner)
    for author, state in ((deputy, "ol"), (one, "co")):
        releasing.remark(stage=release.stages.get(position=1), by=author, text="Fine.")
        assert states(release) == state


def test_whoever_has_commented_is_not_reminded(page, owner) -> None:
    one, other, last = make.field_engineer(), make.field_engineer(), make.field_engineer()
    plan({"people": [one, other], "needed": 2, "days": 1, "kind": "consult"}, {"people": [last]})
    release = submit(page, owner)
    releasing.remark(stage=release.stages.get(position=1), by=one, text="Fine.")
    [*scheduling.run(timezone.now() + timedelta(minutes=1))]
    assert told(NoticeKind.REMINDED) == {other}


# ---------- delegations, owners ----------


def test_a_delegation_that_is_over_is_not_ended_again() -> None:
    away, deputy = make.field_engineer(), make.field_engineer()
    today = timezone.localdate()
    past = Delegation.objects.create(
        delegator=away,
        delegate=deputy,
        starts_on=today - timedelta(days=30),
        ends_on=today - timedelta(days=20),
    )
    with pytest.raises(NotAllowed, match="over already"):
        delegating.end(delegation=past, by=away)
    response = signed_in(away).post(f"/review/delegations/{past.pk}/end/", follow=True)
    assert "over already" in response.content.decode()
    past.refresh_from_db()
    assert past.ends_on == today - timedelta(days=20)


def test_another_owner_holds_as_soon_as_it_is_saved_and_is_on_record(owner) -> None:
    staff, olivia = make.documentation_staff(), make.procedure_owner()
    version = make.released(owner=owner, approver=staff, team="North")
    draft = landing.working_copy(version.page)
    draft.procedure_owner, draft.team = olivia, "South"
    draft.save_revision(user=staff)
    page = ProcedurePage.objects.get(pk=version.page_id)
    assert (page.procedure_owner, page.team) == (olivia, "South")
    assert page.title == version.title
    log = PageLogEntry.objects.get(page=page.pk, action="procedures.responsibility")
    assert log.user == staff
    assert log.data == {"procedure_owner": [str(owner), str(olivia)], "team": ["North", "South"]}
    assert f"{owner} → {olivia}" in log.formatter.format_message(log)
    # Neither an earlier revision nor a release brings the former owner back.
    assert landing.working_copy(page).procedure_owner == olivia
    assert version.revision.as_object().procedure_owner == olivia


def test_whoever_is_waited_for_no_more_has_no_notice_of_it_left() -> None:
    owner, signer, other = make.procedure_owner(), make.documentation_staff(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner)

    def unread() -> set[str]:
        notices = Notice.objects.unread().filter(page=page, kind="asked")
        return set(notices.values_list("recipient__username", flat=True))

    release = releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    assert unread() == {signer.username, other.username}
    releasing.take_back(release=release, by=owner)
    assert unread() == set()
    make.release(page, by=owner, approver=signer)
    assert unread() == set()
