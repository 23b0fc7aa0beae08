"""What the clock does: scheduled versions go into force, stages are reminded of, escalated and closed,
and so are the duties of versions in force (review.reminding).

Any number of workers may run this at once: each thing is done under the lock of its procedure, after asking
again whether it is still to be done.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from procedures import audit
from procedures.actions import go_live
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.rules import NotAllowed
from review import duties, reminding, reviewing, sealing
from review.eligibility import silent
from review.models import Notice, NoticeKind, Stage, StageKind

REMIND_BEFORE = timedelta(days=1)


def run(now: datetime) -> Iterator[str]:
    """Do everything that is due at `now`; yields a line for each thing done."""
    for pk in list(ProcedureVersion.objects.due(now).values_list("pk", flat=True)):
        try:
            if version := _go_live(pk, now):
                yield f"{version} in force"
        except NotAllowed as refused:
            yield _blocked(pk, refused.reason, now)
    stages = Stage.objects.open().filter(due_at__lte=now + REMIND_BEFORE)
    for pk in list(stages.values_list("pk", flat=True)):
        if done := _pursue(pk, now):
            yield done
    yield from reminding.remind(now)


@transaction.atomic
def _go_live(pk: int, now: datetime) -> ProcedureVersion | None:
    page_id = ProcedureVersion.objects.values_list("page_id", flat=True).get(pk=pk)
    ProcedurePage.objects.select_for_update().get(pk=page_id)
    version = ProcedureVersion.objects.select_related("page", "release__submitted_by").get(pk=pk)
    if version.status != VersionStatus.APPROVED:  # another worker was first, or it was called off
        return None
    version = go_live(version=version, at=now)
    duties.ask_to_read(version=version, at=now)
    release = version.release
    reviewing.notify([release.submitted_by], NoticeKind.RELEASED, version.page, at=now)
    return version


@transaction.atomic
def _blocked(pk: int, reason: str, now: datetime) -> str:
    """Tell its submitter, once until they have read it, why a scheduled version does not go into force."""
    version = ProcedureVersion.objects.select_related("page", "release__submitted_by").get(pk=pk)
    submitter = version.release.submitted_by
    told = Notice.objects.unread().filter(recipient=submitter, kind=NoticeKind.BLOCKED, page=version.page)
    if not told.exists():
        reviewing.notify([submitter], NoticeKind.BLOCKED, version.page, at=now, text=reason)
    return f"{version}: {reason}"


@transaction.atomic
def _pursue(pk: int, now: datetime) -> str:
    """Remind, escalate, or close a consultation; "" where there is nothing left to do."""
    page_id = Stage.objects.values_list("release__page_id", flat=True).get(pk=pk)
    ProcedurePage.objects.select_for_update().get(pk=page_id)
    stage = Stage.objects.select_related("release__page").get(pk=pk)
    if not stage.is_open or stage.due_at is None:
        return ""
    page = stage.release.page
    if stage.due_at <= now:
        if stage.kind == StageKind.CONSULT:
            return _close(stage, now)
        if stage.escalate_to_id and stage.escalated_at is None:
            before = set(silent(stage, now).values_list("pk", flat=True))
            stage.escalated_at = now
            stage.save(update_fields=["escalated_at"])
            _log(sealing.STAGE_ESCALATED, stage, now)
            reviewing.notify(silent(stage, now).exclude(pk__in=before), NoticeKind.ESCALATED, page, at=now)
            return f"{page.number}: {stage} escalated to {stage.escalate_to}"
    if stage.reminded_at is None or stage.reminded_at <= now - REMIND_BEFORE:
        stage.reminded_at = now
        stage.save(update_fields=["reminded_at"])
        _log(sealing.STAGE_REMINDED, stage, now)
        reviewing.notify(silent(stage, now), NoticeKind.REMINDED, page, at=now)
        return f"{page.number}: {stage} reminded"
    return ""


def _log(kind: str, stage: Stage, now: datetime) -> None:
    audit.record(kind, page=stage.release.page, by=None, at=now, data={"stage": stage.name}, sealed=[stage])


def _close(stage: Stage, now: datetime) -> str:
    """A consultation ends on its day, whoever has spoken: nobody's silence holds a release up."""
    try:
        with transaction.atomic():
            reviewing.complete(stage, by=None, at=now)
    except NotAllowed as refused:  # e.g. it was the last stage, and the release would now overlap another
        return f"{stage.release.page.number}: {refused.reason}"
    return f"{stage.release.page.number}: {stage} closed"
