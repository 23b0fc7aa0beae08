"""Answers to answers: what a plain reply does to a thread, who learns of it, and what waits for whom after it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kb.accounts.models import User
from procedures.models import ProcedureVersion
from review import holding, queries, releasing, threads
from review.models import Notice, NoticeKind, SafetyClock, ServiceLevel, Thread
from tests import factories as make
from tests.factories import PASSWORD, signed_in

pytestmark = pytest.mark.django_db
STILL = "But it still sparks."


def build() -> int:
    made: int = make.released(owner=make.procedure_owner("olga"), steps=[make.step("a")]).pk
    return made


@pytest.fixture
def fiona() -> User:
    return make.field_engineer("fiona")


@pytest.fixture
def staff(version: ProcedureVersion) -> User:
    return make.documentation_staff("dora")


def owner_of(version: ProcedureVersion) -> Any:
    return version.page.procedure_owner


def mark(version: ProcedureVersion, by: User, kind: str = "question") -> Thread:
    return threads.start_thread(version=version, step_id="a", kind=kind, text="It sparks.", by=by)


def told(person: User) -> list[str]:
    unread = Notice.objects.unread().filter(recipient=person).order_by("pk")
    return list(unread.values_list("kind", flat=True))


def read_all() -> None:
    Notice.objects.unread().update(read_at=timezone.now())


def reply_on_page(thread: Thread, by: User, **form: str) -> str:
    page = signed_in(by).post(thread.get_absolute_url(), {"text": STILL, **form}, follow=True)
    assert page.redirect_chain
    thread.refresh_from_db()
    return page.content.decode()


def test_an_answer_that_does_not_do_reaches_whoever_gave_it(
    version: ProcedureVersion, fiona: User, staff: User
) -> None:
    ServiceLevel.objects.create(first_answer_days=3, decision_days=9)
    other = make.field_engineer("otto")
    thread = mark(version, fiona)
    threads.reply(thread=thread, text="I saw it too.", by=other)
    threads.reply(thread=thread, text="Wipe it.", by=owner_of(version))
    read_all()
    assert "waits for an answer" in reply_on_page(thread, fiona)
    assert thread.status == "open"
    assert told(owner_of(version)) == ["asked_again"]
    assert told(other) == ["reopened"]
    assert told(fiona) == []
    due = timezone.localdate() + timedelta(days=3)
    queue = signed_in(owner_of(version)).get("/review/queue/").content.decode()
    assert f"answer due by {due}" in queue
    threads.reply(thread=thread, text="Replace it.", by=owner_of(version))
    assert "asked_again" not in told(owner_of(version))  # nobody is asked for what is answered


def test_whoever_said_something_learns_what_is_said_after_it(version: ProcedureVersion, fiona: User) -> None:
    other = make.field_engineer("otto")
    thread = mark(version, fiona)
    threads.reply(thread=thread, text="I saw it too.", by=other)
    threads.reply(thread=thread, text="Wipe it.", by=owner_of(version))
    assert told(other) == ["replied"]
    read_all()
    threads.reply(thread=thread, text="That helps.", by=other)
    assert told(owner_of(version)) == ["replied"]
    assert NoticeKind.REPLIED.is_own


@pytest.mark.parametrize("how", ["answered", "resolved"])
def test_a_safety_comment_that_opens_again_raises_its_alarm_again(
    version: ProcedureVersion, fiona: User, staff: User, how: str
) -> None:
    thread = mark(version, fiona, "safety")
    owner = owner_of(version)
    if how == "answered":
        threads.reply(thread=thread, text="We look at it.", by=owner)
    else:
        threads.resolve_thread(thread=thread, by=owner)
    long_ago = timezone.now() - timedelta(days=3)
    SafetyClock.objects.update(started_at=long_ago, due_at=long_ago + timedelta(hours=4))
    read_all()
    reply_on_page(thread, fiona)
    assert thread.status == "open"
    assert told(owner) == told(staff) == ["safety"]
    clock = SafetyClock.objects.get()
    assert clock.is_running
    assert clock.due_at > timezone.now()
    seen = signed_in(fiona).get(version.get_absolute_url()).content.decode()
    assert "safety-banner" in seen
    assert "first answer due by" in seen


def test_words_after_a_hold_raise_the_alarm_again(
    version: ProcedureVersion, fiona: User, staff: User
) -> None:
    thread = mark(version, fiona, "safety")
    holding.place(page=version.page, by=staff, password=PASSWORD, reason="x", instead="y")
    assert not SafetyClock.objects.get().is_running
    read_all()
    reply_on_page(thread, fiona)
    assert SafetyClock.objects.get().is_running
    assert told(owner_of(version)) == ["safety"]


def test_further_words_while_the_clock_runs_leave_it_alone(version: ProcedureVersion, fiona: User) -> None:
    thread = mark(version, fiona, "safety")
    before = SafetyClock.objects.get().due_at
    reply_on_page(thread, fiona)
    assert SafetyClock.objects.get().due_at == before


@pytest.mark.parametrize("who", ["owner", "asker", "another"])
def test_a_plain_reply_leaves_what_is_resolved_resolved(
    version: ProcedureVersion, fiona: User, staff: User, who: str
) -> None:
    owner = owner_of(version)
    thread = mark(version, fiona)
    threads.resolve_thread(thread=thread, by=owner)
    read_all()
    by = {"owner": owner, "asker": fiona, "another": make.field_engineer("otto")}[who]
    page = signed_in(by).get(thread.get_absolute_url()).content.decode()
    assert "adds your words and leaves it so" in page
    assert "stays resolved" in reply_on_page(thread, by)
    assert (thread.status, thread.resolved_by) == ("resolved", owner)
    concerned = {owner, fiona} - {by}
    assert all(told(person) for person in concerned)  # the words reach them all the same
    assert thread not in queries.threads_to_answer(owner)


def test_the_button_says_what_it_does_on_a_safety_comment(version: ProcedureVersion, fiona: User) -> None:
    thread = mark(version, fiona, "safety")
    threads.resolve_thread(thread=thread, by=owner_of(version))
    page = signed_in(fiona).get(thread.get_absolute_url()).content.decode()
    assert "raises the alarm again" in page
    assert "Reply</button>" not in page
    assert "Reply and reopen</button>" in page
    reply_on_page(thread, owner_of(version))
    assert thread.status == "resolved"
    assert not SafetyClock.objects.get().is_running


def test_whoever_left_is_not_told(version: ProcedureVersion, fiona: User) -> None:
    left = make.field_engineer("lena")
    thread = mark(version, fiona)
    threads.reply(thread=thread, text="Me too.", by=left)
    User.objects.filter(pk=left.pk).update(is_active=False)
    threads.reply(thread=thread, text="Wipe it.", by=owner_of(version))
    reply_on_page(thread, fiona)
    assert told(left) == []


def test_what_is_typed_on_a_thread_of_a_withdrawn_version_stays(
    version: ProcedureVersion, fiona: User, staff: User
) -> None:
    thread = mark(version, fiona)
    releasing.withdraw(version=version, by=staff, password=PASSWORD, reason="Old")
    page = signed_in(fiona).post(thread.get_absolute_url(), {"text": STILL}).content.decode()
    assert "This version was withdrawn" in page
    assert STILL in page
    assert (
        "<textarea" not in signed_in(fiona).get(thread.get_absolute_url()).content.decode().split("<main")[1]
    )


@pytest.mark.parametrize("kind", ["question", "safety"])
def test_the_page_says_what_a_reply_to_an_answer_does(
    version: ProcedureVersion, fiona: User, kind: str
) -> None:
    thread = mark(version, fiona, kind)
    said = "opens it again"
    assert said not in signed_in(fiona).get(thread.get_absolute_url()).content.decode()
    threads.reply(thread=thread, text="Wipe it.", by=owner_of(version))
    page = signed_in(fiona).get(thread.get_absolute_url()).content.decode()
    assert said in page
    assert ("raises the alarm again" in page) == (kind == "safety")
    assert said not in signed_in(owner_of(version)).get(thread.get_absolute_url()).content.decode()
