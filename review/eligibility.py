"""Whom a stage asks: the members of its groups, the people it names, whoever stands in for one of them."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from procedures.models import ProcedurePage
from procedures.people import holding, possible_owners, staff
from review.models import Delegation, ReviewTask, Signature, Stage, StageKind


def asked_by(stage: Stage | ReviewTask, *, escalated: bool = False) -> QuerySet[Any]:
    """The active people whom the stage names and who may read what it is about, with those it can escalate to.

    Without a number of days a stage is never overdue, and a consultation ends on its day: neither escalates.
    """
    named = Q(groups__in=stage.groups.all()) | Q(pk__in=stage.people.values("pk"))
    if escalated and stage.escalate_to_id and stage.days and stage.kind == StageKind.SIGN:
        named |= Q(groups=stage.escalate_to_id)
    people = get_user_model()._default_manager.filter(named, pk__in=staff().values("pk"))
    return people.distinct()


def documentation_staff() -> QuerySet[Any]:
    """The active people who decide for any procedure, its owner or not."""
    granted = Q(
        groups__permissions__codename="decide_any_suggestion",
        groups__permissions__content_type__app_label="review",
    )
    return get_user_model()._default_manager.filter(granted, is_active=True).distinct()


def acting_owners() -> QuerySet[Any]:
    """Who can still be asked as a procedure's owner; who lost the role or left is asked no more."""
    return possible_owners().filter(pk__in=holding("review.decide_suggestion").values("pk"))


def who_answers(page: ProcedurePage) -> list[Any]:
    """The procedure's owner; documentation staff where there is none who could act."""
    owner = acting_owners().filter(pk=page.procedure_owner_id).first()
    return [owner] if owner is not None else list(documentation_staff())


def asked(stage: Stage) -> QuerySet[Any]:
    return asked_by(stage, escalated=stage.escalated_at is not None)


def silent(stage: Stage, at: datetime) -> QuerySet[Any]:
    """Whom the stage still waits for at that time: those asked who can answer and have not, with their stand-ins."""
    if stage.kind == StageKind.SIGN:
        signed = Signature.objects.valid().filter(release=stage.release_id)
        cannot = Q(pk=stage.release.submitted_by_id) | Q(pk__in=stage.release.editors.values("pk"))
        cannot |= Q(pk__in=signed.values("signatory"))
        answered = Q(pk__in=signed.filter(on_behalf_of__isnull=False).values("on_behalf_of"))
    else:
        cannot = answered = Q(pk__in=stage.remarks.values("author"))
    people = asked(stage).exclude(cannot | answered)
    away = Delegation.objects.in_force(timezone.localdate(at)).filter(delegator__in=people.values("pk"))
    stand_ins = staff().filter(pk__in=away.values("delegate")).exclude(cannot)
    return get_user_model()._default_manager.filter(
        Q(pk__in=people.values("pk")) | Q(pk__in=stand_ins.values("pk"))
    )


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
        .exclude(kind="sign", release__in=Signature.objects.valid().filter(signatory=user).values("release"))
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
