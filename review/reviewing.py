"""How a review runs on Wagtail's workflow: stages open, complete and hand on.

Wagtail has one current task; here the stages of one batch are open at the same time. A stage that is complete
before Wagtail comes to it is passed as it opens.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from wagtail.models import TaskState, Workflow, WorkflowState

from procedures import audit
from procedures.models import AuditKind, ProcedurePage
from procedures.rules import NotAllowed
from review import sealing
from review.eligibility import asked, asked_by
from review.models import Notice, NoticeKind, Release, ReleaseStatus, ReviewTask, Stage, StageKind
from review.models.plans import MAX_STAGES
from review.recording import save_as


def tasks_of(workflow: Workflow, *, editors: Iterable[int]) -> list[ReviewTask]:
    """The plan's stages in order. Raises NotAllowed where nobody could ever complete them."""
    tasks = [
        workflow_task.task.specific
        for workflow_task in workflow.workflow_tasks.select_related("task").order_by("sort_order")
        if workflow_task.task.active
    ]
    if not all(isinstance(task, ReviewTask) for task in tasks) or not 1 <= len(tasks) <= MAX_STAGES:
        raise NotAllowed(
            _("The review plan “%(plan)s” must have one to ten review stages.") % {"plan": workflow.name}
        )
    if not any(task.kind == StageKind.SIGN for task in tasks):
        raise NotAllowed(_("The review plan “%(plan)s” asks nobody to sign.") % {"plan": workflow.name})
    for task in tasks:
        people = asked_by(task, escalated=True)
        if task.kind == StageKind.SIGN:
            people = people.exclude(pk__in=list(editors))
        if (count := people.count()) < task.needed:
            raise NotAllowed(
                _(
                    "The stage “%(stage)s” needs %(needed)d people and asks only %(count)d who did not edit this. "
                    "Somebody must change the review plan."
                )
                % {"stage": task.name, "needed": task.needed, "count": count}
            )
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


def stage_opened(task_state: TaskState) -> TaskState:
    """Bind Wagtail's task state to the submitted revision, and open the stage with those beside it."""
    release = Release.objects.filter(workflow_state=task_state.workflow_state_id).first()
    if release is None:
        raise NotAllowed(_("A release is submitted on the site, with what it changes."))
    stage = release.stages.get(task=task_state.task_id)
    task_state.revision_id = release.revision_id
    if stage.completed_at is not None:
        task_state.status, task_state.finished_at = TaskState.STATUS_APPROVED, stage.completed_at
    task_state.save()
    completed = release.stages.aggregate(Max("completed_at"))["completed_at__max"]
    now: datetime = completed or release.submitted_at
    opening = list(release.stages.filter(batch=stage.batch, opened_at__isnull=True))
    for beside in opening:
        beside.opened_at = now
        beside.due_at = now + timedelta(days=beside.days) if beside.days else None
        beside.save(update_fields=["opened_at", "due_at"])
        kind = NoticeKind.ASKED if beside.kind == StageKind.SIGN else NoticeKind.CONSULTED
        people = asked(beside).exclude(pk=release.submitted_by_id)
        if beside.kind == StageKind.SIGN:
            people = people.exclude(pk__in=release.editors.values("pk"))
        notify(people, kind, release.page, at=now)
    if opening:
        names = [beside.name for beside in opening]
        audit.record(
            sealing.STAGE_OPENED, page=release.page, by=None, at=now, data={"stages": names}, sealed=opening
        )
    return task_state


def complete(stage: Stage, *, by: Any, at: datetime) -> None:
    """Mark the stage complete; where Wagtail waits for it, the workflow goes on, to its end if it was the last."""
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
    if state.current_task_state.task_id == stage.task_id:
        state.current_task_state.approve(user=by)


def end(release: Release, status: str, *, by: Any, at: datetime, reason: str = "") -> None:
    """Stop a review under way: signatures given on it are void, and whoever gave them is told."""
    release.status, release.ended_by, release.ended_at, release.reason = status, by, at, reason
    save_as(release, by)
    signatures = list(release.signatures.valid().select_related("signatory"))
    for signature in signatures:
        signature.voided_at = at
        save_as(signature, by)
    kind = {ReleaseStatus.SENT_BACK: AuditKind.SENT_BACK, ReleaseStatus.REPLACED: AuditKind.VOIDED}.get(
        ReleaseStatus(status), sealing.TAKEN_BACK
    )
    audit.record(
        kind, page=release.page, by=by, at=at, data={"reason": reason}, sealed=[release, *signatures]
    )
    signatories = {signature.signatory for signature in signatures} - {by}
    notify(signatories, NoticeKind.VOIDED, release.page, at=at, text=reason)
    state = WorkflowState.objects.get(pk=release.workflow_state_id)
    if state.status == WorkflowState.STATUS_IN_PROGRESS:
        state.cancel(user=by)


def notify(people: Iterable[Any], kind: str, page: ProcedurePage, *, at: datetime, text: str = "") -> None:
    Notice.objects.bulk_create(
        [Notice(recipient=person, kind=kind, page=page, text=text, created_at=at) for person in people]
    )


def workflow_cancelled(*, instance: WorkflowState, user: Any, **kwargs: Any) -> None:
    """An administrator stopped the workflow itself: the release ends with it, and says so."""
    from django.utils import timezone

    with transaction.atomic():
        release = Release.objects.in_review().filter(workflow_state=instance).first()
        if release is not None:
            end(release, "taken_back", by=user, at=timezone.now(), reason=_("The review plan was stopped."))
