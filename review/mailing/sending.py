"""A mail leaves once, or not at all: claimed before the mail server sees it, put on record after.

What was refused for certain is tried again; what may have left is not.
"""

import logging
import smtplib
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F

from procedures.people import administrators
from review.mailing import patience
from review.mailing.building import build
from review.models import UNSENT, Mail, MailState, Notice, NoticeKind

logger = logging.getLogger(__name__)

# A worker that has not put its mail on record by then is dead: far more than a mail server's time-outs.
LEASE = timedelta(minutes=15)
# After each refusal; after the last it is given up.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 4 * 60, 12 * 60, 24 * 60))


def send(pk: int, now: datetime) -> None:
    """Send this mail if it is due and nobody else does. Raises nothing that a mail server or a mail brings about."""
    left = patience.seconds_left()
    if left == 0:
        return  # it is due: the clock's next turn sends it
    mail = _claim(pk, now)
    if mail is None:
        return
    try:
        message = build(mail)
        if message is None:
            _record(mail, MailState.DROPPED)
            return
        server, handing = _connected(left)
    except Exception as error:  # whatever it is, the mail server has not seen the mail
        patience.lose()
        _refused(mail, error, now)
        return
    try:
        _hand_over(message, server)
    except OSError as error:  # as every exception of smtplib is
        is_answer = isinstance(error, smtplib.SMTPException) and not isinstance(
            error, smtplib.SMTPServerDisconnected
        )
        if not is_answer:
            patience.lose()
        if is_answer or not handing.has_begun:
            _refused(mail, error, now)
        else:  # the connection broke, and it may have taken the mail before
            _unknown(mail, error, now)
    except Exception as error:  # an address or a header that no mail can have
        _refused(mail, error, now)
    else:
        _record(mail, MailState.SENT, sent_at=now)


@dataclass(slots=True)
class _Handing:
    has_begun: bool = False


def _connected(left: float | None) -> tuple[Any, _Handing]:
    """A mail server that answers, within `left` seconds where somebody waits, and whether it was given a mail.

    A server that has begun to take a mail has its usual time: whether one that was cut off was sent would be unknown.
    """
    server = get_connection() if left is None else get_connection(timeout=left)
    server.open()
    conversation: smtplib.SMTP | None = getattr(server, "connection", None)
    if conversation is None:  # not SMTP
        return server, _Handing(has_begun=True)
    handing, take = _Handing(), conversation.data

    def data(message: Any) -> Any:
        handing.has_begun = True
        if conversation.sock is not None:
            conversation.sock.settimeout(settings.EMAIL_TIMEOUT)
        return take(message)

    conversation.data = data  # type: ignore[assignment,method-assign]  # the step of sendmail() from which on it may have the mail
    return server, handing


def _hand_over(message: EmailMessage, server: Any) -> None:
    message.connection = server
    try:
        message.send()
    finally:
        with suppress(Exception):  # what it says to our good-bye changes nothing
            server.close()


def give_up_on_the_dead(now: datetime) -> None:
    """Whether a worker that died had handed its mail over cannot be known: said, not tried again."""
    for mail in Mail.objects.filter(state=MailState.SENDING, claimed_at__lte=now - LEASE):
        _unknown(mail, None, now)


def _claim(pk: int, now: datetime) -> Mail | None:
    lease = uuid.uuid4()
    with transaction.atomic(durable=True):  # committed before the mail server is asked
        due = Mail.objects.filter(pk=pk, state__in=UNSENT, due_at__lte=now)
        claim = {"lease": lease, "claimed_at": now, "attempts": F("attempts") + 1}
        if not due.update(state=MailState.SENDING, **claim):
            return None
    return Mail.objects.select_related("recipient", "page").get(pk=pk)


def _record(mail: Mail, state: str, **fields: object) -> bool:
    """Whether this is still ours to say: a worker that was thought dead may add that it did send."""
    before = [MailState.SENDING, MailState.UNKNOWN] if state == MailState.SENT else [MailState.SENDING]
    ours = Mail.objects.filter(pk=mail.pk, lease=mail.lease, state__in=before)
    return bool(ours.update(state=state, **{"error": "", **fields}))


def _refused(mail: Mail, error: Exception, now: datetime) -> None:
    logger.warning("mail %s was refused", mail.pk, exc_info=error)
    if mail.attempts <= len(WAITS):
        _record(mail, MailState.REFUSED, due_at=now + WAITS[mail.attempts - 1], error=_said(error))
    else:
        _tell_administrators(mail, MailState.FAILED, _said(error), now)


def _unknown(mail: Mail, error: Exception | None, now: datetime) -> None:
    logger.error("whether mail %s was sent is unknown", mail.pk, exc_info=error)
    _tell_administrators(mail, MailState.UNKNOWN, _said(error) if error is not None else "", now)


@transaction.atomic
def _tell_administrators(mail: Mail, state: MailState, error: str, now: datetime) -> None:
    page = mail.page or mail.notices.select_related("page").order_by("pk").first().page  # type: ignore[union-attr]  # a mail carries one or more
    if _record(mail, state, error=error):
        Notice.objects.bulk_create(
            Notice(
                recipient=person, kind=NoticeKind.MAIL_FAILED, page=page, created_at=now,
                text=f"{mail.recipient}: {error or state.label}",
            )
            for person in administrators()
        )  # fmt: skip


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]
