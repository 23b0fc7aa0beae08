"""Mails that were given up: who sees them, and that they are sent again once, because somebody asked for it."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from kb.accounts.roles import ADMINISTRATOR, FIELD_ENGINEER
from review import threads, watching
from review.mailing import sending
from review.mailing.again import send_again
from review.mailing.tasks import enqueue_due
from review.models import Mail, MailState
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_mailing import refuse

pytestmark = pytest.mark.django_db


def build() -> int:
    version = make.released(title="Replace the fan", number="SOP-1001", steps=[make.step("a")])
    for name in ("wei", "ann"):
        person = make.make_user(name, FIELD_ENGINEER, email=f"{name}@example.org")
        watching.watch(target=version.page, by=person)
    threads.start_thread(version=version, step_id="a", kind="question", text="Why?", by=make.field_engineer())
    return version.pk


@pytest.fixture
def failed(built: int, db: None, monkeypatch: pytest.MonkeyPatch) -> list[Mail]:
    """Two mails that the mail server refused every time; it takes them by now."""
    at = timezone.now() + timedelta(minutes=30)
    with monkeypatch.context() as patch:
        refuse(patch, smtplib.SMTPDataError(451, b"mailbox full"))
        for wait in (timedelta(), *sending.WAITS):
            at += wait
            enqueue_due(at)
    django_mail.outbox.clear()
    mails = list(Mail.objects.order_by("pk"))
    assert {mail.state for mail in mails} == {MailState.FAILED}
    return mails


def run(days: int = 0) -> None:
    enqueue_due(timezone.now() + timedelta(days=days, seconds=1))


@pytest.mark.parametrize("role", ["Documentation staff", ADMINISTRATOR])
def test_staff_see_what_failed_and_have_it_sent_again_once(failed: list[Mail], role: str) -> None:
    client = signed_in(make.make_user("the.staff", role))
    page = client.get("/admin/mails/").content.decode()
    for said in (
        "wei",
        "SOP-1001",
        "Replace the fan",
        "A new comment",
        "mailbox full",
        "Tried 7 times",
        "Send all 2",
    ):
        assert said in page, said
    for _press in range(2):
        client.post("/admin/mails/again/", {"mail": failed[0].pk})
    run()
    run(days=30)
    (message,) = django_mail.outbox
    assert message.to == [failed[0].recipient.email]
    failed[0].refresh_from_db()
    assert (failed[0].state, failed[0].attempts) == (MailState.SENT, 8)
    assert failed[0].again_by.username == "the.staff"
    client.post("/admin/mails/again/", {"mail": failed[0].pk})
    client.post("/admin/mails/again/", {"mail": "all"})
    run(days=60)
    assert [message.to[0] for message in django_mail.outbox] == [mail.recipient.email for mail in failed]


def test_who_does_not_look_after_mails_neither_sees_nor_sends_them(failed: list[Mail]) -> None:
    owner = make.procedure_owner()
    client = signed_in(owner)
    assert client.get("/admin/mails/").status_code in (302, 403)
    client.post("/admin/mails/again/", {"mail": "all"})
    with pytest.raises(PermissionDenied):
        send_again(by=owner, at=timezone.now())
    assert set(Mail.objects.values_list("state", flat=True)) == {MailState.FAILED}


@pytest.mark.parametrize("wanted", ["", "x", "0", "9" * 30, "-1"])
def test_a_mail_that_is_none_sends_nothing(failed: list[Mail], wanted: str) -> None:
    client = signed_in(make.documentation_staff())
    page = client.post("/admin/mails/again/", {"mail": wanted}, follow=True)
    assert "Nothing to send again" in page.content.decode()
    assert client.get("/admin/mails/again/")["Location"] == "/admin/mails/"
    assert set(Mail.objects.values_list("state", flat=True)) == {MailState.FAILED}


def test_what_fails_again_is_shown_again(failed: list[Mail], monkeypatch: pytest.MonkeyPatch) -> None:
    staff = make.documentation_staff()
    with monkeypatch.context() as patch:
        refuse(patch, smtplib.SMTPDataError(451, b"still full"))
        assert send_again(by=staff, at=timezone.now()) == 2
        run()
    assert "still full" in signed_in(staff).get("/admin/mails/").content.decode()
    assert send_again(by=staff, at=timezone.now()) == 2
    run()
    assert len(django_mail.outbox) == 2


def test_what_may_have_left_is_never_sent_again(failed: list[Mail]) -> None:
    staff = make.documentation_staff()
    for state in (MailState.UNKNOWN, MailState.SENT, MailState.DROPPED):
        mail = failed[0]
        again: dict[str, Any] = {"state": MailState.REFUSED, "again_by": staff, "again_at": timezone.now()}
        with transaction.atomic():
            assert send_again(by=staff, at=timezone.now(), pk=mail.pk) == 1
            sent_at = timezone.now() if state == MailState.SENT else None
            Mail.objects.filter(pk=mail.pk).update(state=state, sent_at=sent_at)
            assert send_again(by=staff, at=timezone.now(), pk=mail.pk) == 0
            with pytest.raises(IntegrityError), transaction.atomic():
                Mail.objects.filter(pk=mail.pk).update(**again, sent_at=None)
            transaction.set_rollback(True)


def test_the_database_asks_who_wants_a_failed_mail_sent_again(failed: list[Mail]) -> None:
    staff = make.documentation_staff()
    for fields in (
        {"state": MailState.REFUSED},
        {"state": MailState.REFUSED, "again_at": timezone.now()},
        {"state": MailState.SENT, "sent_at": timezone.now()},
        {"state": MailState.SENDING, "again_by": staff, "again_at": timezone.now()},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mail.objects.filter(pk=failed[0].pk).update(**fields)
