"""A safety comment: the banner, who is told, the clock, and what a changed kind brings with it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import ADMINISTRATOR
from procedures.models import AuditEvent, ProcedureVersion
from procedures.rules import NotAllowed
from review import holding, safety, scheduling, threads
from review.models import Notice, NoticeKind, SafetyClock, Thread
from tests import factories as make
from tests.factories import PASSWORD, signed_in

pytestmark = pytest.mark.django_db
SAID = "The cover is live when the door is open."


def build() -> int:
    made: int = make.released(
        owner=make.procedure_owner("the.owner"), audience="customer", steps=[make.step("a")]
    ).pk
    return made


@pytest.fixture
def engineer() -> User:
    return make.field_engineer("the.engineer")


def owner_of(version: ProcedureVersion) -> Any:
    return version.page.procedure_owner


def start(version: ProcedureVersion, by: User, kind: str = "safety", at: datetime | None = None) -> Thread:
    return threads.start_thread(version=version, step_id="a", kind=kind, text=SAID, by=by, at=at)


def told(kind: str) -> list[Any]:
    return [notice.recipient for notice in Notice.objects.filter(kind=kind).order_by("pk")]


def clock(thread: Thread) -> SafetyClock:
    return SafetyClock.objects.get(thread=thread)


def test_the_owner_and_documentation_staff_are_told_at_once(
    version: ProcedureVersion, engineer: User
) -> None:
    staff = [make.documentation_staff(), make.documentation_staff()]
    left = make.documentation_staff()
    User.objects.filter(pk=left.pk).update(is_active=False)
    thread = start(version, engineer)
    people = told(NoticeKind.SAFETY)
    assert len(people) == len(set(people))
    assert {owner_of(version), *staff} <= set(people)
    assert not {engineer, left} & set(people)
    notice = Notice.objects.filter(kind=NoticeKind.SAFETY).first()
    assert notice is not None
    assert (notice.text, notice.get_absolute_url()) == (SAID, thread.get_absolute_url())


def test_another_kind_of_comment_sounds_no_alarm(version: ProcedureVersion, engineer: User) -> None:
    start(version, engineer, kind="error")
    assert not SafetyClock.objects.exists()
    assert not told(NoticeKind.SAFETY)


def test_the_banner_is_for_the_staff_until_it_is_resolved(version: ProcedureVersion, engineer: User) -> None:
    thread = start(version, engineer)
    address = f"/procedures/{version.number}/"
    page = signed_in(make.field_engineer()).get(address).content.decode()
    banner = page.split("safety-banner", 1)[1].split("</section>", 1)[0]
    assert SAID in banner
    assert thread.get_absolute_url() in banner
    assert "the.engineer" in banner
    assert f"due by {clock(thread).due_at:%Y-%m-%d %H:%M}" in banner
    assert "/hold/" not in banner
    assert page.index("safety-banner") < page.index('id="step-a"')
    assert f"/review/{version.number}/hold/" in signed_in(owner_of(version)).get(address).content.decode()
    for client in (signed_in(make.make_user()), Client()):
        seen = client.get(address).content.decode()
        assert "safety-banner" not in seen
        assert SAID not in seen
    threads.reply(thread=thread, text="We look at it.", by=owner_of(version))
    page = signed_in(engineer).get(address).content.decode()
    assert "safety-banner" in page
    assert "due by" not in page
    threads.resolve_thread(thread=thread, by=owner_of(version))
    assert "safety-banner" not in signed_in(engineer).get(address).content.decode()


def test_the_time_is_a_setting(version: ProcedureVersion, engineer: User, settings: Any) -> None:
    settings.REDLINE_SAFETY_HOURS = 2
    found = clock(start(version, engineer))
    assert found.due_at - found.started_at == timedelta(hours=2)


@pytest.mark.parametrize("how", ["answer", "resolve", "hold", "no safety"])
def test_whoever_answers_for_it_stops_the_clock(version: ProcedureVersion, engineer: User, how: str) -> None:
    thread, staff = start(version, engineer), make.documentation_staff()
    if how == "answer":
        threads.reply(thread=thread, text="We look at it.", by=staff)
    elif how == "resolve":
        threads.resolve_thread(thread=thread, by=staff)
    elif how == "hold":
        holding.place(page=version.page, by=staff, password=PASSWORD, reason="x", instead="y")
    else:
        threads.change_kind(thread=thread, kind="question", by=staff)
    assert (clock(thread).is_running, clock(thread).stopped_by) == (False, staff)


@pytest.mark.parametrize("how", ["answer", "resolve", "resolved by the asker", "hold", "no safety"])
def test_what_is_done_calls_nobody_any_more(version: ProcedureVersion, engineer: User, how: str) -> None:
    owner, staff = owner_of(version), make.documentation_staff()
    make.make_user("the.admin", ADMINISTRATOR)
    other = make.released(owner=owner, steps=[make.step("a")])
    thread, elsewhere = (
        start(on, engineer, at=timezone.now() - timedelta(days=1)) for on in (version, other)
    )
    list(scheduling.run(timezone.now()))
    calls = Notice.objects.unread().filter(kind__in=(NoticeKind.SAFETY, NoticeKind.SAFETY_LATE))
    called = calls.filter(thread=elsewhere).count()
    assert calls.filter(thread=thread).count() == called > 3
    threads.reply(thread=thread, text="Same here.", by=make.field_engineer())
    assert calls.filter(thread=thread).count() == called
    if how == "answer":
        threads.reply(thread=thread, text="We look at it.", by=staff)
    elif how.startswith("resolve"):
        threads.resolve_thread(thread=thread, by=engineer if "asker" in how else staff)
    elif how == "hold":
        holding.place(page=version.page, by=staff, password=PASSWORD, reason="x", instead="y")
    else:
        threads.change_kind(thread=thread, kind="question", by=staff)
    assert not calls.filter(thread=thread).exists()
    assert calls.filter(thread=elsewhere).count() == called


def test_what_is_raised_again_calls_again(version: ProcedureVersion, engineer: User) -> None:
    thread, owner = start(version, engineer), owner_of(version)
    threads.reply(thread=thread, text="We look at it.", by=owner)
    threads.reply(thread=thread, text="It is still live.", by=engineer)
    assert Notice.objects.unread().filter(kind=NoticeKind.SAFETY, recipient=owner).count() == 1


def test_nobody_else_stops_it_and_reopening_starts_it_anew(version: ProcedureVersion, engineer: User) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    thread = start(version, engineer, at=long_ago)
    threads.reply(thread=thread, text="Same here.", by=make.field_engineer())
    threads.reply(thread=thread, text="Still.", by=engineer)
    assert clock(thread).is_running
    threads.resolve_thread(thread=thread, by=owner_of(version))
    Notice.objects.all().delete()
    threads.reopen_thread(thread=thread, text="It happened again.", by=engineer)
    again = clock(thread)
    assert again.is_running
    assert again.due_at > timezone.now()
    assert owner_of(version) in told(NoticeKind.SAFETY)


def test_overdue_is_shown_and_escalated_once_each(version: ProcedureVersion, engineer: User) -> None:
    staff, admin = make.documentation_staff(), make.make_user("the.admin", ADMINISTRATOR)
    now = timezone.now()
    thread = start(version, engineer, at=now - timedelta(hours=5))
    Notice.objects.all().delete()
    page = signed_in(owner_of(version)).get(f"/procedures/{version.number}/").content.decode()
    assert "first answer overdue since" in page
    inbox = signed_in(owner_of(version)).get("/review/inbox/").content.decode()
    assert "first answer overdue since" in inbox
    assert [line for line in scheduling.run(now) if "safety comment" in line]
    assert staff in told(NoticeKind.SAFETY_LATE)
    first = len(told(NoticeKind.SAFETY_LATE))
    assert not list(scheduling.run(now + timedelta(hours=1)))
    assert len(told(NoticeKind.SAFETY_LATE)) == first
    was = set(Notice.objects.values_list("pk", flat=True))
    assert list(scheduling.run(now + timedelta(hours=3))) == [
        f"{version.number}: safety comment {thread.pk} escalated to administrators"
    ]
    assert {n.recipient for n in Notice.objects.exclude(pk__in=was)} == {admin}
    assert not list(scheduling.run(now + timedelta(hours=9)))
    assert AuditEvent.objects.filter(kind="safety_escalated").count() == 2


def test_what_was_answered_or_resolved_is_not_escalated(version: ProcedureVersion, engineer: User) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    answered, resolved = (start(version, engineer, at=long_ago) for _ in range(2))
    threads.reply(thread=answered, text="We look at it.", by=owner_of(version))
    threads.resolve_thread(thread=resolved, by=engineer)
    assert not list(scheduling.run(timezone.now()))


def test_one_that_fails_holds_no_other_up(
    version: ProcedureVersion, engineer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = timezone.now() - timedelta(hours=5)
    broken, fine = (start(version, engineer, at=long_ago) for _ in range(2))
    real = safety._escalate

    def fail(pk: int, now: datetime) -> list[str]:
        if pk == clock(broken).pk:
            raise RuntimeError("broken")
        return real(pk, now)

    monkeypatch.setattr(safety, "_escalate", fail)  # no known state of a comment makes it fail
    lines = list(scheduling.run(timezone.now()))
    assert any(f"safety comment {fine.pk}" in line for line in lines)
    assert any(isinstance(line, scheduling.Failure) and "RuntimeError" in line for line in lines)
    assert clock(fine).escalated_at is not None


def test_a_comment_that_turns_out_to_be_about_safety(version: ProcedureVersion, engineer: User) -> None:
    thread, owner, staff = (
        start(version, engineer, kind="question"),
        owner_of(version),
        make.documentation_staff(),
    )
    client = signed_in(owner)
    address = f"/review/threads/{thread.pk}/kind/"
    assert address in client.get(thread.get_absolute_url()).content.decode()
    assert client.post(address, {"kind": "safety"}).status_code == 302
    thread.refresh_from_db()
    assert thread.kind == "safety"
    assert thread.history.first().history_user == owner
    assert clock(thread).is_running
    assert staff in told(NoticeKind.SAFETY)
    assert told(NoticeKind.KIND_CHANGED) == [engineer]
    assert "safety-banner" in signed_in(engineer).get(f"/procedures/{version.number}/").content.decode()
    assert client.post(address, {"kind": "question"}).status_code == 302
    assert not clock(thread).is_running
    assert "safety-banner" not in signed_in(engineer).get(f"/procedures/{version.number}/").content.decode()
    assert thread.history.count() == 3


def test_a_change_of_kind_that_is_refused(version: ProcedureVersion, engineer: User) -> None:
    thread, owner = start(version, engineer, kind="question"), owner_of(version)
    with pytest.raises(PermissionDenied):
        threads.change_kind(thread=thread, kind="safety", by=engineer)
    with pytest.raises(NotAllowed, match="already"):
        threads.change_kind(thread=thread, kind="question", by=owner)
    said = signed_in(owner).post(f"/review/threads/{thread.pk}/kind/", {"kind": "nonsense"}, follow=True)
    assert "Choose what the comment is about" in said.content.decode()
    threads.resolve_thread(thread=thread, by=owner)
    with pytest.raises(NotAllowed, match="reopen it first"):
        threads.change_kind(thread=thread, kind="safety", by=owner)
    assert (
        signed_in(engineer).post(f"/review/threads/{thread.pk}/kind/", {"kind": "safety"}).status_code == 403
    )


def test_the_database_keeps_the_clock_in_order(version: ProcedureVersion, engineer: User) -> None:
    thread = start(version, engineer)
    now = timezone.now()
    for change in (
        {"stopped_at": now}, {"stopped_by": engineer}, {"due_at": clock(thread).started_at},
        {"escalated_again_at": now},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            SafetyClock.objects.update(**change)


def test_the_page_costs_no_query_more(
    version: ProcedureVersion, engineer: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        start(version, engineer)
    client = signed_in(engineer)
    client.get(version.get_absolute_url())
    with django_assert_max_num_queries(12):
        client.get(version.get_absolute_url())


def test_the_inbox_has_safety_first(version: ProcedureVersion, engineer: User) -> None:
    threads.start_thread(version=version, step_id="a", kind="question", text="An old question", by=engineer)
    start(version, engineer)
    page = signed_in(owner_of(version)).get("/review/inbox/").content.decode()
    waits = page.split('id="answer"', 1)[1]
    assert waits.index(SAID) < waits.index("An old question")
