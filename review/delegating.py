"""Somebody signs in another's place; what was signed in that time stays signed."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.people import staff
from procedures.rules import NotAllowed
from review.models import Delegation
from review.recording import save_as


def possible_delegates(user: Any) -> QuerySet[Any]:
    """The other active people who may read what is signed."""
    return staff().exclude(pk=user.pk).order_by("first_name", "username")


def delegate(*, delegation: Delegation, by: Any) -> Delegation:
    delegation.full_clean()
    save_as(delegation, by)
    return delegation


def end(*, delegation: Delegation, by: Any) -> Delegation:
    """End it today, or drop it where it has not begun; its history stays. Raises NotAllowed where it is over."""
    if delegation.ends_on < timezone.localdate():
        # Its last day is on record: signatures given in that time rest on it.
        raise NotAllowed(_("This delegation is over already."))
    yesterday = timezone.localdate() - timedelta(days=1)
    if delegation.starts_on > yesterday:
        delegation._history_user = by  # type: ignore[attr-defined]  # simple-history reads it
        delegation.delete()
    else:
        delegation.ends_on = yesterday
        save_as(delegation, by)
    return delegation
