"""Mail under what really happens: two workers, a transaction that fails, a mail server that refuses."""

import smtplib
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.db import transaction
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import DOCUMENTATION_STAFF, FIELD_ENGINEER
from procedures.models import ProcedureVersion
from review import notifying, threads, watching
from review.mailing import patience, sending
from review.mailing.tasks import enqueue_due
from review.models import Mail, MailState, Notice, NoticeKind
from tests import factories as make
from tests.integration.faults.racing import at_once

pytestmark = pytest.mark.usefixtures("own_database")
both_ways = pytest.mark.parametrize("meet", [False, True], ids=["start together", "write together"])
WAIT = timedelta(minutes=10)


@pytest.fixture
def watched() -> ProcedureVersion:
    version = make.released(steps=[make.step("a", body="Wait.")])
    person = make.make_user("wei", FIELD_ENGINEER, email="wei@example.org")
    watching.watch(target=version.page, by=person)
    django_mail.outbox.clear()
    return version


def comment(version: ProcedureVersion, by: User, text: str = "Why?") -> None:
    threads.start_thread(version=version, step_id="a", kind="question", text=text, by=by)


def raise_all(results: object) -> None:
    for result in results:
        if isinstance(result, Exception):
            raise result


@both_ways
def test_two_workers_send_a_mail_once(watched: ProcedureVersion, meet: bool) -> None:
    comment(watched, make.field_engineer())
    at, pk = timezone.now() + WAIT, Mail.objects.get().pk
    raise_all(at_once(lambda: sending.send(pk, at), lambda: sending.send(pk, at), meet_before_writing=meet))
    assert len(django_mail.outbox) == 1
    assert Mail.objects.get().state == MailState.SENT
    assert Mail.objects.get().attempts == 1


@both_ways
def test_two_comments_at_once_are_one_mail(watched: ProcedureVersion, meet: bool) -> None:
    ann, bob = make.field_engineer(), make.field_engineer()
    raise_all(at_once(lambda: comment(watched, ann), lambda: comment(watched, bob), meet_before_writing=meet))
    assert Mail.objects.get().notices.count() == 2


@both_ways
def test_what_is_said_while_a_mail_leaves_is_in_it_or_in_the_next(
    watched: ProcedureVersion, meet: bool
) -> None:
    ann = make.field_engineer()
    comment(watched, ann, "First")
    at, pk = timezone.now() + WAIT, Mail.objects.get().pk
    raise_all(
        at_once(
            lambda: comment(watched, ann, "Second"), lambda: sending.send(pk, at), meet_before_writing=meet
        )
    )
    enqueue_due(timezone.now() + 2 * WAIT)
    bodies = [message.body for message in django_mail.outbox]
    assert sum("First" in body for body in bodies) == sum("Second" in body for body in bodies) == 1


def test_of_a_transaction_that_fails_nobody_hears(watched: ProcedureVersion) -> None:
    person = User.objects.get(username="wei")

    def tell() -> None:
        notifying.notify([person], NoticeKind.ASKED, watched.page, at=timezone.now())

    @transaction.atomic
    def fail() -> None:
        tell()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert django_mail.outbox == []
    assert not Mail.objects.exists()
    assert not Notice.objects.filter(recipient=person).exists()
    with transaction.atomic():
        tell()
        assert django_mail.outbox == []
    assert len(django_mail.outbox) == 1


class _Conversation(socketserver.StreamRequestHandler):
    """A mail server (RFC 5321) that does not take the first mail (greylisting)."""

    taken: list[bytes] = []
    refusals = 1

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.data()
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def data(self) -> None:
        if type(self).refusals:
            type(self).refusals -= 1
            self.say("451 4.7.1 greylisted, try again later")
            return
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        self.taken.append(b"".join(lines))
        self.say("250 taken")


@pytest.fixture
def mail_server() -> Iterator[socketserver.ThreadingTCPServer]:
    _Conversation.taken, _Conversation.refusals = [], 1
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_server_that_refuses_the_first_time_gets_it_the_second(
    watched: ProcedureVersion, mail_server: socketserver.ThreadingTCPServer, settings: object
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = mail_server.server_address
    comment(watched, make.field_engineer(), "风扇为什么不转？")
    at = timezone.now() + WAIT
    enqueue_due(at)
    mail = Mail.objects.get()
    assert mail.state == MailState.REFUSED
    assert "greylisted" in mail.error
    enqueue_due(mail.due_at)
    enqueue_due(mail.due_at + timedelta(days=1))
    (taken,) = _Conversation.taken
    assert f"Message-ID: <mail-{mail.key}@127.0.0.1>".encode() in taken
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in taken
    assert Mail.objects.get().state == MailState.SENT


def test_no_server_at_all_is_tried_again(watched: ProcedureVersion, settings: object) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Conversation) as free:
        port = free.server_address[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    comment(watched, make.field_engineer())
    enqueue_due(timezone.now() + WAIT)
    assert Mail.objects.get().state == MailState.REFUSED
    assert issubclass(smtplib.SMTPException, OSError)  # review.mailing.sending counts on it


class _Silence(socketserver.BaseRequestHandler):
    """A mail server that takes the connection and says nothing."""

    met = 0

    def handle(self) -> None:
        type(self).met += 1
        with suppress(OSError):  # whoever has waited enough hangs up
            while self.request.recv(1000):
                pass


class _FallsSilent(_Silence):
    """One that greets, and says nothing when it is given a sender."""

    def handle(self) -> None:
        self.request.sendall(b"220 ready\r\n")
        self.request.recv(1000)
        self.request.sendall(b"250 ok\r\n")
        super().handle()


@pytest.mark.parametrize("server_of", [_Silence, _FallsSilent])
def test_whoever_comments_does_not_wait_for_a_silent_mail_server(
    watched: ProcedureVersion, server_of: type[_Silence], monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    for name in ("ann", "bob", "cai"):
        make.make_user(name, DOCUMENTATION_STAFF, email=f"{name}@example.org")
    client = make.signed_in(make.field_engineer())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr(patience, "SECONDS", 0.5)
    server_of.met = 0
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), server_of) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        began = time.monotonic()
        sent = client.post(
            f"/review/{watched.number}/v/{watched.label}/steps/a/comment/",
            {"kind": "safety", "text": "It burns"},
        )
        took = time.monotonic() - began
        server.shutdown()
        thread.join()
    assert sent.status_code == 302
    # One that tried all three would have waited thrice 20 seconds.
    assert (server_of.met, took < settings.EMAIL_TIMEOUT) == (1, True)
    alarms = Mail.objects.filter(notices__kind=NoticeKind.SAFETY)
    assert sorted(alarms.values_list("state", flat=True)) == ["refused", "waiting", "waiting"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    enqueue_due(timezone.now())
    assert len(django_mail.outbox) == 2
    enqueue_due(timezone.now() + WAIT)
    told = {address for message in django_mail.outbox for address in message.to}
    assert told >= {"ann@example.org", "bob@example.org", "cai@example.org"}
