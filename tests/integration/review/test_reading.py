"""Read and understood: who is asked, what each is shown, their own act, reminders, the report."""

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import DOCUMENTATION_STAFF, FIELD_ENGINEER, PROCEDURE_OWNER
from kb.bootstrap import build_site
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, duties, landing, proposing, readers, releasing, scheduling
from review.models import Acknowledgement, Notice, NoticeKind, ReadingRule
from review.waiting import waiting_for
from tests import factories as make
from tests.factories import PASSWORD, signed_in
from tests.integration.audit.conftest import verify

pytestmark = pytest.mark.django_db


def release(version: ProcedureVersion, body: str, significance: str = "major") -> ProcedureVersion:
    """The next version of the procedure, by its owner: step "a" now says `body`."""
    owner = version.page.procedure_owner
    draft = ProcedurePage.objects.get(pk=version.page_id).get_latest_revision_as_object()
    draft.steps[0].value["body"] = body
    draft.save_revision(user=owner)
    return make.release(
        draft, by=owner, approver=version.approved_by, summary=f"Now: {body}", significance=significance
    )


def task(version: ProcedureVersion, person: Any) -> Acknowledgement:
    return Acknowledgement.objects.get(version=version, person=person)


def asked(version: ProcedureVersion) -> set[Any]:
    return {task.person for task in version.acknowledgements.all()}


def acknowledge(version: ProcedureVersion, person: Any) -> None:
    duties.acknowledge(task=task(version, person), by=person)


def build() -> tuple[int, int]:
    """Somebody to ask, and version 1.0, a minor one, which nobody was asked to read."""
    engineer, line = make.field_engineer("eve"), make.product_line("UPS")
    steps = [make.step("a", body="Turn left."), make.step("b")]
    return engineer.pk, make.released(product_line=line, steps=steps).pk


@pytest.fixture
def engineer(built: tuple[int, int], db: None) -> Any:
    return User.objects.get(pk=built[0])


@pytest.fixture
def first(built: tuple[int, int], db: None) -> ProcedureVersion:
    return ProcedureVersion.objects.get(pk=built[1])


def test_a_site_begins_with_field_engineers_and_two_weeks_and_keeps_what_was_set() -> None:
    rule = ReadingRule.objects.get()
    assert (rule.product_line, rule.days, [group.name for group in rule.groups.all()]) == (
        None, 14, [FIELD_ENGINEER],
    )  # fmt: skip
    rule.groups.clear()
    build_site()
    assert not ReadingRule.objects.get().groups.exists()


def test_a_major_version_asks_the_active_field_engineers(first: ProcedureVersion, engineer: Any) -> None:
    other = make.field_engineer()
    type(engineer).objects.filter(pk=make.field_engineer("gone").pk).update(is_active=False)
    second = release(first, "Turn right.")
    assert asked(second) == {engineer, other}
    today = timezone.localdate()
    assert {found.due_on for found in second.acknowledgements.all()} == {today + timedelta(days=14)}
    event = AuditEvent.objects.get(kind="asked_to_read")
    assert len(event.seals) == event.data["people"] == 2
    assert verify()[0]


def test_before_it_is_signed_the_release_names_whom_it_will_ask(first: Any, engineer: Any) -> None:
    owner, page = first.page.procedure_owner, ProcedurePage.objects.get(pk=first.page_id)
    author, other = make.field_engineer("ann"), make.field_engineer("otto")
    draft = landing.working_copy(page)
    draft.steps[0].value["body"] = "Turn right."
    draft.save_revision(user=author)

    def named() -> dict[str, list[str]]:
        text = signed_in(owner).get(f"/review/{page.number}/working-copy/").content.decode()
        effects = re.findall(r"<summary>(People who will have.*?) <span.*?<ul>(.*?)</ul>", text)
        return {label: sorted(re.findall("<li>(.*?)</li>", items)) for label, items in effects}

    label, names = "People who will have to acknowledge it", sorted([str(engineer), str(other)])
    assert named() == {f"{label}, if it is a major version": names}
    minor = releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    assert named() == {}
    releasing.take_back(release=minor, by=owner)
    page = ProcedurePage.objects.get(pk=page.pk)
    releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="major")
    assert named() == {label: names}
    assert sorted(map(str, asked(make.approve(page, by=first.approved_by)))) == names


