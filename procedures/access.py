"""Who may see what: the one place that every surface asks."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from procedures.models.catalogue import MachineModel
from procedures.models.page import Audience
from procedures.models.version import VersionApplicability, VersionStatus

WIDEST_FIRST = (Audience.PUBLIC, Audience.CUSTOMER, Audience.INTERNAL)


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


def models_visible_to(user: Any) -> QuerySet[MachineModel]:
    """Staff see every model; others those that a text in force names which they may read, and those of machines that
    they look after. That a text is for a whole product line names none: one may not be on the market yet."""
    if may_read_internal(user):
        return MachineModel.objects.all()
    known = Q(pk__in=rows_naming_models(readable_audiences(user)).values("model"))
    if user and user.is_authenticated:
        known |= Q(pk__in=user.machines.values("model"))
    return MachineModel.objects.filter(known)


def rows_naming_models(audiences: Collection[str]) -> QuerySet[VersionApplicability]:
    """Where texts in force for these audiences say of models that they apply to them."""
    return VersionApplicability.objects.filter(
        version__status=VersionStatus.EFFECTIVE, version__audience__in=audiences
    ).order_by()


def audiences_within(audience: str) -> frozenset[str]:
    """Those whose texts everybody in this audience may read."""
    return frozenset(WIDEST_FIRST[: WIDEST_FIRST.index(Audience(audience)) + 1])


def may_answer_for_imports(user: Any) -> bool:
    """Documentation staff: what they import is in force at once, with them on record as having approved it."""
    return may_accept_overlaps(user)


def may_accept_overlaps(user: Any) -> bool:
    """Documentation staff: they let two guides answer the same code, and take that back."""
    return bool(user and user.is_authenticated and user.has_perm("procedures.accept_overlap"))
