"""Who may do what to a procedure's marks and releases, and what their state allows.

Each `check_` raises NotAllowed (PermissionDenied for a missing right) with the reason; each `can_` wraps it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.lifecycle import check_transition
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.people import administrators
from procedures.rules import NotAllowed
from review.eligibility import may_sign_for
from review.models import (
    SUGGESTION_TRANSITIONS,
    Acknowledgement,
    Hold,
    Release,
    Stage,
    StageKind,
    Suggestion,
    SuggestionStatus,
    Thread,
    ThreadKind,
    ThreadStatus,
)
from review.staffing import needed_elsewhere

YEARS_AHEAD = 5  # how far a release can be scheduled: further is a slip of the keyboard


def _require(user: Any, permission: str, reason: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied(reason)


def check_mark(*, user: Any, version: ProcedureVersion) -> None:
    """Commenting and proposing: for the field, on a version in force or the one it followed."""
    _require(user, "review.add_thread", _("Your role does not include commenting."))
    _check_takes_marks(version)


def _check_takes_marks(version: ProcedureVersion) -> None:
    if version.was_called_off:
        raise NotAllowed(
            _("This version was called off and never came into force; nothing can be added to it.")
        )
    if version.status == "withdrawn":
        raise NotAllowed(_("This version was withdrawn; nothing can be added to it."))


def can_mark(*, user: Any, version: ProcedureVersion) -> bool:
    return _holds(check_mark, user=user, version=version)


def check_watch(*, user: Any) -> None:
    _require(user, "procedures.view_internal", _("Your role does not include watching."))


def owns(user: Any, page: ProcedurePage) -> bool:
    """Whether this person answers for the procedure: its owner, or documentation staff for any."""
    if user.has_perm("review.decide_any_suggestion"):
        return True
    return user.has_perm("review.decide_suggestion") and page.procedure_owner_id == user.pk


def decides(user: Any, suggestion: Suggestion) -> bool:
    """Whether this person answers for the procedure, or was handed the decision."""
    if owns(user, suggestion.version.page):
        return True
    return user.has_perm("review.decide_suggestion") and suggestion.assigned_to_id == user.pk


def answers(user: Any, suggestion: Suggestion) -> bool:
    """Whether what this person says to a proposal (the first of what was sent together) is an answer to its author."""
    if user.pk == suggestion.author_id:
        return False
    if owns(user, suggestion.version.page):
        return True
    handed = suggestion.sent_together().filter(assigned_to=user)
    return user.has_perm("review.decide_suggestion") and handed.exists()


def check_decide(*, user: Any, suggestion: Suggestion, to: str) -> None:
    if not decides(user, suggestion):
        raise PermissionDenied(
            _("Only the procedure's owner or documentation staff decide on proposed edits.")
        )
    if suggestion.author_id == user.pk:
        raise NotAllowed(_("You proposed this edit yourself; somebody else must decide on it."))
    _check_to(suggestion, to)


def _check_to(suggestion: Suggestion, to: str) -> None:
    if to == suggestion.status or to not in SUGGESTION_TRANSITIONS.get(suggestion.status, ()):
        raise NotAllowed(
            _("This proposed edit was already decided: %(status)s.")
            % {"status": suggestion.get_status_display()}
        )


def can_decide(*, user: Any, suggestion: Suggestion) -> bool:
    return _holds(check_decide, user=user, suggestion=suggestion, to="accepted")


def check_hand_on(*, user: Any, suggestion: Suggestion, to: Any) -> None:
    check_decide(user=user, suggestion=suggestion, to="refused")
    if not (to.is_active and may_read_internal(to) and to.has_perm("review.decide_suggestion")):
        raise NotAllowed(_("%(person)s may not decide on proposed edits.") % {"person": to})
    if to.pk in (suggestion.author_id, suggestion.assigned_to_id):
        raise NotAllowed(_("Hand it to somebody else: %(person)s cannot take it.") % {"person": to})


def check_withdraw(*, user: Any, suggestion: Suggestion) -> None:
    if suggestion.author_id != user.pk:
        raise PermissionDenied(_("Only its author can withdraw a proposed edit."))
    _check_to(suggestion, "withdrawn")


def can_withdraw(*, user: Any, suggestion: Suggestion) -> bool:
    return _holds(check_withdraw, user=user, suggestion=suggestion)


def check_comment(*, user: Any, suggestion: Suggestion) -> None:
    """Commenting on a proposal, also once it is decided; on a withdrawn version, where nothing else is added, its
    author still answers what they were asked: else the proposal would wait for them for ever."""
    _require(user, "review.add_thread", _("Your role does not include commenting."))
    asked = suggestion.sent_together().filter(status=SuggestionStatus.ASKED)
    if user.pk != suggestion.author_id or not asked.exists():
        _check_takes_marks(suggestion.version)


def check_vote(*, user: Any, suggestion: Suggestion) -> None:
    """Having met what the proposal mends; `suggestion` is the first of what was sent together."""
    _require(user, "review.add_suggestion", _("Your role does not include proposing edits."))
    if suggestion.author_id == user.pk:
        raise NotAllowed(_("You proposed this yourself: it counts already."))
    _check_takes_marks(suggestion.version)
    if not suggestion.sent_together().waiting().exists():
        raise NotAllowed(
            _("This proposed edit was already decided: %(status)s.")
            % {"status": suggestion.get_status_display()}
        )


def can_vote(*, user: Any, suggestion: Suggestion) -> bool:
    return _holds(check_vote, user=user, suggestion=suggestion)


def check_resolve(*, user: Any, thread: Thread) -> None:
    if thread.started_by_id != user.pk and not owns(user, thread.version.page):
        raise PermissionDenied(_("Only whoever asked, the owner or documentation staff can resolve this."))
    if thread.status == ThreadStatus.RESOLVED:
        raise NotAllowed(_("This is already resolved."))


def check_reopen(*, user: Any, thread: Thread) -> None:
    """Whoever may comment may say that something is still open."""
    check_mark(user=user, version=thread.version)
    if thread.status != ThreadStatus.RESOLVED:
        raise NotAllowed(_("This is open: reply to it."))


def can_reopen(*, user: Any, thread: Thread) -> bool:
    return _holds(check_reopen, user=user, thread=thread)


def can_resolve(*, user: Any, thread: Thread) -> bool:
    return _holds(check_resolve, user=user, thread=thread)


def opens_again(*, user: Any, thread: Thread) -> bool:
    """Whether a plain reply of this person says that the thread waits for an answer: its asker's, until it is
    resolved; of a safety comment also after that."""
    if thread.started_by_id != user.pk:
        return False
    return thread.status != ThreadStatus.RESOLVED or thread.kind == ThreadKind.SAFETY


def check_change_kind(*, user: Any, thread: Thread, kind: str) -> None:
    """Whoever answers for the procedure says what a comment is about: above all, that it is about safety."""
    if not owns(user, thread.version.page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff say what this is about."))
    if thread.status == ThreadStatus.RESOLVED:
        raise NotAllowed(_("This is resolved: reopen it first."))
    if thread.kind == kind:
        raise NotAllowed(_("That is what it is already: %(kind)s.") % {"kind": thread.get_kind_display()})


def check_place_hold(*, user: Any, page: ProcedurePage) -> None:
    if not owns(user, page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff put it on hold."))
    if page.holds.open().exists():
        raise NotAllowed(_("It is on hold already: readers are shown what was said then."))
    if not page.versions.effective().exists():
        raise NotAllowed(_("No version of it is in force: there is nothing to put on hold."))


def check_lift_hold(*, user: Any, hold: Hold) -> None:
    if not owns(user, hold.page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff lift a hold."))
    if not hold.is_open:
        raise NotAllowed(_("This hold was lifted by %(name)s already.") % {"name": hold.lifted_name})


def check_submit(*, user: Any, page: ProcedurePage) -> None:
    _require(user, "review.submit_release", _("Your role does not include submitting releases."))
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


def can_submit(*, user: Any, page: ProcedurePage) -> bool:
    return _holds(check_submit, user=user, page=page)


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


def can_sign(*, user: Any, stage: Stage) -> bool:
    return _holds(check_sign, user=user, stage=stage)


def check_confirm(*, user: Any, version: ProcedureVersion) -> None:
    """Who signs that a version is still correct: its owner, whoever wrote it, or documentation staff."""
    if not owns(user, version.page):
        raise PermissionDenied(
            _("Only the procedure's owner or documentation staff sign that it is still correct.")
        )
    if not version.is_effective:
        raise NotAllowed(_("Only the version in force is reviewed; this one is not."))


def can_confirm(*, user: Any, version: ProcedureVersion) -> bool:
    return _holds(check_confirm, user=user, version=version)


def check_acknowledge(*, user: Any, task: Acknowledgement) -> None:
    if task.person_id != user.pk:
        raise PermissionDenied(_("Nobody acknowledges for somebody else."))
    if task.acknowledged_at is not None:
        raise NotAllowed(_("You have acknowledged this version already."))
    if task.overtaken_at is not None:
        raise NotAllowed(_("A newer version came in between; read that one."))
    if not task.is_open:
        raise NotAllowed(_("This version was withdrawn; you need not read it any more."))


def can_acknowledge(*, user: Any, task: Acknowledgement) -> bool:
    return _holds(check_acknowledge, user=user, task=task)


def check_report(*, user: Any) -> None:
    """Raises PermissionDenied for a missing right: what is due and who has read is for owners and staff."""
    _require(user, "review.decide_suggestion", _("Your role does not include looking after procedures."))


def check_mails(*, user: Any) -> None:
    """Looking at mails that did not leave, and having them sent again."""
    if not (user.has_perm("review.decide_any_suggestion") or administrators().filter(pk=user.pk).exists()):
        raise PermissionDenied(_("Only documentation staff and administrators look after the mails."))


def can_see_mails(*, user: Any) -> bool:
    return _holds(check_mails, user=user)


def check_remark(*, user: Any, stage: Stage) -> None:
    """Whoever a stage asks may comment on the release, their own edits included: it signs nothing."""
    _check_open(stage)
    if stage.kind != StageKind.CONSULT:
        raise NotAllowed(_("This stage asks for signatures."))
    if not may_sign_for(user, stage):
        raise PermissionDenied(_("You are not among those whom this stage asks."))


def can_remark(*, user: Any, stage: Stage) -> bool:
    return _holds(check_remark, user=user, stage=stage)


def check_send_back(*, user: Any, release: Release) -> None:
    """Whoever an open stage asks may send the release back, their own words too: it puts nothing in force."""
    _check_in_review(release)
    if not any(may_sign_for(user, stage) for stage in release.stages.open()):
        raise PermissionDenied(_("Only those whom an open stage asks send a release back."))


def can_send_back(*, user: Any, release: Release) -> bool:
    return _holds(check_send_back, user=user, release=release)


def check_take_back(*, user: Any, release: Release) -> None:
    _check_in_review(release)
    if user.pk != release.submitted_by_id and not owns(user, release.page):
        raise PermissionDenied(_("Only whoever submitted it, the owner or documentation staff take it back."))


def can_take_back(*, user: Any, release: Release) -> bool:
    return _holds(check_take_back, user=user, release=release)


def check_withdraw_version(*, user: Any, version: ProcedureVersion) -> None:
    _require(user, "review.withdraw_version", _("Your role does not include withdrawing versions."))
    check_transition(version, VersionStatus.WITHDRAWN)


def can_withdraw_version(*, user: Any, version: ProcedureVersion) -> bool:
    return _holds(check_withdraw_version, user=user, version=version)


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


def _holds(check: Any, **kwargs: Any) -> bool:
    try:
        check(**kwargs)
    except (NotAllowed, PermissionDenied):
        return False
    return True


def why_not(check: Any, **kwargs: Any) -> str:
    """The reason why the check fails, "" where it holds: shown beside a disabled button."""
    try:
        check(**kwargs)
    except NotAllowed as refused:
        return refused.reason
    except PermissionDenied as refused:
        return str(refused)
    return ""
