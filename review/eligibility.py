"""Whom a stage asks: the members of its groups, the people it names, whoever stands in for one of them."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from review.models import Delegation, ReviewTask, Stage


def asked_by(stage: Stage | ReviewTask, *, escalated: bool = False) -> QuerySet[Any]:
    """The active people whom the stage names, with those it was escalated to."""
    named = Q(groups__in=stage.groups.all()) | Q(pk__in=stage.people.values("pk"))
    if escalated and stage.escalate_to_id:
        named |= Q(groups=stage.escalate_to_id)
    return get_user_model()._default_manager.filter(named, is_active=True).distinct()


def documentation_staff() -> QuerySet[Any]:
    """The active people who decide for any procedure, its owner or not."""
    granted = Q(
        groups__permissions__codename="decide_any_suggestion",
        groups__permissions__content_type__app_label="review",
    )
    return get_user_model()._default_manager.filter(granted, is_active=True).distinct()


def asked(stage: Stage) -> QuerySet[Any]:
    return asked_by(stage, escalated=stage.escalated_at is not None)


def may_sign_for(user: Any, stage: Stage) -> list[Any]:
    """In whose name this person may sign: None for their own, then those they stand in for today."""
    people = asked(stage)
    own = [None] if people.filter(pk=user.pk).exists() else []
    return own + list(people.filter(delegations_given__in=_standing_in(user)).exclude(pk=user.pk))


def open_stages_for(user: Any) -> QuerySet[Stage]:
    """The open stages that ask this person, or somebody they stand in for, and that they can still answer."""
    return (
        Stage.objects.open()
        .filter(_asks(Q(pk=user.pk) | Q(delegations_given__in=_standing_in(user))))
        .exclude(signatures__signatory=user, signatures__voided_at__isnull=True)
        .exclude(remarks__author=user)
        .exclude(kind="sign", release__submitted_by=user)
        .exclude(kind="sign", release__editors=user)
        .distinct()
    )


def _standing_in(user: Any) -> QuerySet[Delegation]:
    return Delegation.objects.in_force(timezone.localdate()).filter(delegate=user)


def _asks(people: Q) -> Q:
    """Stages that ask any of these people."""
    of = get_user_model()._default_manager.filter(people, is_active=True)
    groups = of.values("groups")
    return Q(people__in=of) | Q(groups__in=groups) | Q(escalated_at__isnull=False, escalate_to__in=groups)
