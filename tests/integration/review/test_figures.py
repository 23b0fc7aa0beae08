"""The figures of the loop: what is counted, for whom, and how it is shown."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from procedures.models import ProcedureVersion
from review import deciding, figures, proposing, threads
from review.figures import Scope, first_month, report
from review.models import ServiceLevel, Suggestion
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)
ADDRESS = "/review/figures/"


def build() -> int:
    steps = [make.step(name) for name in "abcdef"]
    owner = make.procedure_owner("zoe.owner")
    return make.released(owner=owner, product_line=make.product_line("UPS"), steps=steps).pk


@pytest.fixture
def engineer() -> User:
    return make.field_engineer("the.engineer")


def owner_of(version: ProcedureVersion) -> Any:
    return version.page.procedure_owner


def propose(version: ProcedureVersion, by: User, days_ago: float, step: str = "a") -> Suggestion:
    changes = {(step, "body"): f"Another text {Suggestion.objects.count()}."}
    return proposing.suggest(
        version=version, changes=changes, reason="Because", by=by, at=NOW - days_ago * DAY
    )


def ask(version: ProcedureVersion, by: User, days_ago: float, kind: str = "question") -> Any:
    at = NOW - days_ago * DAY
    return threads.start_thread(version=version, step_id="a", kind=kind, text="Why?", by=by, at=at)


def test_what_is_counted(version: ProcedureVersion, engineer: User) -> None:
    owner = owner_of(version)
    for step, days in (("a", 1), ("b", 3), ("c", 8)):
        mark = propose(version, engineer, 20, step)
        deciding.accept(suggestion=mark, by=owner, at=NOW - (20 - days) * DAY)
    deciding.refuse(suggestion=propose(version, engineer, 20, "d"), by=owner, answer="No", at=NOW - 16 * DAY)
    deciding.withdraw(suggestion=propose(version, engineer, 20, "e"), by=engineer, at=NOW - 19 * DAY)
    threads.reply(thread=ask(version, engineer, 10), text="So.", by=owner, at=NOW - 8 * DAY)
    found = report(Scope(), NOW).total
    assert (found.proposals, found.comments, found.edits_decided) == (5, 1, 4)
    assert found.share_accepted == 75
    assert found.medians == [3, 3.5, None]  # 1, 2, 3, 4, 8; 1, 3, 4, 8; nothing is in force yet
    assert (found.open, found.overdue) == (0, 0)
    newer = make.release(version.page, by=owner, approver=make.documentation_staff())
    found = report(Scope(), newer.effective_from).total
    assert found.medians[2] == pytest.approx(20, abs=0.2)
    assert len(found.days_to_effective) == 3


def test_a_release_that_is_only_scheduled_is_not_in_force(version: ProcedureVersion, engineer: User) -> None:
    owner = owner_of(version)
    for step in "abc":
        deciding.accept(suggestion=propose(version, engineer, 5, step), by=owner)
    newer = make.release(version.page, by=owner, approver=make.documentation_staff())
    assert len(report(Scope(), newer.effective_from).total.days_to_effective) == 3
    assert not report(Scope(), newer.effective_from - timedelta(seconds=1)).total.days_to_effective


def test_what_is_open_and_overdue_counts_older_marks_too(version: ProcedureVersion, engineer: User) -> None:
    ServiceLevel.objects.create(first_answer_days=3, decision_days=10)
    propose(version, engineer, 500)
    propose(version, engineer, 1, "b")
    ask(version, engineer, 30)
    ask(version, engineer, 2, kind="safety")  # overdue by its own clock
    found = report(Scope(), NOW).total
    assert (found.proposals, found.comments, found.open, found.overdue) == (1, 2, 4, 3)


def test_months_are_those_of_the_sites_time_zone(
    version: ProcedureVersion, engineer: User, settings: Any
) -> None:
    at = datetime(2026, 1, 31, 17, tzinfo=UTC)
    threads.start_thread(version=version, step_id="a", kind="question", text="Why?", by=engineer, at=at)
    now = datetime(2026, 12, 5, tzinfo=UTC)

    def months() -> dict[str, int]:
        return {month.name: month.comments for month in report(Scope(), now).months if month.marks}

    assert months() == {"2026-01": 1}
    settings.TIME_ZONE = "Asia/Shanghai"
    assert months() == {"2026-02": 1}
    assert [month.name for month in report(Scope(), now).months][:: figures.MONTHS - 1] == [
        "2026-01", "2026-12",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 12, 31), date(2026, 1, 1)),
        (date(2026, 11, 1), date(2025, 12, 1)),
        (date(2026, 1, 5), date(2025, 2, 1)),
    ],
)
def test_twelve_months_with_this_one(today: date, first: date) -> None:
    assert first_month(today) == first


def test_groups_are_in_the_order_of_their_names_and_filtered(
    version: ProcedureVersion, engineer: User
) -> None:
    other = make.released(owner=make.procedure_owner("anna.owner"), steps=[make.step("a")])
    for days in (1, 2, 3):
        ask(version, engineer, days)
    ask(other, engineer, 1)
    found = report(Scope(), NOW)
    assert [(group.name, group.comments) for group in found.by_owner] == [("anna.owner", 1), ("zoe.owner", 3)]
    assert [(group.name, group.comments) for group in found.by_line] == [
        (version.product_line.local_name, 3), ("", 1),
    ]  # fmt: skip
    assert report(Scope(line="UPS"), NOW).total.comments == 3
    assert report(Scope(line="none"), NOW).total.comments == 1
    assert report(Scope(owner="anna.owner"), NOW).total.comments == 1
    assert report(Scope(line="UPS", owner="anna.owner"), NOW).total.comments == 0


def test_who_may_read_them(version: ProcedureVersion) -> None:
    for address in (ADDRESS, "/review/figures.csv"):
        for reader in (owner_of(version), make.documentation_staff()):
            assert signed_in(reader).get(address).status_code == 200
        assert signed_in(make.field_engineer()).get(address).status_code == 403
        assert signed_in(make.make_user()).get(address).status_code == 404  # a customer
        assert Client().get(address).status_code == 302
    assert ADDRESS in signed_in(owner_of(version)).get("/review/inbox/").content.decode()
    assert ADDRESS not in signed_in(make.field_engineer()).get("/review/inbox/").content.decode()
    assert ADDRESS in signed_in(owner_of(version)).get("/admin/").content.decode()


def test_the_page_has_the_chart_the_tables_and_nobody_who_proposed(
    version: ProcedureVersion, engineer: User
) -> None:
    for step in "ab":
        mark = propose(version, engineer, 2, step)
        deciding.accept(suggestion=mark, by=owner_of(version))
    ask(version, engineer, 2)
    client = signed_in(make.documentation_staff())
    text = client.get(ADDRESS).content.decode()
    assert text.count("<svg viewBox") >= 12
    assert '<ul class="ages" aria-hidden="true">' in text  # the table below has the same numbers
    assert "zoe.owner" in text
    assert "the.engineer" not in text
    assert "too few" in text
    assert " style=" not in text
    assert '<option value="UPS" selected>' in client.get(f"{ADDRESS}?line=UPS").content.decode()
    assert client.get(f"{ADDRESS}?line=nonsense").status_code == 404
    assert client.get(f"{ADDRESS}?owner=the.engineer").status_code == 404


def test_a_share_in_chinese_is_no_broken_chart(version: ProcedureVersion, engineer: User) -> None:
    for days in (1, 1, 1):
        ask(version, engineer, days)
    for language in ("de", "zh-hans"):
        text = signed_in(owner_of(version)).get(ADDRESS, headers={"accept-language": language})
        assert 'width="100' in text.content.decode()


def test_the_csv_says_the_same_and_is_no_formula(version: ProcedureVersion, engineer: User) -> None:
    owner = owner_of(version)
    User.objects.filter(pk=owner.pk).update(first_name="=HYPERLINK(1)", last_name="")
    for days in (4, 5, 6):
        threads.reply(thread=ask(version, engineer, days), text="So.", by=owner, at=NOW - (days - 1) * DAY)
    response = signed_in(make.documentation_staff()).get("/review/figures.csv?line=UPS")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["by"] for row in rows].count("month") == 12
    by = {row["by"]: row for row in rows}
    assert (by["all"]["comments"], by["all"]["median_days_to_answer"]) == ("3", "1.0")
    assert by["all"]["share_accepted_percent"] == "too few"
    assert by["owner"]["name"].startswith("'=HYPERLINK")


def test_they_take_few_queries(
    version: ProcedureVersion, engineer: User, django_assert_max_num_queries: Any
) -> None:
    ServiceLevel.objects.create()
    for days in range(5):
        deciding.ask_back(
            suggestion=propose(version, engineer, days), by=owner_of(version), question="Which?"
        )
        ask(version, engineer, days)
    with django_assert_max_num_queries(10):
        report(Scope(), NOW)