@pytest.mark.parametrize("significance", ["minor", "editorial"])
def test_a_lesser_version_asks_nobody(first: ProcedureVersion, significance: str) -> None:
    assert not asked(release(first, "Turn right.", significance))
    assert not AuditEvent.objects.filter(kind="asked_to_read").exists()


def test_a_first_version_is_asked_for_where_it_is_major(engineer: Any) -> None:
    owner = make.procedure_owner()
    approver = make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner)
    assert asked(make.release(page, by=owner, approver=approver, significance="major")) == {engineer}


def test_the_rule_of_the_product_line_goes_before_the_one_for_any(first: Any, engineer: Any) -> None:
    rule = ReadingRule.objects.create(product_line=first.product_line, days=3)
    rule.groups.set(Group.objects.filter(name=DOCUMENTATION_STAFF))
    curator = make.documentation_staff()
    second = release(first, "Turn right.")
    assert asked(second) == {curator}  # the one who signed it knows it
    assert task(second, curator).due_on == timezone.localdate() + timedelta(days=3)
    rule.groups.clear()
    assert not asked(release(second, "Turn back."))


def test_whoever_wrote_or_signed_the_text_is_not_asked_but_who_proposed_one_edit_is(
    first: ProcedureVersion, engineer: Any
) -> None:
    rule = ReadingRule.objects.get()
    rule.groups.set(Group.objects.filter(name__in=[FIELD_ENGINEER, PROCEDURE_OWNER, DOCUMENTATION_STAFF]))
    other = make.procedure_owner()
    suggestion = proposing.suggest(
        version=first, changes={("b", "body"): "Switch it off."}, reason="Sparks", by=engineer
    )
    deciding.accept(suggestion=suggestion, by=first.page.procedure_owner)
    second = release(first, "Turn right.")
    assert second.released_suggestions.get() == suggestion
    assert asked(second) == {engineer, other}


def test_a_group_without_the_right_to_read_is_not_asked(first: ProcedureVersion) -> None:
    outsider = make.make_user("outsider")
    guests = Group.objects.create(name="Guests")
    outsider.groups.add(guests)
    ReadingRule.objects.get().groups.set([guests])
    assert not asked(release(first, "Turn right."))


def test_a_version_scheduled_for_later_asks_on_its_day(first: ProcedureVersion, engineer: Any) -> None:
    owner, day = first.page.procedure_owner, timezone.now() + timedelta(days=5)
    draft = first.page.get_latest_revision_as_object()
    draft.title = "Another title"
    draft.save_revision(user=owner)
    releasing.submit_for_release(
        page=draft, by=owner, change_summary="x", significance="major", effective_from=day
    )
    second = make.approve(draft, by=first.approved_by)
    assert not asked(second)
    list(scheduling.run(day + timedelta(minutes=1)))
    assert asked(second) == {engineer}
    assert task(second, engineer).due_on == timezone.localdate(day) + timedelta(days=14)


def test_opening_is_not_acknowledging_and_each_acknowledges_alone(first: Any, engineer: Any) -> None:
    other = make.field_engineer("otto")
    second = release(first, "Turn right.")
    client, address = signed_in(engineer), f"/review/{second.number}/read/"
    text = client.get(address).content.decode()
    assert "The whole text" in text
    assert "Turn right." in text
    assert task(second, engineer).acknowledged_at is None
    assert client.post(address, {"version": second.pk}).status_code == 302
    assert task(second, engineer).acknowledged_at is not None
    assert task(second, other).acknowledged_at is None
    event = AuditEvent.objects.get(kind="acknowledged")
    assert (event.actor, event.version, event.data["sha256"]) == (engineer, second, second.sha256)
    assert set(event.seals) == {f"review.acknowledgement:{task(second, engineer).pk}"}
    assert verify()[0]
    assert "already" in client.get(address).content.decode()
    client.post(address, {"version": second.pk})
    assert AuditEvent.objects.filter(kind="acknowledged").count() == 1
    Acknowledgement.objects.filter(person=other).update(acknowledged_at=timezone.now())
    assert not verify()[0]


def test_nobody_acknowledges_for_somebody_else_or_twice(first: ProcedureVersion, engineer: Any) -> None:
    second = release(first, "Turn right.")
    with pytest.raises(PermissionDenied):
        duties.acknowledge(task=task(second, engineer), by=make.field_engineer())
    acknowledge(second, engineer)
    with pytest.raises(NotAllowed, match="already"):
        acknowledge(second, engineer)


