"""Who may see what: the one place that every surface asks."""

from typing import Any

from procedures.models.page import Audience


def may_read_internal(user: Any) -> bool:
    """Service staff: whoever holds a role that reads internal procedures."""
    return bool(user and user.is_authenticated and user.has_perm("procedures.view_internal"))


def readable_audiences(user: Any) -> frozenset[str]:
    """The audiences whose released texts this person may read.

    Nobody signed in: what is for everybody. A signed-in person without a role is a customer.
    """
    if may_read_internal(user):
        return frozenset({Audience.PUBLIC, Audience.CUSTOMER, Audience.INTERNAL})
    if user and user.is_authenticated:
        return frozenset({Audience.PUBLIC, Audience.CUSTOMER})
    return frozenset({Audience.PUBLIC})


def may_answer_for_imports(user: Any) -> bool:
    """Documentation staff: what they import is in force at once, with them on record as having approved it."""
    return may_accept_overlaps(user)


def may_accept_overlaps(user: Any) -> bool:
    """Documentation staff: they let two guides answer the same code, and take that back."""
    return bool(user and user.is_authenticated and user.has_perm("procedures.accept_overlap"))
