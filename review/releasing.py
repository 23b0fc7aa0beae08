"""The way of a text into force: submit, sign, send back, withdraw. Each is one transaction, recorded."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Workflow, WorkflowState

from procedures import audit
from procedures.actions import go_live, mint_version, refuse_overlaps, withdraw_version
from procedures.authorship import authorship_of
from procedures.content import canonical_content, content_hash
from procedures.models import AuditKind, ProcedurePage, ProcedureVersion, VersionStatus
from procedures.numbers import claim_number
from procedures.rules import ChangedBehindTheLog, NotAllowed
from review import duties, release_rules, reviewing, sealing, watching
from review.carrying import carried_by
from review.landing import working_copy
from review.models import (
    NoticeKind,
    Release,
    ReleaseStatus,
    Remark,
    ReviewPlan,
    Signature,
    Stage,
)
from review.notifying import notify
from review.passwords import check_password, refusals_on_record
from review.recording import required, save_as
from review.staffing import heard


@transaction.atomic
def submit_for_release(
    *,
    page: ProcedurePage,
    by: Any,
    change_summary: str,
    significance: str,
    effective_from: datetime | None = None,
    at: datetime | None = None,
) -> Release:
    """Send the working copy, as it stands now, through the stages of its review plan."""
    page = ProcedurePage.objects.select_for_update().get(pk=page.pk)
    release_rules.check_submit(user=by, page=page)
    at = at or timezone.now()
    summary = required(change_summary, _("Say what changes: readers see it in the change log."))
    if effective_from is not None:
        release_rules.check_day(day=effective_from, at=at)
    draft = working_copy(page)
    content = canonical_content(draft)
    if not content["steps"]:
        raise NotAllowed(_("A procedure needs at least one step before it can be released."))
    sha256 = content_hash(content)
    in_force = page.versions.effective().first()
    if in_force is not None and in_force.sha256 == sha256:
        raise NotAllowed(_("Nothing has changed since version %(label)s.") % {"label": in_force.label})
    claim_number(page_id=page.pk, number=content["number"])
    refuse_overlaps(page_id=page.pk, content=content)
    revision = page.get_latest_revision() or page.save_revision(user=by)
    workflow = plan_for(draft, significance, by)
    authorship = authorship_of(revision)
    # Whoever worded the summary of an earlier attempt, which this submitter may have taken over.
    since = (authorship.base and authorship.base.revision_id) or 0
    earlier = Release.objects.filter(page=page, revision_id__gt=since)
    editors = authorship.editors | set(earlier.values_list("submitted_by", flat=True))
    tasks = reviewing.tasks_of(workflow, editors={*editors, by.pk})
    release = Release(
        page=page,
        revision=revision,
        sha256=sha256,
        content=content,
        significance=significance,
        change_summary=summary,
        effective_from=effective_from,
        workflow_state=reviewing.new_workflow_state(page, workflow, by),
        submitted_by=by,
        submitted_at=at,
    )
    save_as(release, by)
    release.editors.set(editors)
    stages = reviewing.make_stages(release, tasks)
    audit.record(
        AuditKind.SUBMITTED,
        page=page,
        by=by,
        at=at,
        data={
            "change_summary": summary,
            "significance": significance,
            "sha256": sha256,
            "plan": workflow.name,
        },
        sealed=[release, *stages],
    )
    reviewing.go_on(release, by=by, at=at)
    return release


def plan_for(page: ProcedurePage, significance: str, submitter: Any) -> Workflow:
    """The stages that this release goes through: `page` as it is submitted, whose product line may be new.

    A plan whose workflow is disabled is still the plan: nothing goes through fewer stages because of that
    (`stages_of` refuses it). Raises NotAllowed where no plan is set up.
    """
    plan = ReviewPlan.objects.for_release(page, significance, submitter)
    workflow = plan.workflow if plan else page.get_workflow()
    if workflow is None:
        raise NotAllowed(_("No review plan is set up for this procedure; documentation staff can add one."))
    return workflow


def sign(
    *,
    stage: Stage,
    by: Any,
    password: str,
    seen_sha256: str,
    comment: str = "",
    on_behalf_of: Any = None,
    at: datetime | None = None,
) -> Signature:
    """Sign the bytes with this hash; the last signature that the plan asks for makes them a version.

    Raises NotAllowed where the hash is not that of the release, the password is wrong or the person may not.
    """
    with refusals_on_record(by, stage.release.page), transaction.atomic():
        return _sign(_locked(stage), by, password, seen_sha256, comment, on_behalf_of, at or timezone.now())


def _sign(
    stage: Stage,
    by: Any,
    password: str,
    seen_sha256: str,
    comment: str,
    on_behalf_of: Any,
    at: datetime,
) -> Signature:
    release_rules.check_sign(user=by, stage=stage, on_behalf_of=on_behalf_of)
    release = stage.release
    if seen_sha256 != release.sha256:
        raise NotAllowed(_("What waits for approval is no longer what you looked at. Look again below."))
    check_password(by, password)
    given = [*release.stages.all(), *release.signatures.all()]
    audit.compare_with_log([release, *given], page=release.page, at=at)
    signature = Signature(
        release=release,
        stage=stage,
        signatory=by,
        on_behalf_of=on_behalf_of,
        name=str(by),
        signed_at=at,
        meaning=stage.meaning,
        comment=comment.strip(),
        sha256=release.sha256,
    )
    save_as(signature, by)
    audit.record(
        AuditKind.SIGNED,
        page=release.page,
        by=by,
        at=at,
        data={
            "stage": stage.name,
            "meaning": stage.meaning,
            "on_behalf_of": str(on_behalf_of or ""),
            "comment": signature.comment,
            "sha256": release.sha256,
        },
        sealed=[signature],
    )
    if stage.signatures.valid().count() >= stage.needed:
        reviewing.complete(stage, by=by, at=at)
    reviewing.dismiss(release, at)
    return signature


@transaction.atomic
def remark(*, stage: Stage, by: Any, text: str, at: datetime | None = None) -> Remark:
    """Say something about a release that a stage consults this person on."""
    stage = _locked(stage)
    release_rules.check_remark(user=by, stage=stage)
    text = required(text, _("Write a comment first."))
    at = at or timezone.now()
    said = Remark(stage=stage, author=by, written_at=at, text=text)
    save_as(said, by)
    audit.record(
        sealing.REMARKED, page=stage.release.page, by=by, at=at, data={"stage": stage.name}, sealed=[said]
    )
    if heard(stage) >= stage.needed:
        reviewing.complete(stage, by=by, at=at)
    reviewing.dismiss(stage.release, at)
    return said


@transaction.atomic
def send_back(*, release: Release, by: Any, reason: str, at: datetime | None = None) -> None:
    """Refuse a release under way; its submitter sees the reason, and signatures given on it are void."""
    release = _lock_release(release)
    release_rules.check_send_back(user=by, release=release)
    reason = required(reason, _("Say what has to change first."))
    reviewing.end(release, ReleaseStatus.SENT_BACK, by=by, at=at or timezone.now(), reason=reason)


@transaction.atomic
def take_back(*, release: Release, by: Any, at: datetime | None = None) -> None:
    """Stop a release under way before it is approved."""
    release = _lock_release(release)
    release_rules.check_take_back(user=by, release=release)
    reviewing.end(release, ReleaseStatus.TAKEN_BACK, by=by, at=at or timezone.now())


@transaction.atomic
def replace(*, release: Release, by: Any, at: datetime | None = None) -> Release:
    """Review the working copy as it is now instead: the bytes change, so every signature given is void."""
    release = _lock_release(release)
    release_rules.check_take_back(user=by, release=release)
    if content_hash(canonical_content(working_copy(release.page))) == release.sha256:
        raise NotAllowed(_("The working copy is still what is in review; every signature stands."))
    at = at or timezone.now()
    reviewing.end(release, ReleaseStatus.REPLACED, by=by, at=at)
    later = release.effective_from if release.effective_from and release.effective_from > at else None
    return submit_for_release(
        page=release.page,
        by=by,
        change_summary=release.change_summary,
        significance=release.significance,
        effective_from=later,
        at=at,
    )


def release(*, workflow_state: WorkflowState) -> ProcedureVersion:
    """Mint the version of the signed bytes, and name the proposals that it carries.

    Called by Wagtail when the workflow's last task is approved, inside that transaction.
    """
    release = Release.objects.get(workflow_state=workflow_state)
    stages = list(release.stages.all())
    signatures = list(release.signatures.valid())
    # Wagtail asks the workflow as it is now; the review keeps to the stages that it began with.
    if not signatures or any(stage.completed_at is None for stage in stages):
        raise NotAllowed(_("Not every stage of this review is complete."))
    if {content_hash(release.content), *(signature.sha256 for signature in signatures)} != {release.sha256}:
        raise ChangedBehindTheLog(
            {audit.row_key(release): ["content"]},
            _(
                "What is in review is no longer what was signed: it was changed behind the log's back. Nothing goes "
                "into force; ask an administrator to look at the log."
            ),
        )
    at = max(stage.completed_at for stage in stages if stage.completed_at is not None)
    by = signatures[-1].signatory
    version, rows = mint_version(
        revision=release.revision,
        content=release.content,
        by=by,
        # Whatever was made of the editors on record since: nobody's own signature puts their words in force.
        signers=[
            pk for signature in signatures for pk in (signature.signatory_id, signature.on_behalf_of_id) if pk
        ],
        significance=release.significance,
        change_summary=release.change_summary,
        effective_from=release.effective_from,
        at=at,
    )
    release.status, release.version = ReleaseStatus.APPROVED, version
    release.ended_by, release.ended_at = by, at
    save_as(release, by)
    for suggestion in carried_by(release.revision):
        suggestion.released_in = version
        save_as(suggestion, by)
    later = version.effective_from > at
    audit.record(
        AuditKind.SCHEDULED if later else AuditKind.APPROVED,
        version=version,
        by=by,
        at=at,
        data={
            "change_summary": version.change_summary,
            "significance": version.significance,
            "effective_from": version.effective_from.isoformat(),
        },
        sealed=[version, *rows, release],
    )
    kind = NoticeKind.SCHEDULED if later else NoticeKind.RELEASED
    told = notify([release.submitted_by], kind, release.page, at=at)
    if later:
        return version
    version = go_live(version=version, by=by, at=at)
    duties.ask_to_read(version=version, at=at)
    watching.tell_of_new_version(version, at=at, by=by, besides=told)
    return version


def withdraw(
    *,
    version: ProcedureVersion,
    by: Any,
    password: str,
    reason: str,
    replaced_by: ProcedurePage | None = None,
    at: datetime | None = None,
) -> ProcedureVersion:
    """Take a version out of force, or call off a scheduled one, signed with the password."""
    with refusals_on_record(by, version.page), transaction.atomic():
        release_rules.check_withdraw_version(user=by, version=version)
        check_password(by, password)
        if version.status == VersionStatus.APPROVED:
            # It never goes into force: the edits that it carried wait for the next version.
            for suggestion in version.released_suggestions.all():
                suggestion.released_in = None
                save_as(suggestion, by)
        was_in_force = version.is_effective
        version = withdraw_version(version=version, by=by, reason=reason, replaced_by=replaced_by, at=at)
        duties.nobody_has_to_read([version.pk], at or timezone.now())
        if was_in_force:  # of what was only to come nobody was told
            watching.tell_of_withdrawal(version)
        return version


def scheduled(page: ProcedurePage) -> ProcedureVersion | None:
    """The approved version that waits for its day."""
    return page.versions.filter(status=VersionStatus.APPROVED).first()


def blocked_by(version: ProcedureVersion, at: datetime) -> str:
    """Why the version is not in force though its day has come, as the schedule last found; "" where nothing is
    known to be in its way."""
    if version.effective_from > at:
        return ""
    kinds = [sealing.SCHEDULE_FAILED, AuditKind.TAMPERED]
    last = version.audit_events.filter(kind__in=kinds).order_by("-sequence").first()
    return str(last.data.get("reason", "")) if last is not None else ""


def _locked(stage: Stage) -> Stage:
    """The stage as it is now, with its procedure held against other decisions until this one is through."""
    ProcedurePage.objects.select_for_update().get(pk=stage.release.page_id)
    return Stage.objects.select_related("release__page", "release__submitted_by").get(pk=stage.pk)


def _lock_release(release: Release) -> Release:
    ProcedurePage.objects.select_for_update().get(pk=release.page_id)
    return Release.objects.select_related("page", "submitted_by").get(pk=release.pk)
