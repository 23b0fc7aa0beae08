"""From draft to withdrawn: the table of transitions, later days, earlier texts."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from procedures.actions import go_live, withdraw_version
from procedures.lifecycle import LIFE_TRANSITIONS, LifeState, check_transition
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.rules import NotAllowed
from review import landing, releasing, scheduling, taking_up
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def second(version: ProcedureVersion, **fields: object) -> ProcedureVersion:
    """The next version, with another text, through submission and signature."""
    page = ProcedurePage.objects.get(pk=version.page_id)
    draft = landing.working_copy(page)
    draft.steps[0].value["body"] = f"Changed after {version.label}."
    draft.save_revision(user=version.last_editor)
    fields = {"change_summary": "Changed", "significance": "minor", **fields}
    releasing.submit_for_release(page=page, by=version.last_editor, **fields)
    return make.approve(page, by=make.documentation_staff())


def test_a_scheduled_version_goes_into_force_on_its_day_and_once() -> None:
    first = make.released(audience="public")
    day = timezone.now() + timedelta(days=3)
    version = second(first, effective_from=day)
    assert (version.status, version.effective_from) == ("approved", day)
    first.refresh_from_db()
    assert first.is_effective
    assert Client().get(version.get_absolute_url()).status_code == 404
    assert "Changed after" not in Client().get(first.page.get_absolute_url()).content.decode()
    assert list(scheduling.run(day - timedelta(seconds=1))) == []
    with pytest.raises(NotAllowed, match="not before"):
        go_live(version=version)
    assert list(scheduling.run(day)) == [f"{version} in force"]
    assert list(scheduling.run(day)) == []
    first.refresh_from_db()
    version.refresh_from_db()
    assert (first.status, version.status) == ("superseded", "effective")
    assert "Changed after" in Client().get(first.page.get_absolute_url()).content.decode()


def test_the_command_says_what_it_did(capsys) -> None:
    version = second(make.released(), effective_from=timezone.now() + timedelta(days=3))
    call_command("run_schedule")
    assert "Nothing was due" in capsys.readouterr().out
    ProcedureVersion.objects.filter(pk=version.pk)
    assert version.status == VersionStatus.APPROVED


def test_nothing_is_submitted_while_a_version_waits_for_its_day() -> None:
    version = second(make.released(), effective_from=timezone.now() + timedelta(days=3))
    with pytest.raises(NotAllowed, match="call it off first"):
        second(version)
    staff = make.documentation_staff()
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Wrong day")
    version.refresh_from_db()
    assert version.status == "withdrawn"
    assert ProcedureVersion.objects.effective().get().label == "1.0"
    assert list(scheduling.run(timezone.now() + timedelta(days=4))) == []


def test_a_day_in_the_past_is_refused() -> None:
    with pytest.raises(NotAllowed, match="past"):
        second(make.released(), effective_from=timezone.now() - timedelta(minutes=1))


def test_a_withdrawn_procedure_says_why_and_what_instead() -> None:
    version, other = make.released(audience="public"), make.released(audience="public", title="The new way")
    staff, client = make.documentation_staff(), Client()
    address = f"/review/{version.number}/v/1.0/withdraw/"
    form = {"reason": "The fan melts.", "replaced_by": "none-such", "password": "wrong"}
    page = signed_in(staff).post(address, form).content.decode()
    assert "No procedure none-such is in force" in page
    assert "The fan melts." in page
    page = signed_in(staff).post(address, {**form, "replaced_by": other.number.lower()}).content.decode()
    assert "The password is not right" in page
    form = {**form, "replaced_by": other.number, "password": make.PASSWORD}
    assert signed_in(staff).post(address, form).status_code == 302
    response = client.get(version.page.get_absolute_url())
    assert response.status_code == 410
    for text in ("The fan melts.", "The new way"):
        assert text in response.content.decode()
    assert client.get("/search/?q=fan").content.decode().count(version.number) == 0
    assert signed_in(make.field_engineer()).post(address, form).status_code in (200, 403)


def test_a_withdrawn_procedure_tells_a_stranger_nothing() -> None:
    version = make.released(audience="internal")
    releasing.withdraw(
        version=version, by=make.documentation_staff(), password=make.PASSWORD, reason="Secret reason"
    )
    assert Client().get(version.page.get_absolute_url()).status_code == 404


def test_only_documentation_staff_withdraw() -> None:
    version = make.released()
    for person in (make.field_engineer(), version.last_editor):
        with pytest.raises(PermissionDenied):
            releasing.withdraw(version=version, by=person, password=make.PASSWORD, reason="x")


def test_an_earlier_text_comes_back_as_a_new_version_signed_anew() -> None:
    first = make.released(steps=[make.step("a", body="The good old way.")])
    version = second(first)
    taking_up.take_up(version=first, by=first.last_editor)
    page = ProcedurePage.objects.get(pk=first.page_id)
    assert make.text_of(landing.working_copy(page), "a", "body") == "The good old way."
    assert ProcedureVersion.objects.effective().get() == version
    releasing.submit_for_release(
        page=page, by=first.last_editor, change_summary="Back to 1.0", significance="minor"
    )
    again = make.approve(page, by=make.documentation_staff())
    assert (again.label, again.sha256) == ("1.2", first.sha256)


@pytest.mark.parametrize("significance", ["editorial", "minor", "major"])
def test_the_significance_decides_the_number(significance: str) -> None:
    assert second(make.released(), significance=significance).label == (
        "2.0" if significance == "major" else "1.1"
    )


@pytest.mark.parametrize("state", VersionStatus.values)
@pytest.mark.parametrize("to", VersionStatus.values)
def test_no_action_leads_where_the_table_does_not(state: str, to: str) -> None:
    version = make.released()
    now = timezone.now()
    staff = make.documentation_staff()
    if state == "approved":
        version = second(version, effective_from=now + timedelta(hours=1))
    elif state == "superseded":
        second(version)
        version.refresh_from_db()
    elif state == "withdrawn":
        version = withdraw_version(version=version, by=staff, reason="x")
    assert version.status == state
    allowed = (LifeState(state), LifeState(to)) in LIFE_TRANSITIONS
    if allowed:
        check_transition(version, VersionStatus(to))
    else:
        with pytest.raises(NotAllowed):
            check_transition(version, VersionStatus(to))
    act = {
        "effective": lambda: go_live(version=version, at=now + timedelta(hours=2)),
        "withdrawn": lambda: withdraw_version(version=version, by=staff, reason="x"),
    }.get(to)
    if act is None:
        return
    if allowed:
        assert act().status == to
    else:
        with pytest.raises(NotAllowed):
            act()
        version.refresh_from_db()
        assert version.status == state


def test_a_version_is_never_deleted() -> None:
    version = make.released()
    for doomed in (ProcedureVersion.objects.all(), ProcedureVersion.objects.filter(pk=version.pk), version):
        with pytest.raises(Exception, match="withdrawn, never deleted"):
            doomed.delete()
    assert ProcedureVersion.objects.filter(pk=version.pk).exists()


def test_an_old_link_of_a_public_procedure_says_that_it_is_old() -> None:
    first = make.released(audience="public")
    version = second(first)
    page = Client().get(first.get_absolute_url()).content.decode()
    assert "no longer in force" in page
    assert version.get_absolute_url() in page or version.page.get_absolute_url() in page


def test_an_old_public_version_of_what_is_internal_now_is_closed() -> None:
    first = make.released(audience="public")
    draft = landing.working_copy(ProcedurePage.objects.get(pk=first.page_id))
    draft.audience = "internal"
    draft.save_revision(user=first.last_editor)
    make.release(draft, by=first.last_editor, approver=make.documentation_staff(), summary="Internal now")
    assert Client().get(first.get_absolute_url()).status_code == 404
