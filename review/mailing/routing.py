"""Which mail carries a notice, by what its recipient prefers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from review.mailing.preferring import how_to_tell, next_digest
from review.mailing.tasks import send_mail
from review.models import How, Mail, MailPreference, MailState, Notice, NoticeKind

Key = tuple[int, int | None]  # (recipient, page; None for the mail of a day)
_TRIES = 5  # a mail that waits may leave while we mean to join it; the next does not leave before its time


def route(notices: Sequence[Notice]) -> None:
    """Put these stored notices into mails, in the transaction of what they tell of: if that fails, so do they."""
    people = _reachable({notice.recipient_id for notice in notices})
    carried: dict[Key, list[Notice]] = {}
    for notice in notices:
        preference = people.get(notice.recipient_id)
        how = how_to_tell(notice, preference) if preference is not None else How.INBOX
        if how != How.INBOX:
            page = notice.page_id if how == How.AT_ONCE else None
            carried.setdefault((notice.recipient_id, page), []).append(notice)
    if not carried:
        return
    mails = _waiting_mails(carried, people)
    for key, found in carried.items():
        mail = mails[key]
        for notice in found:
            notice.mail = mail
        if key[1] is not None and any(NoticeKind(notice.kind).goes_at_once for notice in found):
            at = min(mail.due_at, *(notice.created_at for notice in found))
            Mail.objects.filter(pk=mail.pk).update(due_at=at)
            # Where it cannot be enqueued, the clock does so at its next turn.
            transaction.on_commit(_enqueue(mail.pk), robust=True)
    Notice.objects.bulk_update([notice for found in carried.values() for notice in found], ["mail"], 500)


def _enqueue(pk: int) -> Any:
    return lambda: send_mail.enqueue(pk)


def _reachable(people: set[int]) -> dict[int, MailPreference]:
    """The preferences of those who can get a mail at all."""
    users = get_user_model()._default_manager.filter(pk__in=people, is_active=True).exclude(email="")
    found = {pk: MailPreference(person_id=pk) for pk in users.values_list("pk", flat=True)}
    for preference in MailPreference.objects.filter(person__in=found):
        found[preference.person_id] = preference
    return found


def _waiting_mails(carried: dict[Key, list[Notice]], people: dict[int, MailPreference]) -> dict[Key, Mail]:
    """The mail of each key that waits, made where there is none, and held: no worker claims it before we are through.

    In one order for everybody, so that two who tell the same people do not wait for each other.
    """
    pages = {page for _recipient, page in carried if page is not None}
    asked = Q(recipient__in={recipient for recipient, _page in carried}) & (
        Q(page__in=pages) | Q(page__isnull=True)
    )
    held: dict[Key, Mail] = {}
    for _try in range(_TRIES):
        found = Mail.objects.filter(asked, state=MailState.WAITING).select_for_update().order_by("pk")
        held = {(mail.recipient_id, mail.page_id): mail for mail in found}
        missing = sorted(carried.keys() - held.keys(), key=lambda key: (key[0], key[1] or 0))
        if not missing:
            return held
        # Whoever makes the same at the same moment is waited for, and theirs is joined.
        Mail.objects.bulk_create(
            (_new(key, carried[key][0].created_at, people[key[0]]) for key in missing), ignore_conflicts=True
        )
    raise RuntimeError(f"no mail waits for {missing}")


def _new(key: Key, at: datetime, preference: MailPreference) -> Mail:
    recipient, page = key
    if page is not None:
        wait = timedelta(minutes=settings.REDLINE_MAIL_WAIT)
        return Mail(recipient_id=recipient, page_id=page, created_at=at, due_at=at + wait)
    due_at = next_digest(at, preference.daily_hour)
    return Mail(recipient_id=recipient, digest_on=timezone.localdate(due_at), created_at=at, due_at=due_at)