def test_they_see_only_what_changed_since_what_they_acknowledged_last(first: Any, engineer: Any) -> None:
    second = release(first, "Turn right.")
    acknowledge(second, engineer)
    release(second, "Turn right, slowly.", "minor")
    release(second, "Turn right, very slowly.", "minor")
    late = make.field_engineer("late")
    last = release(second, "Turn right, very slowly, twice.")
    text = signed_in(engineer).get(f"/review/{last.number}/read/").content.decode()
    assert "What changed from version 2.0, which you acknowledged last, to 3.0" in text
    assert "<ins>" in text
    assert "Switch off" not in text.partition("1 step unchanged")[0].partition("<h2>")[2].replace(
        'Step 1 · <span lang="en">Switch off', ""
    )
    for label in ("2.1", "2.2", "3.0"):
        assert f"<b>{label}</b>" in text
    assert "<b>2.0</b>" not in text
    assert "The whole text" in signed_in(late).get(f"/review/{last.number}/read/").content.decode()


def test_a_newer_major_version_overtakes_what_is_still_open(first: Any, engineer: Any) -> None:
    reader = make.field_engineer("reader")
    second = release(first, "Turn right.")
    acknowledge(second, reader)
    third = release(second, "Turn back.")
    old = task(second, engineer)
    assert old.overtaken_at is not None
    assert task(second, reader).overtaken_at is None
    with pytest.raises(NotAllowed, match="newer version"):
        duties.acknowledge(task=old, by=engineer)
    assert list(readers.open_tasks(engineer)) == [task(third, engineer)]
    assert readers.last_read(task(third, engineer)) is None
    assert readers.last_read(task(third, reader)) == second
    assert verify()[0]


def test_the_button_acknowledges_only_the_version_that_was_shown(first: Any, engineer: Any) -> None:
    second = release(first, "Turn right.")
    third = release(second, "Turn back.")
    client = signed_in(engineer)
    for sent in (second.pk, "", "x"):
        client.post(f"/review/{third.number}/read/", {"version": sent})
    assert task(third, engineer).acknowledged_at is None


def test_nobody_has_to_read_what_was_withdrawn(first: ProcedureVersion, engineer: Any) -> None:
    second = release(first, "Turn right.")
    releasing.withdraw(version=second, by=first.approved_by, password=PASSWORD, reason="Dangerous")
    assert not readers.open_tasks(engineer).exists()
    with pytest.raises(NotAllowed, match="withdrawn"):
        acknowledge(second, engineer)
    assert not Notice.objects.unread().filter(recipient=engineer).exists()


def test_a_newer_version_takes_the_news_of_the_earlier_one_with_it(first: Any, engineer: Any) -> None:
    release(first, "Turn right.")
    third = release(first, "Turn left.")
    assert Notice.objects.unread().get(recipient=engineer).version == third


