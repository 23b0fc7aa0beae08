"""How a review runs: stages open, complete and hand on, and Wagtail's workflow is told.

Wagtail has one current task; here the stages of one batch are open at the same time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Task, TaskState, Workflow, WorkflowState

from procedures import audit
from procedures.models import AuditKind, ProcedurePage
from procedures.rules import NotAllowed
from review import sealing
from review.eligibility import silent
from review.models import Notice, NoticeKind, Release, ReleaseStatus, ReviewTask, Stage, StageKind
from review.models.plans import stages_of
from review.notifying import notify
from review.recording import save_as
from review.staffing import check_staffed

# Of each way to end a review: the event of the log, what whoever had signed is told, and what its submitter is.
_ENDS = {
    ReleaseStatus.SENT_BACK: (AuditKind.SENT_BACK, NoticeKind.VOIDED, NoticeKind.SENT_BACK),
    ReleaseStatus.TAKEN_BACK: (sealing.TAKEN_BACK, NoticeKind.VOIDED, NoticeKind.TAKEN_BACK),
    ReleaseStatus.REPLACED: (AuditKind.VOIDED, NoticeKind.VOID_NEWER, NoticeKind.NEWER_TEXT),
    ReleaseStatus.STOPPED: (sealing.STOPPED, NoticeKind.VOID_STOPPED, NoticeKind.STOPPED),
}
_ASKING = (NoticeKind.ASKED, NoticeKind.CONSULTED, NoticeKind.REMINDED, NoticeKind.ESCALATED)


def tasks_of(workflow: Workflow, *, editors: Iterable[int]) -> list[ReviewTask]:
    """The plan's stages in order. Raises NotAllowed where nobody could ever complete them."""
    tasks = stages_of(workflow)
    check_staffed(workflow, tasks, editors=editors)
    return tasks


def make_stages(release: Release, tasks: Iterable[ReviewTask]) -> list[Stage]:
    """Copy the plan's stages; Wagtail's workflow opens the first of them."""
    batch, stages = 0, []
    for position, task in enumerate(tasks, 1):
        batch += not (task.side_by_side and position > 1)
        stage = Stage.objects.create(
            release=release,
            task=task.task_ptr,
            position=position,
            batch=batch,
            name=task.name,
            kind=task.kind,
            meaning=task.meaning,
            needed=task.needed,
            days=task.days,
            escalate_to=task.escalate_to,
        )
        stage.groups.set(task.groups.all())
        stage.people.set(task.people.all())
        stages.append(stage)
    return stages


def new_workflow_state(page: ProcedurePage, workflow: Workflow, by: Any) -> WorkflowState:
    """What `Workflow.start` makes, without its first task: the stages must be there before that opens."""
    return WorkflowState.objects.create(
        content_type=page.get_content_type(),
        base_content_type=page.get_base_content_type(),
        object_id=str(page.pk),
        workflow=workflow,
        status=WorkflowState.STATUS_IN_PROGRESS,
        requested_by=by,
    )


def bind(task_state: TaskState) -> TaskState:
    """Keep Wagtail's task state with the revision that was submitted."""
    release = Release.objects.filter(workflow_state=task_state.workflow_state_id).first()
    if release is None:
        raise NotAllowed(_("A release is submitted on the site, with what it changes."))
    task_state.revision_id = release.revision_id
    task_state.save()
    return task_state


def go_on(release: Release, *, by: Any, at: datetime) -> None:
    """Open the stages whose turn it is, or end the review where all are complete.

    The stages of the release decide, as they were on submission; Wagtail's workflow, whose tasks somebody may
    have changed since, is only told.
    """
    state = WorkflowState.objects.get(pk=release.workflow_state_id)
    stage = release.stages.filter(completed_at__isnull=True).order_by("position").first()
    if stage is None:
        state.finish(user=by)
        return
    current = state.current_task_state
    if current is None or current.status != TaskState.STATUS_IN_PROGRESS:
        started = stage.task.specific.start(state, user=by)
        # Not `state.save`, which looks all that it refers to up again.
        WorkflowState.objects.filter(pk=state.pk).update(current_task_state=started)
    _open(release, stage.batch, at)


