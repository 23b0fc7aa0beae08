"""Who can be asked: the people whose roles let them read and act. It imports no model of this app."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet


def holding(permission: str) -> QuerySet[Any]:
    """The active people whose role grants this permission, e.g. "procedures.view_internal"."""
    app_label, codename = permission.split(".")
    granted = Q(
        groups__permissions__codename=codename,
        groups__permissions__content_type__app_label=app_label,
    )
    people = get_user_model()._default_manager.filter(granted | Q(is_superuser=True), is_active=True)
    return people.distinct()


def staff() -> QuerySet[Any]:
    """The active people who may read internal procedures."""
    return holding("procedures.view_internal")


def possible_owners() -> QuerySet[Any]:
    """Who can answer for a procedure: active people who may use the editing desk and read internal procedures."""
    return staff().filter(pk__in=holding("wagtailadmin.access_admin").values("pk"))


def administrators() -> QuerySet[Any]:
    """Who looks after the site and its people."""
    return holding(f"{get_user_model()._meta.app_label}.change_user")
