"""What one approval was before, as a release with one stage and one signature."""

from django.db import migrations


def convert(apps, schema_editor):
    ReleaseApprovalTask = apps.get_model("review", "ReleaseApprovalTask")
    ReviewTask = apps.get_model("review", "ReviewTask")
    Task = apps.get_model("wagtailcore", "Task")
    TaskState = apps.get_model("wagtailcore", "TaskState")
    WorkflowState = apps.get_model("wagtailcore", "WorkflowState")
    ContentType = apps.get_model("contenttypes", "ContentType")
    if not ReleaseApprovalTask.objects.exists():
        return
    kind, _created = ContentType.objects.get_or_create(app_label="review", model="reviewtask")
    for old in ReleaseApprovalTask.objects.all():
        new = ReviewTask(task_ptr_id=old.pk, kind="sign", meaning="release", needed=1)
        new.save_base(raw=True)
        new.groups.set(old.groups.all())
        Task.objects.filter(pk=old.pk).update(content_type=kind)
        # Nobody has signed the bytes of what is under way: it is submitted again.
        running = TaskState.objects.filter(task_id=old.pk, status="in_progress")
        WorkflowState.objects.filter(task_states__in=running).update(status="cancelled")
        running.update(status="cancelled")
    for approval in apps.get_model("review", "Approval").objects.select_related("version", "approver"):
        _release(apps, approval)


def _release(apps, approval):
    version = approval.version
    task_state = (
        apps.get_model("wagtailcore", "TaskState")
        .objects.filter(revision_id=version.revision_id, status="approved")
        .select_related("workflow_state", "task")
        .last()
    )
    if task_state is None:
        return
    release = apps.get_model("review", "Release").objects.create(
        page_id=version.page_id,
        revision_id=version.revision_id,
        sha256=version.sha256,
        content=version.content,
        significance=version.significance,
        change_summary=version.change_summary or version.title,
        workflow_state=task_state.workflow_state,
        submitted_by_id=task_state.workflow_state.requested_by_id or version.last_editor_id,
        submitted_at=task_state.started_at,
        status="approved",
        ended_by=approval.approver,
        ended_at=approval.approved_at,
        version=version,
    )
    stage = apps.get_model("review", "Stage").objects.create(
        release=release,
        task=task_state.task,
        position=1,
        batch=1,
        name=task_state.task.name,
        kind="sign",
        meaning="release",
        needed=1,
        opened_at=task_state.started_at,
        completed_at=approval.approved_at,
    )
    apps.get_model("review", "Signature").objects.create(
        release=release,
        stage=stage,
        signatory=approval.approver,
        name=(f"{approval.approver.first_name} {approval.approver.last_name}".strip() or approval.approver.username),
        signed_at=approval.approved_at,
        meaning="release",
        comment=approval.meaning,
        sha256=approval.sha256,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0002_review_plans"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("wagtailcore", "0098_apitoken"),
    ]
    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
