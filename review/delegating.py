"""Somebody signs in another's place; what was signed in that time stays signed."""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, QuerySet
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


@transaction.atomic
def end(*, delegation: Delegation, by: Any) -> Delegation:
    """End it now, or drop it where nobody signed and no day of it has passed; its history stays.

    A signature given today rests on it: then today is its last day. Raises NotAllowed where it is over.
    """
    delegation = Delegation.objects.select_for_update().get(pk=delegation.pk)
    if delegation.is_over:
        # Its last day is on record: signatures given in that time rest on it.
        raise NotAllowed(_("This delegation is over already."))
    last = delegation.first_possible_end
    if last < delegation.starts_on:
        delegation._history_user = by  # type: ignore[attr-defined]  # simple-history reads it
        delegation.delete()
    else:
        delegation.ends_on = last
        save_as(delegation, by)
    return delegation


def keep_begun(sender: type[Delegation], instance: Delegation, **kwargs: Any) -> None:
    """Before one is deleted, by whatever way. Raises ProtectedError where somebody can have signed under it."""
    if reason := instance.why_kept:
        raise ProtectedError(reason, {instance})
