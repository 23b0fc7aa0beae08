"""A version called off before its day was never read: everything is held against what the field has."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from kb.accounts.roles import DOCUMENTATION_STAFF
from procedures.audit.paper import record_html
from procedures.audit.records import procedure_record
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.printing import version_html
from procedures.rules import NotAllowed
from review import landing, readers, releasing, taking_up
from review.models import Acknowledgement, ReadingRule
from tests import factories as make
from tests.factories import signed_in

DIFFERENCE = r"</span>5</del>.*?</span>50</ins>"  # what the field does not know yet

pytestmark = pytest.mark.django_db


def build() -> int:
    line = make.product_line()
    make.machine(make.machine_model(line), make.releases(line)[0])
    steps = [make.step("a", body="Wait 5 minutes."), make.step("b", body="Open Q2.")]
    return make.released(steps=steps, product_line=line).pk


@pytest.fixture
def people(version: ProcedureVersion) -> tuple[Any, Any]:
    """Its owner, and who signed it."""
    return version.page.procedure_owner, version.approved_by


def edit(version: ProcedureVersion, step: int, text: str, by: Any) -> ProcedurePage:
    draft = landing.working_copy(version.page)
    draft.steps[step].value["body"] = text
    draft.save_revision(user=by)
    return ProcedurePage.objects.get(pk=version.page_id)


def call_off(version: ProcedureVersion, people: Any, significance: str = "minor") -> ProcedureVersion:
    """Version 1.1, approved for a day that never came."""
    owner, staff = people
    submitted = releasing.submit_for_release(
        page=edit(version, 0, "Wait 50 minutes.", owner),
        by=owner,
        change_summary="Longer",
        significance=significance,
        effective_from=timezone.now() + timedelta(days=3),
    )
    approved = make.approve(submitted.page, by=staff)
    return releasing.withdraw(version=approved, by=staff, password=make.PASSWORD, reason="Not needed")


def shown(version: ProcedureVersion, user: Any) -> str:
    return signed_in(user).get(f"/review/{version.number}/working-copy/").content.decode()


def test_the_working_copy_is_held_against_the_version_in_force(version, people) -> None:
    call_off(version, people)
    edit(version, 1, "Open Q3.", people[0])
    text = shown(version, people[0])
    assert "What changes against version 1.0, which is in force" in text
    assert re.search(DIFFERENCE, text)
    assert "applies to it from now on" not in text
    assert "its procedure changes" in text


def test_where_nothing_is_in_force_it_says_what_the_last_was(version, people) -> None:
    releasing.withdraw(version=version, by=people[1], password=make.PASSWORD, reason="Wrong")
    edit(version, 1, "Open Q3.", people[0])
    text = shown(version, people[0])
    assert "What changes against version 1.0, the last in force; none is now" in text
    assert "applies to it from now on" in text


def test_the_change_log_compares_with_what_was_in_force(version, people) -> None:
    owner, staff = people
    call_off(version, people)
    later = make.release(edit(version, 1, "Open Q3.", owner), by=owner, approver=staff)
    assert later.label == "1.2"  # 1.1 is taken
    client = signed_in(owner)
    text = client.get(f"/procedures/{version.number}/history/").content.decode()
    assert "?from=1.0&amp;to=1.2" in text
    assert "?from=1.1&amp;to=1.2" not in text
    text = client.get(f"/procedures/{version.number}/compare/").content.decode()
    assert re.search(DIFFERENCE, text)


def test_what_was_called_off_is_not_said_to_have_been_in_force(version, people) -> None:
    called_off = call_off(version, people)
    client = signed_in(people[0])
    for address, times in ((f"/procedures/{version.number}/history/", 1), (called_off.get_absolute_url(), 0)):
        text = client.get(address).content.decode()
        assert "Was to go into force" in text
        assert text.count("In force since") == times
    row = next(
        part
        for part in record_html(procedure_record(version.page), file_name="x.json").split("<tr>")
        if part.startswith(f"<td>{called_off.label}</td>")
    )
    assert f"{called_off.effective_from:%Y-%m-%d}" not in row


def test_readers_are_told_nothing_of_what_was_called_off(version, people) -> None:
    owner, staff = people
    reader = make.documentation_staff()
    ReadingRule.objects.get().groups.set(Group.objects.filter(name=DOCUMENTATION_STAFF))
    call_off(version, people, "major")
    later = make.release(edit(version, 1, "Open Q3.", owner), by=owner, approver=staff, significance="major")
    assert Acknowledgement.objects.get().person == reader
    assert [found.label for found in readers.changes_between(version, later)] == ["3.0"]


def test_the_next_number_is_counted_from_what_is_in_force(version, people) -> None:
    owner, staff = people
    assert call_off(version, people, "major").label == "2.0"
    minor = make.release(edit(version, 1, "Open Q3.", owner), by=owner, approver=staff)
    assert minor.label == "1.1"
    text = signed_in(owner).get(f"/procedures/{version.number}/history/").content.decode()
    assert "?from=1.0&amp;to=1.1" in text
    assert "?from=1.0&amp;to=2.0" in text
    major = make.release(edit(version, 1, "Open Q4.", owner), by=owner, approver=staff, significance="major")
    assert major.label == "3.0"


def test_what_was_never_in_force_gives_its_number_to_nothing_else(people) -> None:
    owner, staff = people
    page = make.working_copy(by=owner, procedure_owner=owner, steps=[make.step("a", body="x")])
    releasing.submit_for_release(
        page=page,
        by=owner,
        change_summary="First",
        significance="minor",
        effective_from=timezone.now() + timedelta(days=3),
    )
    approved = make.approve(page, by=staff)
    releasing.withdraw(version=approved, by=staff, password=make.PASSWORD, reason="Not needed")
    again = make.release(ProcedurePage.objects.get(pk=page.pk), by=owner, approver=staff)
    assert (approved.label, again.label) == ("1.0", "1.1")


@pytest.mark.parametrize("saver_is_asked", [True, False])
def test_only_who_changed_something_need_not_read_it(version, people, saver_is_asked) -> None:
    owner, staff = people
    saver = make.documentation_staff()
    ReadingRule.objects.get().groups.set(Group.objects.filter(name=DOCUMENTATION_STAFF))
    page = edit(version, 0, "Wait 50 minutes." if saver_is_asked else "Wait 40 minutes.", owner)
    edit(version, 0, "Wait 50 minutes.", saver)
    make.release(page, by=owner, approver=staff, significance="major")
    assert Acknowledgement.objects.filter(person=saver).exists() is saver_is_asked


def test_text_that_was_called_off_is_released_after_all(version, people) -> None:
    owner, staff = people
    called_off = call_off(version, people)
    assert "Submit for release" in shown(version, owner)
    later = make.release(ProcedurePage.objects.get(pk=version.page_id), by=owner, approver=staff)
    assert (later.label, later.sha256) == ("1.2", called_off.sha256)


def test_text_that_was_withdrawn_is_released_again(version, people) -> None:
    owner, staff = people
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Wrong")
    taking_up.take_up(version=ProcedureVersion.objects.get(), by=owner)
    page = ProcedurePage.objects.get(pk=version.page_id)
    assert 'name="change_summary"' in shown(version, owner)
    again = make.release(page, by=owner, approver=staff)
    assert (again.label, again.sha256) == ("1.1", version.sha256)
    with pytest.raises(NotAllowed, match=r"Nothing has changed since version 1\.1"):
        releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")


def in_words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", answer.content.decode()))


@pytest.mark.parametrize("blocked", [False, True])
def test_it_says_everywhere_that_it_never_came_into_force(version, people, blocked) -> None:
    """Also where its day came, something kept it from coming into force, and only then it was called off."""
    owner, staff = people
    if blocked:
        submitted = releasing.submit_for_release(
            page=edit(version, 0, "Wait 50 minutes.", owner), by=owner, change_summary="Longer",
            significance="minor", effective_from=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        called_off = releasing.withdraw(
            version=make.approve(submitted.page, by=staff), by=staff, password=make.PASSWORD,
            reason="Not needed", at=timezone.now() + timedelta(days=2),
        )  # fmt: skip
    else:
        called_off = call_off(version, people)
    client = signed_in(owner)
    digest = called_off.sha256[:16]
    addresses = {
        "page": called_off.get_absolute_url(),
        "history": f"/procedures/{version.number}/history/",
        "copy": reverse("procedures:copy", args=[version.number, "1.1", digest]),
    }
    for place, address in addresses.items():
        answer = client.get(address)
        text = in_words(answer)
        assert "Version 1.1 was called off and never came into force" in text, place
        assert "withdrawn" not in text.lower(), place
        assert version.get_absolute_url() in answer.content.decode()
        assert "In force" in text
    chinese = signed_in(owner)
    chinese.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    for address in addresses.values():
        assert "作废" not in in_words(chinese.get(address))
    paper = re.sub(
        "<[^>]+>",
        "",
        version_html(called_off, address="https://x/", printed_at=timezone.now(), printed_by=owner),
    )
    assert "Version 1.1 was called off and never came into force" in paper
    assert f"{version.number}, version 1.0" in paper
    assert "until" not in paper
    assert "withdrawn" not in paper.lower()
    record = procedure_record(version.page)
    assert record["events"][-1]["kind"] == "called_off"
    html = record_html(record, file_name="x.json")
    row = next(part for part in html.split("<tr>") if part.startswith("<td>1.1</td>"))
    assert "<td>Called off</td><td>–</td>" in row.replace('<td lang="en">Replace the fan</td>', "")
    assert "Version 1.1 was called off and never came into force." in row
    assert "In force: version 1.0." in row
    assert list(ProcedureVersion.objects.was_in_force()) == [version]
