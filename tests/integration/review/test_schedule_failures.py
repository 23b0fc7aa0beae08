"""What fails on the schedule is told once, and holds nothing else up."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone
from wagtail.models import Page

from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import releasing, reminding, scheduling
from review.models import Notice, NoticeKind
from tests import factories as make

pytestmark = pytest.mark.django_db


def scheduled(number: str, day: datetime) -> ProcedureVersion:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, number=number)
    releasing.submit_for_release(
        page=page, by=owner, change_summary="New", significance="minor", effective_from=day
    )
    return make.approve(page, by=staff)


@pytest.fixture
def day() -> datetime:
    return timezone.now() + timedelta(minutes=5)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, day: datetime) -> ProcedureVersion:
    """The first of two versions that are due; `failing.error` is what happens to it."""
    version = scheduled("SOP-1", day)
    go_live = scheduling.go_live
    version.error = ValidationError({"number": "Another procedure has this number."})

    def fails(*, version: ProcedureVersion, **fields: object) -> ProcedureVersion:
        if version.pk == failing_pk:
            raise failing_version.error
        return go_live(version=version, **fields)

    failing_pk, failing_version = version.pk, version
    monkeypatch.setattr(scheduling, "go_live", fails)  # every known cause is refused before: a cause to come
    return version


@pytest.mark.parametrize(
    "error", [ValidationError({"number": ["Taken."]}), RuntimeError("no such thing"), NotAllowed("Taken.")]
)
def test_the_others_go_into_force(failing: ProcedureVersion, day: datetime, error: Exception) -> None:
    failing.error = error
    other = scheduled("SOP-2", day)
    lines = list(scheduling.run(day))
    assert [isinstance(line, scheduling.Failure) for line in lines] == [True, False]
    assert lines[0].startswith("SOP-1 1.0: ")
    assert ("RuntimeError" if isinstance(error, RuntimeError) else "Taken.") in lines[0]
    assert lines[1] == f"{other} in force"


def test_submitter_and_documentation_staff_are_told_once(failing: ProcedureVersion, day: datetime) -> None:
    boss = make.documentation_staff()
    Notice.objects.all().delete()
    for _time in range(3):
        assert len(list(scheduling.run(day))) == 1
        Notice.objects.update(read_at=day)  # nor again once they have read it
    told = {notice.recipient: notice.kind for notice in Notice.objects.all()}
    assert Notice.objects.count() == len(told)
    assert told[failing.last_editor] == NoticeKind.BLOCKED
    assert told[boss] == told[failing.approved_by] == NoticeKind.FAILED
    event = AuditEvent.objects.get(kind="schedule_failed")
    assert (event.version, event.data["reason"]) == (failing, "Number: Another procedure has this number.")


def test_the_working_copy_says_what_holds_it_back(
    failing: ProcedureVersion, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/review/{failing.number}/working-copy/"
    assert "and goes into force on" in make.signed_in(failing.last_editor).get(address).content.decode()
    list(scheduling.run(day))
    monkeypatch.setattr(timezone, "now", lambda: day + timedelta(minutes=1))
    text = make.signed_in(failing.last_editor).get(address).content.decode()
    assert "and goes into force on" not in text
    assert "and is held back: Number: Another procedure has this number." in " ".join(text.split())


def test_a_year_far_ahead_is_refused() -> None:
    with pytest.raises(NotAllowed, match="more than 5 years ahead"):
        scheduled("SOP-9", timezone.now().replace(year=9999))


def test_the_log_has_the_traceback(
    failing: ProcedureVersion, day: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    failing.error = RuntimeError("no such thing")
    list(scheduling.run(day))
    assert "no such thing" in caplog.text
    assert "Traceback" in caplog.text


def test_the_command_names_it_and_ends_in_an_error(
    failing: ProcedureVersion, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: day)  # a command reads the clock; the day is days ahead
    other, out, errors = scheduled("SOP-2", day + timedelta(seconds=1)), StringIO(), StringIO()
    monkeypatch.setattr(timezone, "now", lambda: day + timedelta(minutes=1))
    with pytest.raises(CommandError, match=r"SOP-1 1\.0: Number: Another procedure"):
        call_command("run_schedule", stdout=out, stderr=errors)
    assert f"{other} in force" in out.getvalue()
    assert "SOP-1" in errors.getvalue()


def test_a_stage_that_fails_is_reported_and_reminders_go_on(
    day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = make.procedure_owner()
    page = make.working_copy(by=owner, procedure_owner=owner, number="SOP-3")
    make.documentation_staff()
    release = releasing.submit_for_release(page=page, by=owner, change_summary="New", significance="minor")
    release.stages.update(due_at=day)

    def fails(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(scheduling, "silent", fails)  # no known state of a stage makes it fail
    monkeypatch.setattr(reminding, "remind", lambda now: iter(["reminded"]))  # shows that it is still reached
    failure, reminded = scheduling.run(day)
    assert failure.startswith("SOP-3: ")
    assert reminded == "reminded"
    assert Notice.objects.filter(recipient=owner, kind=NoticeKind.FAILED, page=page).exists()
    assert AuditEvent.objects.filter(kind="schedule_failed", page=page, version=None).exists()


def test_reminders_that_fail_are_a_failure_too(day: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(now: datetime) -> None:
        raise RuntimeError

    monkeypatch.setattr(reminding, "remind", fails)  # no known state makes it fail
    (failure,) = scheduling.run(day)
    assert isinstance(failure, scheduling.Failure)
    assert ProcedurePage.objects.count() == 0


def test_a_field_that_is_wrong_is_named(day: datetime) -> None:
    """What is wrong with a working copy is told with the field's name, not only that it is wrong."""
    version = scheduled("SOP-1", day)
    other = make.working_copy(by=make.procedure_owner())
    Page.objects.filter(pk=other.pk).update(slug=version.page.slug)  # e.g. by an older import
    (line,) = scheduling.run(day)
    assert line.startswith("SOP-1 1.0: Slug: The slug ")
    assert Notice.objects.filter(text__startswith="Slug: The slug ").exists()


def test_what_fails_on_its_fields_on_the_way_names_them(failing: ProcedureVersion, day: datetime) -> None:
    failing.error = ValidationError({"title": ["Too long."], "__all__": ["Not so."]})
    (line,) = scheduling.run(day)
    assert line == "SOP-1 1.0: Title: Too long. Not so."
