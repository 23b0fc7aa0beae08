"""Notices as mail: grouped, at once or daily, tried again, dropped; what a mail says and to whom it says nothing."""

import re
import smtplib
from datetime import datetime, timedelta
from email.message import Message
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import ADMINISTRATOR, FIELD_ENGINEER, PROCEDURE_OWNER
from procedures.models import ProcedurePage, ProcedureVersion
from review import deciding, notifying, proposing, scheduling, threads, watching
from review.mailing import sending
from review.mailing.preferring import next_digest, prefer
from review.mailing.tasks import enqueue_due
from review.models import How, Mail, MailState, Notice, NoticeKind, Thread, Watch
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
LATER = NOW + timedelta(minutes=10)


def reachable(name: str, *roles: str, **fields: Any) -> User:
    return make.make_user(name, *(roles or (FIELD_ENGINEER,)), email=f"{name}@example.org", **fields)


def build() -> int:
    """A version whose procedure Wei watches."""
    version = make.released(title="Replace the fan", number="SOP-1001", steps=[make.step("a", body="Wait.")])
    watching.watch(target=version.page, by=reachable("wei"))
    return version.pk


@pytest.fixture
def watcher(built: int, db: None) -> User:
    return User.objects.get(username="wei")


@pytest.fixture
def outbox() -> list[EmailMultiAlternatives]:
    django_mail.outbox.clear()
    return django_mail.outbox


def comment(version: ProcedureVersion, text: str = "Why?", at: datetime = NOW) -> Thread:
    return threads.start_thread(
        version=version, step_id="a", kind="question", text=text, by=make.field_engineer(), at=at
    )


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def send(*args: Any) -> int:
        raise error

    # The refusal of a real server is tested in faults/test_mails.py; here each kind of error is.
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", send)


def test_ten_comments_in_ten_minutes_are_one_mail(version, watcher, outbox) -> None:
    for minute in range(10):
        comment(version, f"No. {minute}", NOW + timedelta(minutes=minute))
    enqueue_due(LATER - timedelta(seconds=1))
    assert outbox == []
    enqueue_due(LATER)
    enqueue_due(LATER)
    (message,) = outbox
    assert message.to == ["wei@example.org"]
    assert [message.body.count(f"No. {minute}\n") for minute in range(10)] == [1] * 10
    comment(version, "No. 10", LATER)
    assert sorted(Mail.objects.values_list("state", flat=True)) == ["sent", "waiting"]
    enqueue_due(LATER + timedelta(minutes=10))
    assert "No. 10" in outbox[1].body
    assert "No. 9" not in outbox[1].body


def test_each_procedure_has_its_own_mail_and_each_person(version, watcher, outbox) -> None:
    other = make.released(steps=[make.step("a")])
    watching.watch(target=other.page, by=watcher)
    watching.watch(target=version.page, by=reachable("ann"))
    comment(version)
    comment(other)
    enqueue_due(LATER)
    assert sorted(message.to[0] for message in outbox) == [
        "ann@example.org",
        "wei@example.org",
        "wei@example.org",
    ]


def test_daily_notices_leave_together_at_the_hour_wished_for(version, watcher, outbox) -> None:
    prefer(person=watcher, at=NOW, daily_hour=18)
    other = make.released(title="Clean the filter", steps=[make.step("a")])
    watching.watch(target=other.page, by=watcher)
    Watch.objects.update(how=How.DAILY)
    comment(version)
    comment(other, at=NOW + timedelta(hours=3))
    mail = Mail.objects.get()
    assert mail.page is None
    assert timezone.localtime(mail.due_at).hour == 18
    enqueue_due(mail.due_at - timedelta(seconds=1))
    assert outbox == []
    prefer(person=watcher, at=NOW, daily_hour=20)
    enqueue_due(mail.due_at)
    assert outbox == []
    enqueue_due(mail.due_at + timedelta(hours=2))
    (message,) = outbox
    assert message.subject == "[Redline] News on 2 procedures"
    assert "Replace the fan" in message.body
    assert "Clean the filter" in message.body


