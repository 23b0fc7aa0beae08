"""Service levels under two workers at once, and under an answer in the same second."""

from datetime import UTC, datetime, timedelta

import pytest

from review import pursuing, threads
from review.models import Notice, NoticeKind, ServiceLevel, Thread
from tests import factories as make
from tests.integration.faults.racing import at_once

pytestmark = pytest.mark.usefixtures("own_database")
both_ways = pytest.mark.parametrize("meet", [False, True], ids=["start together", "write together"])
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATE = START + timedelta(days=4)


@pytest.fixture
def thread() -> Thread:
    ServiceLevel.objects.create(first_answer_days=3, decision_days=10)
    owner = make.procedure_owner("wei")
    type(owner).objects.filter(pk=owner.pk).update(email="wei@example.org")
    version = make.released(owner=owner, steps=[make.step("a")])
    engineer = make.field_engineer()
    return threads.start_thread(
        version=version, step_id="a", kind="question", text="Why?", by=engineer, at=START
    )


@both_ways
def test_two_workers_remind_once(thread: Thread, meet: bool) -> None:
    work = [lambda at=LATE + timedelta(seconds=n): list(pursuing.pursue(at)) for n in (0, 1)]
    lines = at_once(*work, meet_before_writing=meet)
    assert sorted(map(len, lines)) == [0, 1]
    notice = Notice.objects.get(kind=NoticeKind.ANSWER_LATE)
    assert notice.mail is not None
    assert Notice.objects.filter(kind=NoticeKind.ANSWER_LATE).count() == 1


@both_ways
def test_an_answer_in_the_same_second_leaves_no_reminder(thread: Thread, meet: bool) -> None:
    owner = thread.version.page.procedure_owner
    results = at_once(
        lambda: list(pursuing.pursue(LATE)),
        lambda: threads.reply(thread=thread, text="So.", by=owner),
        meet_before_writing=meet,
    )
    for result in results:
        if isinstance(result, Exception):
            raise result
    assert not Notice.objects.unread().filter(kind=NoticeKind.ANSWER_LATE).exists()
