"""Periodic review: the interval, the day it is due, the signature that it is still correct, who is told."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import DateField, Value
from django.test import Client
from django.utils import timezone

from procedures.content import canonical_content, content_hash
from procedures.models import Audience, AuditEvent, ProcedurePage, ProcedureVersion
from procedures.printing import version_html
from procedures.rules import NotAllowed
from review import duties, releasing, reminding, scheduling, upkeep
from review.models import Confirmation, Notice, NoticeKind
from tests import factories as make
from tests.factories import PASSWORD, signed_in
from tests.integration.audit.conftest import verify

pytestmark = pytest.mark.django_db


def released(days_ago: float, *, months: int | None = None, **fields: Any) -> ProcedureVersion:
    """Version 1.0, in force since so many days ago."""
    owner = fields.pop("procedure_owner", None) or make.procedure_owner()
    approver = make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, review_months=months, **fields)
    at = timezone.now() - timedelta(days=days_ago)
    release = releasing.submit_for_release(
        page=page, by=owner, change_summary="First", significance="minor", at=at
    )
    releasing.sign(
        stage=release.stages.get(),
        by=approver,
        password=PASSWORD,
        seen_sha256=release.sha256,
        at=at,
    )
    return ProcedureVersion.objects.select_related("page__procedure_owner").get(page=page)


def due_on(version: ProcedureVersion) -> date:
    day: date = upkeep.in_force().get(pk=version.pk).review_due_on
    return day


def confirm(version: ProcedureVersion, by: Any, **fields: Any) -> Confirmation:
    fields = {"password": PASSWORD, "seen_sha256": version.sha256, **fields}
    return duties.confirm(version=version, by=by, **fields)


@pytest.fixture
def overdue() -> ProcedureVersion:
    """In force for 100 days, reviewed every three months; its owner is page.procedure_owner."""
    return released(100, months=3)


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), 120, date(2036, 3, 31)),
    ],
)
def test_months_are_counted_by_the_database_as_people_count_them(day: date, months: int, due: date) -> None:
    version = make.released()
    counted = upkeep.AddMonths(Value(day, output_field=DateField()), Value(months))
    assert ProcedureVersion.objects.annotate(due=counted).get(pk=version.pk).due == due


def test_the_page_or_else_the_site_says_how_often(settings: Any) -> None:
    version = released(0)
    assert (
        due_on(version)
        == upkeep.in_force()
        .annotate(day=upkeep.AddMonths(upkeep.TruncDate("effective_from"), Value(24)))
        .get(pk=version.pk)
        .day
    )
    settings.REDLINE_REVIEW_MONTHS = 1
    assert timedelta(days=27) < due_on(version) - timezone.localdate() < timedelta(days=32)
    page = ProcedurePage.objects.get(pk=version.page_id)
    page.review_months = 12
    page.save_revision()
    assert timedelta(days=364) < due_on(version) - timezone.localdate() < timedelta(days=367)


def test_the_interval_is_no_part_of_the_text_and_holds_as_soon_as_it_is_saved() -> None:
    version = released(0)
    draft = version.page.get_latest_revision_as_object()
    draft.review_months = 6
    draft.save_revision(user=version.last_editor)
    page = ProcedurePage.objects.get(pk=version.page_id)
    assert page.review_months == 6
    assert content_hash(canonical_content(page.get_latest_revision_as_object())) == version.sha256
    with pytest.raises(NotAllowed, match="Nothing has changed"):
        releasing.submit_for_release(
            page=page, by=page.procedure_owner, change_summary="x", significance="minor"
        )


def test_publishing_an_older_revision_does_not_bring_its_interval_back() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, review_months=24)
    releasing.submit_for_release(page=page, by=owner, change_summary="First", significance="minor")
    draft = page.get_latest_revision_as_object()
    draft.review_months = 3
    draft.save_revision(user=owner)
    make.approve(page, by=staff)  # publishes the revision as it was submitted
    assert ProcedurePage.objects.get(pk=page.pk).review_months == 3


def test_an_owner_changes_the_interval_in_the_editing_desk() -> None:
    version = released(0)
    text = signed_in(version.page.procedure_owner).get(f"/admin/pages/{version.page_id}/edit/").content
    assert b'name="review_months"' in text


def test_still_correct_is_signed_sealed_and_on_record(overdue: ProcedureVersion) -> None:
    owner = overdue.page.procedure_owner
    assert due_on(overdue) < timezone.localdate()
    confirmation = confirm(overdue, owner, comment="Done on a real machine")
    assert due_on(overdue) > timezone.localdate() + timedelta(days=85)
    event = AuditEvent.objects.get(kind="reviewed")
    assert (event.version, event.actor) == (overdue, owner)
    assert event.data["sha256"] == confirmation.sha256 == overdue.sha256
    assert set(event.seals) == {f"review.confirmation:{confirmation.pk}"}
    assert verify()[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Confirmation.objects.filter(pk=confirmation.pk).update(comment="Not looked at")


@pytest.mark.parametrize(("internal", "said"), [(True, "Ask the owner"), (False, "Ask your service contact")])
def test_a_printed_copy_says_that_its_review_is_overdue(overdue: Any, internal: bool, said: str) -> None:
    reader = make.field_engineer() if internal else AnonymousUser()
    printed = partial(
        version_html, address="http://testserver/x", printed_at=timezone.now(), printed_by=reader
    )
    text = printed(overdue)
    assert due_on(overdue).isoformat() in text
    assert said in text
    confirm(overdue, overdue.page.procedure_owner)
    assert said not in printed(overdue)


def test_only_the_owner_or_documentation_staff_sign_and_only_with_their_password(overdue: Any) -> None:
    for stranger in (make.field_engineer(), make.procedure_owner()):
        with pytest.raises(PermissionDenied):
            confirm(overdue, stranger)
    with pytest.raises(NotAllowed, match="password"):
        confirm(overdue, overdue.page.procedure_owner, password="wrong")
    with pytest.raises(NotAllowed, match="not the version that you looked at"):
        confirm(overdue, overdue.page.procedure_owner, seen_sha256="0" * 64)
    assert not Confirmation.objects.exists()
    confirm(overdue, make.documentation_staff())


def test_only_the_version_in_force_is_signed_and_a_new_one_counts_anew(overdue: ProcedureVersion) -> None:
    owner = overdue.page.procedure_owner
    confirm(overdue, owner, at=timezone.now() - timedelta(days=95))
    draft = overdue.page.get_latest_revision_as_object()
    draft.title = "Another title"
    draft.save_revision(user=owner)
    newer = make.release(overdue.page, by=owner, approver=make.documentation_staff())
    with pytest.raises(NotAllowed, match="Only the version in force"):
        confirm(ProcedureVersion.objects.get(pk=overdue.pk), owner)
    assert due_on(newer) > timezone.localdate()


def test_a_confirmation_says_who_signed_what_and_is_kept(overdue: ProcedureVersion) -> None:
    confirmation = confirm(overdue, overdue.page.procedure_owner)
    for wrong in ({"name": ""}, {"sha256": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Confirmation.objects.filter(pk=confirmation.pk).update(**wrong)
    with pytest.raises(IntegrityError):
        confirmation.delete()


def test_the_owner_is_reminded_a_month_before_and_when_it_is_overdue_each_once() -> None:
    version = released(0, months=3)
    owner, due = version.page.procedure_owner, due_on(version)

    def run(day: date) -> list[str]:
        return list(scheduling.run(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))

    assert run(due - timedelta(days=31)) == []
    assert run(due - timedelta(days=30)) == [f"{version}: review due {due}"]
    assert run(due) == []
    assert run(due + timedelta(days=1)) == [f"{version}: review overdue {due}"]
    assert run(due + timedelta(days=9)) == []
    told = Notice.objects.filter(recipient=owner, version=version).order_by("pk")
    assert [notice.kind for notice in told] == [NoticeKind.REVIEW_DUE, NoticeKind.REVIEW_LATE]
    confirm(version, owner, at=timezone.now() + timedelta(days=100))
    assert not told.unread().exists()
    assert run(due_on(version)) == [f"{version}: review due {due_on(version)}"]  # the next time round


def test_documentation_staff_are_told_where_the_owner_has_left() -> None:
    version = released(40, months=1)
    owner, staff = version.page.procedure_owner, version.approved_by
    assert upkeep.due_for(owner, timezone.localdate()).exists()
    assert not upkeep.due_for(staff, timezone.localdate()).exists()
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    assert upkeep.due_for(staff, timezone.localdate()).exists()
    list(scheduling.run(timezone.now()))
    assert {notice.recipient for notice in Notice.objects.filter(version=version)} == {staff}


def test_two_workers_remind_once(overdue: ProcedureVersion) -> None:
    list(scheduling.run(timezone.now()))
    twin = Notice.objects.get(version=overdue)
    twin.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


@pytest.mark.parametrize("reader", ["nobody", "engineer"])
def test_every_reader_is_told_of_an_overdue_review(reader: str) -> None:
    version = released(40, months=1, audience=Audience.PUBLIC)
    client = Client() if reader == "nobody" else signed_in(make.field_engineer())
    said = "was to be checked again by" if reader == "nobody" else "Due for review since"
    for address in (version.get_absolute_url(), version.page.get_absolute_url()):
        text = client.get(address).content.decode()
        assert said in text
        assert due_on(version).isoformat() in text
        assert "still-correct" not in text
    assert "still-correct" in signed_in(version.page.procedure_owner).get(address).content.decode()
    confirm(version, version.page.procedure_owner)
    assert said not in client.get(address).content.decode()


def test_a_page_that_is_not_overdue_says_nothing() -> None:
    version = released(0, audience=Audience.PUBLIC)
    for client in (Client(), signed_in(make.field_engineer())):
        assert "notice--warning" not in client.get(version.get_absolute_url()).content.decode()


def test_the_version_page_takes_few_queries(
    overdue: ProcedureVersion, django_assert_max_num_queries: Any
) -> None:
    reader = signed_in(make.field_engineer())
    reader.get(overdue.get_absolute_url())
    with django_assert_max_num_queries(12):
        reader.get(overdue.get_absolute_url())


def test_the_owner_signs_on_the_site(overdue: ProcedureVersion) -> None:
    client = signed_in(overdue.page.procedure_owner)
    assert overdue.number in client.get("/review/inbox/").content.decode()
    address = f"/review/{overdue.number}/still-correct/"
    assert address in client.get("/review/due/").content.decode()
    assert f"/admin/pages/{overdue.page_id}/edit/" in client.get(address).content.decode()
    form = {"sha256": overdue.sha256, "comment": "Looks right", "password": "no"}
    refused = client.post(address, form).content.decode()
    assert "The password is not right" in refused
    assert "Looks right" in refused
    assert not Confirmation.objects.exists()
    assert client.post(address, {**form, "password": PASSWORD}).status_code == 302
    assert Confirmation.objects.get().comment == "Looks right"
    assert "Looks right" in client.get(address).content.decode()
    assert address not in client.get("/review/due/").content.decode()


def test_what_is_due_is_shown_to_owners_their_own_and_to_staff_mine_first(overdue: ProcedureVersion) -> None:
    staff = make.documentation_staff()
    own = released(35, months=1, procedure_owner=staff)
    text = signed_in(staff).get("/review/due/").content.decode()
    assert text.index(own.number) < text.index(overdue.number)
    assert overdue.number not in signed_in(make.procedure_owner()).get("/review/due/").content.decode()
    assert signed_in(make.field_engineer()).get("/review/due/").status_code == 403
    assert signed_in(make.make_user()).get("/review/due/").status_code == 404  # a customer
    assert Client().get("/review/due/").status_code == 302


def test_an_engineer_reads_why_they_may_not_sign(overdue: ProcedureVersion) -> None:
    client = signed_in(make.field_engineer())
    address = f"/review/{overdue.number}/still-correct/"
    text = client.get(address).content.decode()
    assert "Only the procedure" in text
    assert 'name="password"' not in text
    assert client.post(address, {"sha256": overdue.sha256, "password": PASSWORD}).status_code == 403


def test_the_ages_are_shown_by_owner_and_product_line() -> None:
    line, owner = make.product_line("UPS"), make.procedure_owner("the.owner")
    released(100, months=1, procedure_owner=owner, product_line=line)
    released(20, procedure_owner=owner, product_line=line)
    released(10)
    by_owner, by_line = upkeep.ages(timezone.localdate())
    mine = next(group for group in by_owner if group.name == "the.owner")
    assert (mine.count, mine.median, mine.overdue, mine.share) == (2, 60, 1, 100)
    assert [(group.name, group.count, group.share) for group in by_line] == [
        (line.local_name, 2, 100), ("", 1, 17),
    ]  # fmt: skip
    text = signed_in(make.field_engineer()).get("/review/age/").content.decode()
    assert "the.owner" in text
    assert "<caption>" in text
    assert " style=" not in text
    assert signed_in(make.make_user()).get("/review/age/").status_code == 404


def test_the_ages_of_many_procedures_take_three_queries(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        released(5, product_line=make.product_line())
    with django_assert_num_queries(3):
        upkeep.ages(timezone.localdate())


@pytest.mark.parametrize("left", ["the site", "the role"])
def test_where_the_owner_can_no_longer_act_documentation_staff_are_asked(left: str) -> None:
    version = released(100, months=3)
    owner, staff = version.page.procedure_owner, make.documentation_staff()
    if left == "the role":
        owner.groups.clear()
    else:
        type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    list(reminding.remind(timezone.now()))
    told = set(Notice.objects.filter(kind=NoticeKind.REVIEW_LATE).values_list("recipient", flat=True))
    assert staff.pk in told
    assert owner.pk not in told
    assert version in upkeep.due_for(staff, timezone.localdate())