def test_the_day_ends_at_its_hour() -> None:
    assert next_digest(NOW, 12) - NOW == timedelta(days=1)
    assert next_digest(NOW, 13) - NOW == timedelta(hours=1)


def test_inbox_only_and_no_address_mean_no_mail(version, watcher, outbox) -> None:
    watching.watch(target=version.page, by=make.field_engineer())
    Watch.objects.filter(person=watcher).update(how=How.INBOX)
    comment(version)
    assert not Mail.objects.exists()
    assert Notice.objects.filter(kind="commented").count() == 3  # the owner is told as well


def test_what_asks_somebody_goes_after_the_commit_with_what_waits(
    version, outbox, django_capture_on_commit_callbacks
) -> None:
    person, now = reachable("sig"), timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        notifying.notify([person], NoticeKind.RESOLVED, version.page, at=now)
    assert outbox == []
    with django_capture_on_commit_callbacks() as enqueued:
        notifying.notify([person], NoticeKind.ASKED, version.page, at=now)
        assert outbox == []
    for enqueue in enqueued:
        enqueue()
    (message,) = outbox
    assert message.subject == "[SOP-1001] Your signature is asked for · Replace the fan"
    assert "Your comment was resolved" in message.body


def test_own_and_asked_follow_their_preferences(version, outbox) -> None:
    person = reachable("ann")
    prefer(person=person, at=NOW, own=How.INBOX, asked=How.DAILY)
    notifying.notify([person], NoticeKind.DECIDED, version.page, at=NOW)
    assert not Mail.objects.exists()
    notifying.notify([person], NoticeKind.ASKED, version.page, at=NOW)
    assert Mail.objects.get().digest_on is not None


def test_a_reminder_is_mailed(version, outbox) -> None:
    owner = User.objects.get(pk=version.page.procedure_owner_id)
    User.objects.filter(pk=owner.pk).update(email="owner@example.org")
    late = timezone.now() + timedelta(days=365 * 3)
    assert list(scheduling.run(late))
    list(scheduling.run(late + timedelta(minutes=10)))
    (message,) = outbox
    assert "overdue for review" in message.body
    assert "/review/SOP-1001/still-correct/" in message.body


def test_what_was_read_on_the_site_is_left_out(version, watcher, outbox) -> None:
    comment(version, "First")
    Notice.objects.update(read_at=NOW)
    comment(version, "Second")
    enqueue_due(LATER)
    (message,) = outbox
    assert "First" not in message.body
    comment(version, "Third", LATER)
    Notice.objects.update(read_at=NOW)
    enqueue_due(LATER + timedelta(minutes=10))
    assert len(outbox) == 1
    assert Mail.objects.filter(state=MailState.DROPPED).count() == 1


@pytest.mark.parametrize("loses", ["role", "account", "address", "watch"])
def test_nothing_goes_to_whoever_may_not_see_it_any_more(version, watcher, outbox, loses: str) -> None:
    comment(version)
    if loses == "role":
        watcher.groups.clear()
    elif loses == "account":
        User.objects.filter(pk=watcher.pk).update(is_active=False)
    elif loses == "address":
        User.objects.filter(pk=watcher.pk).update(email="")
    else:
        watching.stop(target=version.page, by=watcher)
    enqueue_due(LATER)
    assert outbox == []
    assert Mail.objects.get().state == MailState.DROPPED


