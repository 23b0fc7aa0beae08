"""Who may do what to a release, and what its state allows: see review.rules."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.lifecycle import check_transition
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.rules import NotAllowed
from review.eligibility import may_sign_for
from review.models import Release, Stage, StageKind
from review.rules import holds, owns, require
from review.staffing import needed_elsewhere

YEARS_AHEAD = 5  # how far a release can be scheduled: further is a slip of the keyboard


def check_submit(*, user: Any, page: ProcedurePage) -> None:
    require(user, "review.submit_release", _("Your role does not include submitting releases."))
    if not owns(user, page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff submit it for release."))
    if page.releases.in_review().exists():
        raise NotAllowed(_("A release of this procedure is already waiting for approval."))
    if approved := page.versions.filter(status=VersionStatus.APPROVED).first():
        raise NotAllowed(
            (
                _("Version %(label)s is approved and goes into force on %(date)s; call it off first.")
                if approved.effective_from > timezone.now()
                else _(
                    "Version %(label)s was to go into force on %(date)s and is held back; call it off first."
                )
            )
            % {"label": approved.label, "date": date_format(approved.effective_from, "Y-m-d H:i e")}
        )


def check_day(*, day: datetime, at: datetime) -> None:
    """The day a release goes into force: to come, and near enough to be meant."""
    if day <= at:
        raise NotAllowed(_("The day it goes into force lies in the past."))
    if day > at + timedelta(days=366 * YEARS_AHEAD):
        raise NotAllowed(
            _("The day it goes into force lies more than %(years)d years ahead; check the year.")
            % {"years": YEARS_AHEAD}
        )


def check_sign(*, user: Any, stage: Stage, on_behalf_of: Any = None) -> None:
    """Raise unless this person may sign this stage, for themselves or in the place of somebody away."""
    _check_open(stage)
    if stage.kind != StageKind.SIGN:
        raise NotAllowed(_("This stage asks for comments only."))
    represented = on_behalf_of or user
    if not may_read_internal(user):
        raise PermissionDenied(_("You may not read what is signed here."))
    if represented.pk not in {person.pk if person else user.pk for person in may_sign_for(user, stage)}:
        raise PermissionDenied(_("You are not among those who sign this stage."))
    if stage.release.submitted_by_id in (user.pk, represented.pk):
        raise NotAllowed(_("You submitted this release; somebody else must sign it."))
    if stage.release.editors.filter(pk__in=[user.pk, represented.pk]).exists():
        raise NotAllowed(
            _("You edited this since the last version, or proposed an edit in it; somebody else must sign.")
        )
    given = list(stage.release.signatures.valid())
    # A plan with several signatures asks for several people, in whose name ever each of them signs.
    if any(signature.signatory_id == user.pk for signature in given):
        raise NotAllowed(_("You have signed this release already; somebody else must sign here."))
    if represented.pk in {signature.on_behalf_of_id or signature.signatory_id for signature in given}:
        raise NotAllowed(_("Somebody has signed this release in that name already."))
    if elsewhere := needed_elsewhere(user, stage, represented):
        raise NotAllowed(
            _(
                "Each person signs a release once, and after this signature too few people are left for "
                "“%(stage)s”; somebody else must sign here."
            )
            % {"stage": elsewhere.local_name}
        )


def check_remark(*, user: Any, stage: Stage) -> None:
    """Whoever a stage asks may comment on the release, their own edits included: it signs nothing."""
    _check_open(stage)
    if stage.kind != StageKind.CONSULT:
        raise NotAllowed(_("This stage asks for signatures."))
    if not may_sign_for(user, stage):
        raise PermissionDenied(_("You are not among those whom this stage asks."))


def can_remark(*, user: Any, stage: Stage) -> bool:
    return holds(check_remark, user=user, stage=stage)


def check_send_back(*, user: Any, release: Release) -> None:
    """Whoever an open stage asks may send the release back, their own words too: it puts nothing in force."""
    _check_in_review(release)
    if not any(may_sign_for(user, stage) for stage in release.stages.open()):
        raise PermissionDenied(_("Only those whom an open stage asks send a release back."))


def can_send_back(*, user: Any, release: Release) -> bool:
    return holds(check_send_back, user=user, release=release)


def check_take_back(*, user: Any, release: Release) -> None:
    _check_in_review(release)
    if user.pk != release.submitted_by_id and not owns(user, release.page):
        raise PermissionDenied(_("Only whoever submitted it, the owner or documentation staff take it back."))


def can_take_back(*, user: Any, release: Release) -> bool:
    return holds(check_take_back, user=user, release=release)


def check_withdraw_version(*, user: Any, version: ProcedureVersion) -> None:
    require(user, "review.withdraw_version", _("Your role does not include withdrawing versions."))
    check_transition(version, VersionStatus.WITHDRAWN)


def _check_in_review(release: Release) -> None:
    if not release.is_open:
        raise NotAllowed(
            _("This release is no longer in review: %(status)s.") % {"status": release.get_status_display()}
        )


def _check_open(stage: Stage) -> None:
    _check_in_review(stage.release)
    if stage.opened_at is None:
        raise NotAllowed(_("This stage is not open yet."))
    if stage.completed_at is not None:
        raise NotAllowed(_("This stage is complete."))
