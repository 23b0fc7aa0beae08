"""A mail that was given up is sent again because somebody asks for it; never one that left, or may have left."""

from datetime import datetime
from typing import Any

from django.db import transaction

from review import rules
from review.models import Mail, MailState


@transaction.atomic
def send_again(*, by: Any, at: datetime, pk: int | None = None) -> int:
    """Have the mail with this key, or all that were given up, tried once more at the clock's next turn.

    How many; those that somebody else asked for meanwhile, or that are gone, are none. Raises PermissionDenied.
    """
    rules.check_mails(user=by)
    failed = Mail.objects.filter(state=MailState.FAILED)
    if pk is not None:
        failed = failed.filter(pk=pk)
    # One statement: whoever asks at the same moment finds nothing left to ask for.
    return failed.update(state=MailState.REFUSED, due_at=at, again_by=by, again_at=at)