def _open(release: Release, batch: int, at: datetime) -> None:
    opening = list(release.stages.filter(batch=batch, opened_at__isnull=True))
    for stage in opening:
        stage.opened_at = at
        stage.due_at = at + timedelta(days=stage.days) if stage.days else None
        stage.save(update_fields=["opened_at", "due_at"])
        kind = NoticeKind.ASKED if stage.kind == StageKind.SIGN else NoticeKind.CONSULTED
        notify(silent(stage, at).exclude(pk=release.submitted_by_id), kind, release.page, at=at)
    if opening:
        names = [stage.name for stage in opening]
        audit.record(
            sealing.STAGE_OPENED, page=release.page, by=None, at=at, data={"stages": names}, sealed=opening
        )


def complete(stage: Stage, *, by: Any, at: datetime) -> None:
    """Mark the stage complete and go on; the last one ends in a version."""
    stage.completed_at = at
    stage.save(update_fields=["completed_at"])
    audit.record(
        sealing.STAGE_COMPLETE,
        page=stage.release.page,
        by=by,
        at=at,
        data={"stage": stage.name},
        sealed=[stage],
    )
    state = WorkflowState.objects.get(pk=stage.release.workflow_state_id)
    told = state.current_task_state
    if told is None or told.task_id != stage.task_id or told.status != TaskState.STATUS_IN_PROGRESS:
        told = stage.task.specific.start(state, user=by)  # side by side with the one that Wagtail knows of
    told.approve(user=by, update=False)
    go_on(stage.release, by=by, at=at)


def end(release: Release, status: str, *, by: Any, at: datetime, reason: str = "") -> None:
    """Stop a review under way: signatures given on it are void; whoever gave them, or submitted it, is told.

    `reason`: what a person wrote to it; what the status alone tells is said in each reader's language.
    """
    release.status, release.ended_by, release.ended_at, release.reason = status, by, at, reason
    save_as(release, by)
    signatures = list(release.signatures.valid().select_related("signatory"))
    for signature in signatures:
        signature.voided_at = at
        save_as(signature, by)
    kind, void, ended = _ENDS[ReleaseStatus(status)]
    audit.record(
        kind, page=release.page, by=by, at=at, data={"reason": reason}, sealed=[release, *signatures]
    )
    signatories = {signature.signatory for signature in signatures}
    notify(signatories, void, release.page, at=at, by=by, text=reason)
    notify([release.submitted_by], ended, release.page, at=at, by=by, text=reason)
    state = WorkflowState.objects.get(pk=release.workflow_state_id)
    if state.status == WorkflowState.STATUS_IN_PROGRESS:
        state.cancel(user=by)
    dismiss(release, at)


def dismiss(release: Release, at: datetime) -> None:
    """Mark as read what asks people whom the review waits for no more."""
    waits_for = [
        pk
        for stage in Stage.objects.open().filter(release=release)
        for pk in silent(stage, at).values_list("pk", flat=True)
    ]
    moot = Notice.objects.unread().filter(page=release.page_id, kind__in=_ASKING)
    moot.exclude(recipient__in=waits_for).update(read_at=at)


def workflow_cancelled(*, instance: WorkflowState, user: Any, **kwargs: Any) -> None:
    """Somebody stopped the workflow itself: the release ends with it, and its submitter is told."""
    with transaction.atomic():
        release = Release.objects.in_review().filter(workflow_state=instance).first()
        if release is None:
            return
        own = user is not None and user.pk == release.submitted_by_id
        end(
            release,
            ReleaseStatus.TAKEN_BACK if own else ReleaseStatus.STOPPED,
            by=user,
            at=timezone.now(),
        )


def task_disabled(*, instance: Task, **kwargs: Any) -> None:
    """A review under way keeps the stages that it began with.

    Wagtail, which goes through a disabled task's states next, would pass over the stage or finish the workflow.
    """
    if not instance.active:
        TaskState.objects.filter(
            task=instance.pk, status=TaskState.STATUS_IN_PROGRESS, workflow_state__release__isnull=False
        ).update(status=TaskState.STATUS_CANCELLED, finished_at=timezone.now())
