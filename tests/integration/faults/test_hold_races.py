"""Holds and safety comments in the same second: one hold, one lift, nobody told twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from kb.accounts.models import User
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from review import holding, scheduling, threads
from review.models import Hold, Notice, NoticeKind
from tests import factories as make
from tests.integration.faults.racing import at_once
from tests.integration.faults.test_races import both_ways, refused

pytestmark = pytest.mark.usefixtures("own_database")


@pytest.fixture
def first() -> ProcedureVersion:
    return make.released(steps=[make.step("a", body="Wait 5 minutes.")])


def hold(version: ProcedureVersion, by: User) -> Callable[[], Hold]:
    return lambda: holding.place(
        page=ProcedurePage.objects.get(pk=version.page_id),
        by=by,
        password=make.PASSWORD,
        reason="It slips",
        instead="Call support",
    )


@both_ways
def test_two_people_put_it_on_hold_once(first: ProcedureVersion, meet: bool) -> None:
    results = at_once(
        hold(first, make.documentation_staff()),
        hold(first, make.documentation_staff()),
        meet_before_writing=meet,
    )
    assert refused(results) == ["It is on hold already: readers are shown what was said then."]
    assert list(Hold.objects.open()) == [result for result in results if isinstance(result, Hold)]
    assert AuditEvent.objects.filter(kind="held").count() == 1


@both_ways
def test_two_people_lift_it_once(first: ProcedureVersion, meet: bool) -> None:
    placed = hold(first, make.documentation_staff())()

    def lift(by: User) -> Callable[[], Hold]:
        return lambda: holding.lift(hold=placed, by=by, password=make.PASSWORD, reason="Tried")

    one, other = make.documentation_staff("one"), make.documentation_staff("two")
    results = at_once(lift(one), lift(other), meet_before_writing=meet)
    (reason,) = refused(results)
    assert reason == f"This hold was lifted by {Hold.objects.get().lifted_name} already."
    assert AuditEvent.objects.filter(kind="hold_lifted").count() == 1


@both_ways
def test_two_workers_escalate_a_safety_comment_once(first: ProcedureVersion, meet: bool) -> None:
    now = timezone.now()
    make.documentation_staff()
    threads.start_thread(
        version=first, step_id="a", kind="safety", text="Live", by=make.field_engineer(),
        at=now - timedelta(hours=5),
    )  # fmt: skip

    def run() -> list[str]:
        return list(scheduling.run(now))

    lines = at_once(run, run, meet_before_writing=meet)
    assert sorted(len(said) for said in lines) == [0, 1], lines
    told = list(Notice.objects.filter(kind=NoticeKind.SAFETY_LATE).values_list("recipient", flat=True))
    assert len(told) == len(set(told)) > 0