def test_the_inbox_and_the_version_page_say_what_is_still_to_be_read(
    first: Any, engineer: Any, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    second = release(first, "Turn right.")
    client, address = signed_in(engineer), f"/review/{second.number}/read/"
    assert waiting_for(engineer).to_read == 1
    for page in ("/review/inbox/", second.get_absolute_url(), first.get_absolute_url()):
        assert address in client.get(page).content.decode()
    assert "<strong>1</strong><span>version to read</span>" in client.get("/").content.decode()
    with django_assert_max_num_queries(12):
        client.get(second.get_absolute_url())
    waiting = waiting_for(type(engineer).objects.get(pk=engineer.pk))
    engineer_sees = waiting.total
    with django_assert_num_queries(0):
        assert (waiting.to_read, waiting.to_review) == (1, 0)
    acknowledge(second, engineer)
    assert waiting_for(engineer).total == engineer_sees - 2  # the task, and the news of it
    assert address not in client.get(second.get_absolute_url()).content.decode()
    assert address not in signed_in(make.field_engineer()).get(second.get_absolute_url()).content.decode()


def test_readers_are_reminded_a_day_before_and_when_it_is_overdue_each_once(
    first: Any, engineer: Any
) -> None:
    reader = make.field_engineer("reader")
    second = release(first, "Turn right.")
    acknowledge(second, reader)
    now = timezone.now()
    assert list(scheduling.run(now + timedelta(days=12))) == []
    assert list(scheduling.run(now + timedelta(days=13))) == [f"{second}: eve reminded"]
    assert list(scheduling.run(now + timedelta(days=14))) == []
    assert list(scheduling.run(now + timedelta(days=15))) == [f"{second}: eve reminded"]
    assert list(scheduling.run(now + timedelta(days=30))) == []
    kinds = [notice.kind for notice in Notice.objects.filter(recipient=engineer).order_by("pk")]
    assert kinds == [NoticeKind.READ_ASKED, NoticeKind.READ_DUE, NoticeKind.READ_LATE]
    assert f"/review/{second.number}/read/" in signed_in(engineer).get("/review/inbox/").content.decode()
    acknowledge(second, engineer)
    assert not Notice.objects.unread().filter(recipient=engineer).exists()


def test_the_report_counts_by_team_and_the_csv_is_safe_to_open(first: Any, engineer: Any) -> None:
    north = Group.objects.create(name="=North")
    reader = make.field_engineer("reader")
    engineer.groups.clear()  # asked by hand below, long ago
    second = release(first, "Turn right.")
    engineer.groups.set([Group.objects.get(name=FIELD_ENGINEER), north])
    acknowledge(second, reader)
    Acknowledgement.objects.create(
        version=second, person=engineer, asked_at=timezone.now(), due_on=date(2020, 1, 31)
    )
    rows = readers.by_team(second.acknowledgements.all(), timezone.localdate())[second.pk]
    assert [(row.team, row.asked, len(row.read), row.overdue) for row in rows] == [
        ("=North", 1, 0, 1), (FIELD_ENGINEER, 2, 1, 1),
    ]  # fmt: skip
    client = signed_in(first.page.procedure_owner)
    text = client.get("/review/readers/").content.decode()
    assert "overdue since 2020-01-31" in text
    chinese = client.get("/review/readers/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "现场工程师" in chinese
    assert "Field engineer" not in chinese
    response = client.get("/review/readers.csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    found = {line["account"]: (line["version"], line["state"], line["teams"]) for line in lines}
    assert found == {
        "eve": ("2.0", "Overdue", "'=North; Field engineer"),
        "reader": ("2.0", "Acknowledged", "Field engineer"),
    }


def test_the_report_is_for_owners_of_their_own_and_for_documentation_staff(first: Any) -> None:
    second = release(first, "Turn right.")
    for address in ("/review/readers/", "/review/readers.csv"):
        assert second.number in signed_in(make.documentation_staff()).get(address).content.decode()
        assert second.number not in signed_in(make.procedure_owner()).get(address).content.decode()
        assert signed_in(make.field_engineer()).get(address).status_code == 403
        assert signed_in(make.make_user()).get(address).status_code == 404
        assert Client().get(address).status_code == 302


def test_the_report_takes_few_queries(first: Any, django_assert_max_num_queries: Any) -> None:
    people = [make.field_engineer() for _ in range(5)]
    release(release(first, "Turn right."), "Turn back.")
    assert people
    client = signed_in(make.documentation_staff())
    with django_assert_max_num_queries(14):
        client.get("/review/readers/")


def test_documentation_staff_set_the_rules_in_the_editing_desk() -> None:
    address = "/admin/snippets/review/readingrule/add/"
    text = signed_in(make.documentation_staff()).get(address).content.decode()
    assert 'name="groups"' in text
    assert signed_in(make.procedure_owner()).get(address).status_code == 302


def test_there_is_one_rule_for_a_product_line_and_one_for_any() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadingRule.objects.create()
    with pytest.raises(ValidationError, match="already"):
        ReadingRule(days=3).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadingRule.objects.update(days=0)


def test_a_person_is_asked_once_and_acknowledges_or_is_overtaken(first: Any, engineer: Any) -> None:
    asked_once = task(release(first, "Turn right."), engineer)
    now = timezone.now()
    for wrong in (
        {"acknowledged_at": now, "overtaken_at": now},
        {"acknowledged_at": asked_once.asked_at - timedelta(days=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Acknowledgement.objects.filter(pk=asked_once.pk).update(**wrong)
    asked_once.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        asked_once.save(force_insert=True)
    with pytest.raises(IntegrityError):
        task(asked_once.version, engineer).delete()
