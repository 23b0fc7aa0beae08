"""Who may do what to a procedure's marks and releases, and what their state allows.

Each `check_` raises NotAllowed (PermissionDenied for a missing right) with the reason; each `can_` wraps it.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from wagtail.models import TaskState

from procedures.authorship import editors_of
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review.carrying import carried_by
from review.models import SUGGESTION_TRANSITIONS, Suggestion, Thread, ThreadStatus


def _require(user: Any, permission: str, reason: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied(reason)


def check_mark(*, user: Any, version: ProcedureVersion) -> None:
    """Commenting and proposing: for the field, on a version in force or the one it followed."""
    _require(user, "review.add_thread", _("Your role does not include commenting."))
    if version.status == "withdrawn":
        raise NotAllowed(_("This version was withdrawn; nothing can be added to it."))


def can_mark(*, user: Any, version: ProcedureVersion) -> bool:
    return _holds(check_mark, user=user, version=version)


def owns(user: Any, page: ProcedurePage) -> bool:
    """Whether this person answers for the procedure: its owner, or documentation staff for any."""
    if user.has_perm("review.decide_any_suggestion"):
        return True
    return user.has_perm("review.decide_suggestion") and page.procedure_owner_id == user.pk


def check_decide(*, user: Any, suggestion: Suggestion, to: str) -> None:
    if not owns(user, suggestion.version.page):
        raise PermissionDenied(
            _("Only the procedure's owner or documentation staff decide on proposed edits.")
        )
    if suggestion.author_id == user.pk:
        raise NotAllowed(_("You proposed this edit yourself; somebody else must decide on it."))
    if to not in SUGGESTION_TRANSITIONS.get(suggestion.status, ()):
        raise NotAllowed(
            _("This proposed edit was already decided: %(status)s.")
            % {"status": suggestion.get_status_display()}
        )


def can_decide(*, user: Any, suggestion: Suggestion) -> bool:
    return _holds(check_decide, user=user, suggestion=suggestion, to="accepted")


def check_withdraw(*, user: Any, suggestion: Suggestion) -> None:
    if suggestion.author_id != user.pk:
        raise PermissionDenied(_("Only its author can withdraw a proposed edit."))
    if "withdrawn" not in SUGGESTION_TRANSITIONS.get(suggestion.status, ()):
        raise NotAllowed(
            _("This proposed edit was already decided: %(status)s.")
            % {"status": suggestion.get_status_display()}
        )


def can_withdraw(*, user: Any, suggestion: Suggestion) -> bool:
    return _holds(check_withdraw, user=user, suggestion=suggestion)


def check_resolve(*, user: Any, thread: Thread) -> None:
    if thread.started_by_id != user.pk and not owns(user, thread.version.page):
        raise PermissionDenied(_("Only whoever asked, the owner or documentation staff can resolve this."))
    if thread.status == ThreadStatus.RESOLVED:
        raise NotAllowed(_("This is already resolved."))


def can_resolve(*, user: Any, thread: Thread) -> bool:
    return _holds(check_resolve, user=user, thread=thread)


def check_submit(*, user: Any, page: ProcedurePage) -> None:
    _require(user, "review.submit_release", _("Your role does not include submitting releases."))
    if not owns(user, page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff submit it for release."))
    if page.workflow_in_progress:
        raise NotAllowed(_("A release of this procedure is already waiting for approval."))


def can_submit(*, user: Any, page: ProcedurePage) -> bool:
    return _holds(check_submit, user=user, page=page)


def check_approve(*, user: Any, page: ProcedurePage, task_state: TaskState | None = None) -> None:
    """Raise unless this person may approve the release that waits on the page."""
    task_state = _waiting_release(user, page, task_state)
    if user.pk in editors_of(task_state.revision):
        raise NotAllowed(_("You edited this since the last version; somebody else must approve it."))
    if any(suggestion.author_id == user.pk for suggestion in carried_by(task_state.revision)):
        raise NotAllowed(_("This carries an edit that you proposed; somebody else must approve it."))


def check_send_back(*, user: Any, page: ProcedurePage, task_state: TaskState | None = None) -> None:
    """Anybody who approves may send back, their own words too: it puts nothing in force."""
    _waiting_release(user, page, task_state)


def can_send_back(*, user: Any, page: ProcedurePage, task_state: TaskState | None = None) -> bool:
    return _holds(check_send_back, user=user, page=page, task_state=task_state)


def _waiting_release(user: Any, page: ProcedurePage, task_state: TaskState | None) -> TaskState:
    _require(user, "review.approve_release", _("Your role does not include approving releases."))
    task_state = task_state or page.current_workflow_task_state
    if task_state is None or task_state.status != TaskState.STATUS_IN_PROGRESS:
        raise NotAllowed(_("No release of this procedure is waiting for approval."))
    return task_state


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
