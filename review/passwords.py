"""A signature is made by whoever knows the password, not by whoever found the screen unlocked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import audit
from procedures.models import AuditEvent, ProcedurePage
from procedures.rules import NotAllowed
from review.sealing import PASSWORD_REFUSED

TRIES = 5
WINDOW = timedelta(minutes=10)


class WrongPassword(NotAllowed):
    """Raised inside the transaction of an action, which it undoes; `refusals_on_record` keeps that it happened."""


def check_password(user: Any, password: str) -> None:
    """Raise WrongPassword for another password, NotAllowed after five of them within ten minutes."""
    recent = AuditEvent.objects.filter(
        kind=PASSWORD_REFUSED, actor=user.pk, recorded_at__gte=timezone.now() - WINDOW
    )
    if recent.count() >= TRIES:
        raise NotAllowed(_("Too many wrong passwords. Nothing was signed; try again in ten minutes."))
    if not user.is_active or not user.check_password(password):
        raise WrongPassword(_("The password is not right. Nothing was signed."))


@contextmanager
def refusals_on_record(by: Any, page: ProcedurePage) -> Iterator[None]:
    """Around an action: a wrong password is logged although the action itself is undone."""
    try:
        yield
    except WrongPassword:
        with transaction.atomic():
            audit.record(PASSWORD_REFUSED, page=page, by=by)
        raise
