"""What a safety comment sets going: the owner and documentation staff are told at once, and a clock runs until
one of them answers. It says nothing of what they answer; a hold (review.holding) is what stops readers."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet

from procedures import audit
from procedures.models import ProcedurePage
from procedures.people import holding, staff
from review import sealing
from review.eligibility import documentation_staff
from review.models import CALLS_FOR_SAFETY, NoticeKind, SafetyClock, Thread, ThreadKind, ThreadStatus
from review.notifying import SHOWN, dismiss, notify

logger = logging.getLogger(__name__)


def answerable(page: ProcedurePage) -> QuerySet[Any]:
    """Who answers for safety: the procedure's owner and all documentation staff, as far as they can still read it."""
    return staff().filter(Q(pk=page.procedure_owner_id) | Q(pk__in=documentation_staff().values("pk")))


def administrators() -> QuerySet[Any]:
    """The active people who look after the accounts of this site."""
    user = get_user_model()._meta
    return holding(f"{user.app_label}.change_{user.model_name}")


def raise_alarm(*, thread: Thread, text: str, by: Any, at: datetime) -> set[int]:
    """Start the clock, anew where it ran before, and tell who answers for the procedure; returns whom (keys)."""
    due_at = at + timedelta(hours=settings.REDLINE_SAFETY_HOURS)
    fresh = {name: None for name in ("stopped_at", "stopped_by", "escalated_at", "escalated_again_at")}
    SafetyClock.objects.update_or_create(
        thread=thread, defaults={"started_at": at, "due_at": due_at, **fresh}
    )
    page = thread.version.page
    return notify(answerable(page), NoticeKind.SAFETY, page, by=by, at=at, text=text[:SHOWN], thread=thread)


def is_silenced(thread: Thread) -> bool:
    """Whether its alarm was answered, e.g. by a hold, though the comment itself is open."""
    clock = SafetyClock.objects.filter(thread=thread).first()
    return thread.kind == ThreadKind.SAFETY and clock is not None and not clock.is_running


def stop_clock(*, thread: Thread, by: Any, at: datetime) -> None:
    SafetyClock.objects.running().filter(thread=thread).update(stopped_by=by, stopped_at=at)
    call_off(thread=thread, at=at)


def call_off(*, thread: Thread, at: datetime) -> None:
    """Take back from everybody who was told of it the call to answer it now."""
    dismiss(CALLS_FOR_SAFETY, at, thread=thread)


def stop_clocks_of(*, page: ProcedurePage, by: Any, at: datetime) -> None:
    """Readers are stopped: that is the first answer to every safety comment on this procedure."""
    clocks = SafetyClock.objects.running().filter(thread__version__page=page, started_at__lte=at)
    clocks.update(stopped_by=by, stopped_at=at)
    # Whether or not their clocks still ran: nobody is to be called to what is done.
    dismiss(CALLS_FOR_SAFETY, at, page=page, thread__safety_clock__started_at__lte=at)


def overdue(now: datetime) -> QuerySet[SafetyClock]:
    """The clocks of comments that still wait for a first answer after their time."""
    waiting = SafetyClock.objects.running().filter(due_at__lte=now, thread__kind=ThreadKind.SAFETY)
    return waiting.exclude(thread__status=ThreadStatus.RESOLVED)


def escalate(now: datetime) -> Iterator[str]:
    """Tell documentation staff once of what is overdue, and administrators once it goes over twice its time.

    Yields a line for each. One that fails holds no other up; the first error is raised at the end.
    """
    failed: Exception | None = None
    for pk in overdue(now).filter(escalated_again_at__isnull=True).values_list("pk", flat=True):
        try:
            lines = _escalate(pk, now)
        except Exception as error:  # whatever it is, the other comments are as urgent
            logger.exception("the safety comment of clock %s could not be escalated", pk)
            failed = failed or error
        else:
            yield from lines
    if failed is not None:
        raise failed


@transaction.atomic
def _escalate(pk: int, now: datetime) -> list[str]:
    page_id = SafetyClock.objects.values_list("thread__version__page", flat=True).get(pk=pk)
    ProcedurePage.objects.select_for_update().get(pk=page_id)
    clock = overdue(now).select_related("thread__version__page").filter(pk=pk).first()
    if clock is None:  # somebody answered meanwhile
        return []
    told = []
    if clock.escalated_at is None:
        clock.escalated_at = now
        told.append(("documentation staff", answerable(clock.thread.version.page)))
    if clock.escalated_again_at is None and clock.twice_due_at <= now:
        clock.escalated_again_at = now
        told.append(("administrators", administrators()))
    clock.save(update_fields=["escalated_at", "escalated_again_at"])
    thread, page = clock.thread, clock.thread.version.page
    first = thread.comments.first()
    said = first.text[:SHOWN] if first is not None else ""
    for to, people in told:
        notify(people, NoticeKind.SAFETY_LATE, page, at=now, text=said, thread=thread)
        data = {"comment": said, "thread": thread.pk, "to": to}
        audit.record(sealing.SAFETY_ESCALATED, version=thread.version, by=None, at=now, data=data)
    return [f"{page.number}: safety comment {thread.pk} escalated to {to}" for to, _people in told]
