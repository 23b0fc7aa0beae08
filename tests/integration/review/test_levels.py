"""Service levels: by when a mark is answered and decided on, who is reminded, to whom it is passed on."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from kb.accounts.models import User
from kb.accounts.roles import ADMINISTRATOR
from procedures.models import ProcedureVersion
from review import deciding, proposing, pursuing, scheduling, threads
from review.levels import Levels
from review.marks import proposal_times, thread_times
from review.models import REMINDS_OF_A_MARK, Notice, NoticeKind, ServiceLevel, Suggestion, Thread
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def build() -> int:
    line = make.product_line()
    return make.released(
        owner=make.procedure_owner("the.owner"), product_line=line, steps=[make.step("a"), make.step("b")]
    ).pk


@pytest.fixture
def engineer() -> User:
    return make.field_engineer("the.engineer")


def owner_of(version: ProcedureVersion) -> Any:
    return version.page.procedure_owner


def ask(version: ProcedureVersion, by: User, at: datetime = START, kind: str = "question") -> Thread:
    return threads.start_thread(version=version, step_id="a", kind=kind, text="Why?", by=by, at=at)


def propose(version: ProcedureVersion, by: User, at: datetime = START, steps: str = "a") -> Suggestion:
    changes = {(step, "body"): f"Another text of {step}." for step in steps}
    return proposing.suggest(version=version, changes=changes, reason="Because", by=by, at=at)


def dues(mark: Thread | Suggestion, at: datetime = START) -> dict[str, date]:
    found = Levels.load()
    if isinstance(mark, Thread):
        times: Any = thread_times(Q(pk=mark.pk))
    else:
        times = proposal_times([mark.pk])
    return {due.promise.value: due.on for due in found.dues(times[0], at.date())}


def run(at: datetime) -> list[str]:
    return list(pursuing.pursue(at))


def told(*kinds: str) -> list[Any]:
    kinds = kinds or tuple(kind for kinds in REMINDS_OF_A_MARK.values() for kind in kinds)
    return [notice.recipient for notice in Notice.objects.filter(kind__in=kinds).order_by("pk")]


# ---------- the level ----------


def test_the_database_keeps_levels_in_order(version: ProcedureVersion, level: ServiceLevel) -> None:
    for days in ((0, 5), (6, 5)):
        with pytest.raises(IntegrityError), transaction.atomic():
            ServiceLevel.objects.update(first_answer_days=days[0], decision_days=days[1])
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceLevel.objects.create()  # a second default
    with pytest.raises(ValidationError, match="already"):
        ServiceLevel().validate_constraints()
    with pytest.raises(ValidationError, match="not due before"):
        ServiceLevel(first_answer_days=9, decision_days=3).full_clean()
    assert level.history.count() == 1


def test_documentation_staff_edit_levels_in_the_editing_desk(level: ServiceLevel) -> None:
    address = "/admin/snippets/review/servicelevel/add/"
    line = make.product_line()
    client = signed_in(make.documentation_staff())
    form = {"product_line": line.pk, "first_answer_days": "2", "decision_days": "5"}
    assert client.post(address, form).status_code == 302
    assert ServiceLevel.objects.get(product_line=line).history.get().history_user is not None
    again = client.post(address, form).content.decode()
    assert "There is a service level for this product line already." in again
    refused = client.post(address, {**form, "first_answer_days": "0"}).content.decode()
    assert "greater than or equal to 1" in refused
    assert signed_in(make.procedure_owner()).get(address).status_code in (302, 403)


def test_without_a_level_nothing_is_due(version: ProcedureVersion, engineer: User) -> None:
    mark = propose(version, engineer)
    assert dues(mark) == {}
    assert run(START + 400 * DAY) == []


def test_a_line_has_its_own_level_or_that_of_any(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    thread, mark = ask(version, engineer), propose(version, engineer)
    assert dues(thread) == {"answer": date(2026, 3, 5)}
    assert dues(mark) == {"answer": date(2026, 3, 5), "decision": date(2026, 3, 12)}
    ServiceLevel.objects.create(product_line=version.product_line, first_answer_days=1, decision_days=2)
    assert dues(mark) == {"answer": date(2026, 3, 3), "decision": date(2026, 3, 4)}


def test_days_are_those_of_the_sites_time_zone(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, settings: Any
) -> None:
    late = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
    thread = ask(version, engineer, at=late)
    assert dues(thread) == {"answer": date(2026, 3, 5)}
    settings.TIME_ZONE = "Asia/Shanghai"  # there it is the 3rd already
    assert dues(thread) == {"answer": date(2026, 3, 6)}
    last = datetime(2026, 3, 6, 15, 59, tzinfo=UTC)  # 23:59 on its last day
    run(last)
    assert not told(NoticeKind.ANSWER_LATE)
    run(last + timedelta(minutes=2))
    assert told(NoticeKind.ANSWER_LATE) == [owner_of(version)]


# ---------- what stops a clock ----------


def test_a_safety_comment_has_a_clock_of_its_own(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    assert dues(ask(version, engineer, kind="safety")) == {}


@pytest.mark.parametrize("how", ["owner", "staff", "resolved"])
def test_an_answer_ends_what_a_comment_waits_for(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, how: str
) -> None:
    thread = ask(version, engineer)
    threads.reply(thread=thread, text="Same here.", by=make.field_engineer(), at=START + DAY)
    assert dues(thread)
    at = START + 2 * DAY
    if how == "resolved":
        threads.resolve_thread(thread=thread, by=engineer, at=at)
    else:
        by = owner_of(version) if how == "owner" else make.documentation_staff()
        threads.reply(thread=thread, text="So.", by=by, at=at)
    assert dues(thread) == {}
    assert thread_times(Q(pk=thread.pk))[0].answered_at == at
    assert run(START + 30 * DAY) == []


def test_who_asks_again_waits_anew(version: ProcedureVersion, engineer: User, level: ServiceLevel) -> None:
    thread = ask(version, engineer)
    threads.resolve_thread(thread=thread, by=owner_of(version), at=START + DAY)
    threads.reopen_thread(thread=thread, text="It came back.", by=engineer, at=START + 20 * DAY)
    assert dues(thread) == {"answer": date(2026, 3, 25)}
    assert thread_times(Q(pk=thread.pk))[0].answered_at == START + DAY


@pytest.mark.parametrize("how", ["owner", "staff", "handed to"])
def test_a_comment_of_who_decides_answers_a_proposal(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, how: str
) -> None:
    mark = propose(version, engineer)
    for by in (make.field_engineer(), make.procedure_owner(), engineer):
        proposing.comment(suggestion=mark, text="Good.", by=by, at=START + DAY)
        assert "answer" in dues(mark)
    by = {"owner": owner_of(version), "staff": make.documentation_staff()}.get(how) or make.procedure_owner()
    if how == "handed to":
        deciding.hand_on(suggestion=mark, to=by, by=owner_of(version), at=START + DAY)
        assert "answer" in dues(mark)
    proposing.comment(suggestion=mark, text="I look at it.", by=by, at=START + 2 * DAY)
    assert dues(mark) == {"decision": date(2026, 3, 12)}
    assert proposal_times([mark.pk])[0].answered_at == START + 2 * DAY


def test_all_of_a_proposal_is_to_be_decided(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    head = propose(version, engineer, steps="ab")
    first, second = head.sent_together()
    deciding.refuse(suggestion=first, by=owner_of(version), answer="No", at=START + DAY)
    assert dues(head) == {"decision": date(2026, 3, 12)}
    deciding.accept(suggestion=second, by=owner_of(version), at=START + 4 * DAY)
    assert dues(head) == {}
    times = proposal_times([head.pk])[0]
    assert (times.answered_at, times.decided_at) == (START + DAY, START + 4 * DAY)


def test_the_clock_stands_while_the_author_is_asked(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    mark, owner = propose(version, engineer), owner_of(version)
    deciding.ask_back(suggestion=mark, by=owner, question="Which meter?", at=START + 2 * DAY)
    assert dues(mark) == {}
    assert run(START + 50 * DAY) == []
    proposing.comment(suggestion=mark, text="The blue one.", by=engineer, at=START + 52 * DAY)
    assert dues(mark) == {"decision": date(2026, 3, 12) + 50 * DAY}
    deciding.ask_back(suggestion=mark, by=owner, question="Sure?", at=START + 53 * DAY)
    proposing.comment(suggestion=mark, text="Yes.", by=engineer, at=START + 55 * DAY)
    assert dues(mark) == {"decision": date(2026, 3, 12) + 52 * DAY}


def test_it_runs_on_while_another_part_waits_for_the_decision(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    head, owner = propose(version, engineer, steps="ab"), owner_of(version)
    first, second = head.sent_together()
    deciding.ask_back(suggestion=first, by=owner, question="Which meter?", at=START + DAY)
    assert dues(head) == {"decision": date(2026, 3, 12)}
    deciding.ask_back(suggestion=second, by=owner, question="And here?", at=START + 3 * DAY)
    assert dues(head) == {}
    proposing.comment(suggestion=head, text="The blue one.", by=engineer, at=START + 7 * DAY)
    assert dues(head) == {"decision": date(2026, 3, 16)}


def test_what_was_answered_before_there_were_levels_counts_as_answered(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    mark = propose(version, engineer)
    proposing.comment(suggestion=mark, text="I look at it.", by=owner_of(version), at=START + DAY)
    proposing.comment(suggestion=mark, text="Still.", by=owner_of(version), at=START + 5 * DAY)
    thread = Thread.objects.get(suggestion=mark)
    thread.history.filter(status="answered").delete()
    Thread.objects.filter(pk=thread.pk).update(status="open")
    assert "answer" in dues(mark)
    migration = import_module("review.migrations.0016_answered_proposals")
    with connection.schema_editor() if connection.vendor == "postgresql" else transaction.atomic():
        migration.answer(apps, None)
    assert "answer" not in dues(mark)
    assert proposal_times([mark.pk])[0].answered_at == START + DAY


# ---------- reminders ----------


def test_the_owner_is_reminded_then_told_and_then_staff_each_once(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    owner, staff = owner_of(version), set(pursuing.documentation_staff())
    thread = ask(version, engineer)
    assert run(START + DAY) == []
    number = version.number
    assert run(START + 2 * DAY) == [f"{number}: thread {thread.pk} answer_due 2026-03-05"]
    assert run(START + 3 * DAY) == []
    assert told() == [owner]
    assert run(START + 4 * DAY) == [f"{number}: thread {thread.pk} answer_late 2026-03-05"]
    assert run(START + 6 * DAY) == []
    assert told() == [owner, owner]
    assert run(START + 7 * DAY) == [f"{number}: thread {thread.pk} answer_up 2026-03-05"]
    assert set(told(NoticeKind.ANSWER_UP)) == staff != set()
    make.documentation_staff()  # who came since is not told of what is old
    assert run(START + 90 * DAY) == []
    notice = Notice.objects.filter(kind=NoticeKind.ANSWER_LATE).get()
    assert (notice.text, notice.get_absolute_url()) == ("Why?", thread.get_absolute_url())


def test_a_level_of_one_day_reminds_on_the_day(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    ServiceLevel.objects.update(first_answer_days=1)
    ask(version, engineer)
    assert run(START) == []
    assert len(run(START + DAY)) == 1


def test_what_is_done_meanwhile_reminds_nobody_any_more(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    owner = owner_of(version)
    thread, mark = ask(version, engineer), propose(version, engineer)
    run(START + 20 * DAY)
    waiting = Notice.objects.unread().filter(recipient=owner, due_on__isnull=False)
    assert waiting.count() == 3
    threads.reply(thread=thread, text="So.", by=owner)
    proposing.comment(suggestion=mark, text="I look at it.", by=owner)
    assert [notice.kind for notice in waiting.all()] == [NoticeKind.DECIDE_LATE]
    deciding.ask_back(suggestion=mark, by=owner, question="Which meter?")
    assert not waiting.exists()


def test_who_was_handed_the_decision_is_reminded_of_it(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    owner, other = owner_of(version), make.procedure_owner("the.other")
    mark = propose(version, engineer)
    proposing.comment(suggestion=mark, text="Not mine.", by=owner, at=START)
    run(START + 9 * DAY)
    assert told() == [owner]
    deciding.hand_on(suggestion=mark, to=other, by=owner, at=START + 10 * DAY)
    assert not Notice.objects.unread().filter(recipient=owner, kind=NoticeKind.DECIDE_DUE).exists()
    run(START + 10 * DAY)
    assert told() == [owner, other]
    run(START + 11 * DAY)
    assert told(NoticeKind.DECIDE_LATE) == [other]


def test_nobody_is_asked_to_answer_their_own_mark(version: ProcedureVersion, level: ServiceLevel) -> None:
    owner, staff = owner_of(version), make.documentation_staff()
    admin = make.make_user("the.admin", ADMINISTRATOR)
    propose(version, owner)
    run(START + 4 * DAY)
    assert owner not in told()
    assert {staff, admin} <= set(told(NoticeKind.ANSWER_LATE))
    run(START + 7 * DAY)  # documentation staff are the ones late
    assert told(NoticeKind.ANSWER_UP) == [admin]


@pytest.mark.parametrize("left", ["the site", "the role", "none"])
def test_without_an_owner_who_can_act_staff_are_reminded(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, left: str
) -> None:
    owner, staff = owner_of(version), make.documentation_staff()
    ask(version, engineer)
    if left == "the role":
        owner.groups.clear()
    elif left == "the site":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    else:
        type(version.page).objects.filter(pk=version.page_id).update(procedure_owner=None)
    run(START + 4 * DAY)
    assert staff in told(NoticeKind.ANSWER_LATE)
    assert owner not in told()


def test_a_day_that_moves_is_told_anew(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    ask(version, engineer)
    run(START + 4 * DAY)
    ServiceLevel.objects.update(first_answer_days=5)
    run(START + 4 * DAY)
    assert [notice.due_on for notice in Notice.objects.filter(due_on__isnull=False).order_by("due_on")] == [
        date(2026, 3, 5), date(2026, 3, 7),
    ]  # fmt: skip


def test_the_database_lets_nobody_be_reminded_twice(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    ask(version, engineer), propose(version, engineer)
    run(START + 4 * DAY)
    for twin in Notice.objects.filter(kind=NoticeKind.ANSWER_LATE):
        twin.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.filter(thread__isnull=False, due_on__isnull=False).update(thread=None)


def test_one_that_fails_holds_no_other_up(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = ask(version, engineer), ask(version, engineer)
    real = pursuing._text

    def fail(key: Any) -> str:
        if key == ("thread", broken.pk):
            raise RuntimeError("broken")
        return real(key)

    monkeypatch.setattr(pursuing, "_text", fail)  # no known state of a mark makes it fail
    lines = list(scheduling.run(START + 4 * DAY))
    assert any(f"thread {fine.pk} answer_late" in line for line in lines)
    assert any(isinstance(line, scheduling.Failure) and "RuntimeError" in line for line in lines)


def test_the_clock_asks_few_queries_where_nothing_is_new(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        ask(version, engineer), propose(version, engineer)
    run(START + 4 * DAY)
    with django_assert_max_num_queries(12):
        assert run(START + 4 * DAY) == []