def test_a_refused_mail_is_tried_again_ever_later_then_given_up_and_said(
    version, outbox, monkeypatch, settings
) -> None:
    admin = make.make_user("adam", ADMINISTRATOR, email="adam@example.org")
    comment(version)
    with monkeypatch.context() as patch:
        refuse(patch, smtplib.SMTPDataError(451, b"try again later"))
        at, waits = LATER, []
        for _attempt in range(len(sending.WAITS)):
            enqueue_due(at)
            mail = Mail.objects.get()
            assert mail.state == MailState.REFUSED
            assert "try again later" in mail.error
            waits.append(mail.due_at - at)
            enqueue_due(mail.due_at - timedelta(seconds=1))
            at = mail.due_at
        assert waits == sorted(waits)
        assert waits[-1] == timedelta(days=1)
        assert not Notice.objects.filter(kind="mail_failed").exists()
        enqueue_due(at)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (MailState.FAILED, len(sending.WAITS) + 1)
    assert "try again later" in Notice.objects.get(recipient=admin, kind="mail_failed").text
    enqueue_due(at + timedelta(days=30))
    assert outbox == []
    assert Mail.objects.count() == 1  # nobody is told by mail that mail fails
    text = signed_in(admin).get("/admin/mails/").content.decode()
    assert "try again later" in text


def test_what_comes_after_a_refusal_is_a_mail_of_its_own(version, outbox, monkeypatch) -> None:
    comment(version, "First")
    with monkeypatch.context() as patch:
        refuse(patch, smtplib.SMTPRecipientsRefused({}))
        enqueue_due(LATER)
    comment(version, "Second", LATER)
    enqueue_due(LATER + timedelta(hours=1))
    assert [("First" in found.body, "Second" in found.body) for found in outbox] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected("gone"), TimeoutError("too long")])
def test_a_conversation_that_broke_off_is_not_repeated(
    version, outbox, monkeypatch, error: Exception
) -> None:
    admin = make.make_user("adam", ADMINISTRATOR)
    comment(version)
    with monkeypatch.context() as patch:
        refuse(patch, error)
        enqueue_due(LATER)
    enqueue_due(LATER + timedelta(days=2))
    assert outbox == []
    assert Mail.objects.get().state == MailState.UNKNOWN
    assert Notice.objects.filter(recipient=admin, kind="mail_failed").count() == 1


