"""How somebody wants to be told, and when their day's mail leaves."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from review.models import How, Mail, MailPreference, MailState, Notice, NoticeKind


def how_to_tell(notice: Notice, preference: MailPreference) -> str:
    """Whether a notice goes by mail now, later or not at all; one of a watch that is gone does not.

    What is about safety goes as its own preference says, however the watch that brought it tells of other things.
    """
    kind = NoticeKind(notice.kind)
    if not kind.is_mailed or (notice.watched and notice.watch is None):
        return How.INBOX
    if kind.is_safety:
        return preference.safety
    if notice.watch is not None:
        return notice.watch.how
    return preference.own if kind.is_own else preference.asked


def next_digest(at: datetime, hour: int) -> datetime:
    """The next time that it is this hour, on the site's clock."""
    local = timezone.localtime(at)
    due = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return due if due > local else due + timedelta(days=1)


@transaction.atomic
def prefer(*, person: Any, at: datetime, **wishes: Any) -> MailPreference:
    """Keep these wishes (the fields of MailPreference); a daily mail that waits leaves at the hour wished for."""
    preference, _created = MailPreference.objects.update_or_create(person=person, defaults=wishes)
    due_at = next_digest(at, preference.daily_hour)
    Mail.objects.filter(recipient=person, page__isnull=True, state=MailState.WAITING, due_at__gt=at).update(
        due_at=due_at, digest_on=timezone.localdate(due_at)
    )
    return preference
