"""Service levels on the pages: what is due, what is overdue, and that it costs the same for many."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kb.accounts.models import User
from procedures.models import ProcedureVersion
from review import deciding, levels, threads
from review.models import ServiceLevel
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_levels import ask, dues, owner_of, propose

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(steps=[make.step("a")]).pk


@pytest.fixture
def engineer() -> User:
    return make.field_engineer()


def test_overdue_is_shown_on_the_mark_and_in_the_inbox(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    thread, mark = ask(version, engineer), propose(version, engineer)
    client = signed_in(owner_of(version))
    for address in (thread.get_absolute_url(), mark.get_absolute_url()):
        assert "answer overdue since 2026-03-05" in client.get(address).content.decode()
    assert "decision overdue since 2026-03-12" in client.get(mark.get_absolute_url()).content.decode()
    inbox = client.get("/review/inbox/").content.decode()
    assert inbox.count("answer overdue since 2026-03-05") == 2
    assert "2 marks that wait for you are overdue." in inbox
    mine = signed_in(engineer).get("/review/inbox/").content.decode()
    assert "decision overdue since 2026-03-12" in mine
    assert "that wait for you are overdue" not in mine
    threads.reply(thread=thread, text="So.", by=owner_of(version))
    deciding.refuse(suggestion=mark, by=owner_of(version), answer="No")
    assert "overdue since" not in client.get("/review/inbox/").content.decode()


def test_what_is_not_overdue_says_its_day(
    version: ProcedureVersion, engineer: User, level: ServiceLevel
) -> None:
    thread = ask(version, engineer, at=datetime.now(UTC))
    text = signed_in(engineer).get(thread.get_absolute_url()).content.decode()
    assert f"answer due by {dues(thread)['answer']}" in text


def test_showing_costs_the_same_for_many(
    version: ProcedureVersion, engineer: User, level: ServiceLevel, django_assert_max_num_queries: Any
) -> None:
    marks = [propose(version, engineer) for _ in range(3)]
    asked = [ask(version, engineer) for _ in range(3)]
    with django_assert_max_num_queries(6):
        levels.show_dues(asked, marks)
    assert all(mark.dues for mark in (*asked, *marks))