def test_a_mail_whose_worker_died_is_unknown_and_not_sent_again(version, outbox, monkeypatch) -> None:
    admin = make.make_user("adam", ADMINISTRATOR)
    comment(version)

    class Died(BaseException):
        pass

    def die(*args: Any, **fields: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:  # after the mail server took it, before that is on record
        patch.setattr(sending, "_record", die)
        with pytest.raises(Died):
            sending.send(Mail.objects.get().pk, LATER)
    assert len(outbox) == 1
    enqueue_due(LATER + sending.LEASE - timedelta(seconds=1))
    assert Mail.objects.get().state == MailState.SENDING
    enqueue_due(LATER + sending.LEASE)
    enqueue_due(LATER + timedelta(days=2))
    assert len(outbox) == 1
    assert Mail.objects.get().state == MailState.UNKNOWN
    assert Notice.objects.filter(recipient=admin, kind="mail_failed").count() == 1
    assert "Unknown whether it was sent" in signed_in(admin).get("/admin/mails/").content.decode()


def test_a_slow_worker_may_still_say_that_it_sent(version, outbox, monkeypatch) -> None:
    comment(version)
    pk = Mail.objects.get().pk
    mail = sending._claim(pk, LATER)
    enqueue_due(LATER + sending.LEASE)
    assert mail is not None
    assert sending._record(mail, MailState.SENT, sent_at=LATER)
    assert Mail.objects.get(pk=pk).state == MailState.SENT


def test_the_database_sends_no_mail_back(version, outbox) -> None:
    comment(version)
    enqueue_due(LATER)
    for state in (MailState.WAITING, MailState.REFUSED, MailState.SENDING):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mail.objects.update(state=state, sent_at=None)
    comment(version, at=LATER)
    waiting = Mail.objects.get(state=MailState.WAITING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.create(recipient=waiting.recipient, page=waiting.page, created_at=NOW, due_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.filter(pk=waiting.pk).update(state=MailState.SENDING)  # by nobody


def sent(message: EmailMultiAlternatives) -> Message:
    return message.message()


def test_a_mail_carries_what_programs_need(version, watcher, outbox, settings) -> None:
    settings.BASE_URL = "https://docs.example.org"
    thread = comment(version)
    enqueue_due(LATER)
    threads.reply(thread=thread, text="Because.", by=version.last_editor, at=LATER)
    enqueue_due(LATER + timedelta(minutes=10))
    first, second = map(sent, outbox)
    page = version.page_id
    assert re.fullmatch(r"<mail-[0-9a-f]{32}@docs\.example\.org>", first["Message-ID"])
    assert first["Message-ID"] != second["Message-ID"]
    root, mark = f"<procedure-{page}@docs.example.org>", f"<thread-{thread.pk}@docs.example.org>"
    for message in (first, second):
        assert (message["In-Reply-To"], message["References"]) == (mark, f"{root} {mark}")
        assert message["Subject"] == "[SOP-1001] Replace the fan"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Unsubscribe"].startswith("<https://docs.example.org/review/mail/off/")
    assert f"https://docs.example.org{thread.get_absolute_url()}" in outbox[0].body
    ((html, kind),) = outbox[0].alternatives
    assert kind == "text/html"
    assert f'href="https://docs.example.org{thread.get_absolute_url()}"' in html
    comment(version, at=LATER + timedelta(hours=1))
    comment(version, at=LATER + timedelta(hours=1))
    enqueue_due(LATER + timedelta(hours=2))
    assert sent(outbox[2])["References"] == root


def test_it_speaks_the_recipients_language(version, watcher, outbox) -> None:
    User.objects.filter(pk=watcher.pk).update(language="zh-hans")
    ProcedurePage.objects.filter(pk=version.page_id).update(title="更换冷却风扇")
    comment(version, "为什么？")
    enqueue_due(LATER)
    (message,) = outbox
    assert message.subject == "[SOP-1001] 更换冷却风扇"
    raw = sent(message).as_bytes()
    assert b"=?utf-8?" in raw
    assert "为什么？" in message.body
    assert 'lang="zh-Hans"' in message.alternatives[0][0]
    assert "待办" in message.body


def test_what_people_write_stays_text(version, watcher, outbox) -> None:
    title = "Fan\r\nBcc: all@example.org\n\n<script>alert(1)</script>"
    ProcedurePage.objects.filter(pk=version.page_id).update(title=title)
    comment(version, "<img src=x onerror=alert(1)> & more")
    enqueue_due(LATER)
    (message,) = outbox
    assert "\n" not in message.subject
    assert sent(message)["Bcc"] is None
    assert message.recipients() == ["wei@example.org"]
    html = message.alternatives[0][0]
    assert "<script" not in html
    assert "<img" not in html
    assert "<img src=x onerror=alert(1)> & more" in message.body


def test_an_address_that_no_mail_can_have_harms_no_other(version, watcher, outbox) -> None:
    User.objects.filter(pk=watcher.pk).update(email="wei@example.org\nBcc: all@example.org")
    watching.watch(target=version.page, by=reachable("ann"))
    comment(version)
    enqueue_due(LATER)
    assert [message.to for message in outbox] == [["ann@example.org"]]
    assert Mail.objects.get(recipient=watcher).state == MailState.REFUSED


def test_a_proposal_and_its_decision_are_one_conversation(version, watcher, outbox) -> None:
    author = reachable("ann")
    suggestion = proposing.suggest(
        version=version, changes={("a", "body"): "Wait 6."}, reason="Too short", by=author, at=NOW
    )
    enqueue_due(LATER)
    deciding.refuse(suggestion=suggestion, by=version.last_editor, answer="No.", at=LATER)
    enqueue_due(LATER + timedelta(minutes=10))
    assert {sent(message)["In-Reply-To"] for message in outbox} == {f"<edit-{suggestion.pk}@127.0.0.1>"}
    assert len(outbox) == 3


def test_the_profile_of_somebody_without_an_address_says_so(version) -> None:
    owner = make.make_user("olga", PROCEDURE_OWNER)
    assert "no e-mail address" in signed_in(owner).get("/review/watches/").content.decode()
    assert Client().get("/review/watches/").status_code == 302
