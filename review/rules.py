"""Who may do what to a procedure's marks, versions in force and holds, and what their state allows.

Each `check_` raises NotAllowed (PermissionDenied for a missing right) with the reason; each `can_` wraps it.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.people import administrators
from procedures.rules import NotAllowed
from review.models import (
    SUGGESTION_TRANSITIONS,
    Acknowledgement,
    Hold,
    Suggestion,
    SuggestionStatus,
    Thread,
    ThreadKind,
    ThreadStatus,
)


def require(user: Any, permission: str, reason: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied(reason)


def check_mark(*, user: Any, version: ProcedureVersion) -> None:
    """Commenting and proposing: for the field, on a version in force or the one it followed."""
    require(user, "review.add_thread", _("Your role does not include commenting."))
    _check_takes_marks(version)


def _check_takes_marks(version: ProcedureVersion) -> None:
    if version.was_called_off:
        raise NotAllowed(
            _("This version was called off and never came into force; nothing can be added to it.")
        )
    if version.status == "withdrawn":
        raise NotAllowed(_("This version was withdrawn; nothing can be added to it."))


def can_mark(*, user: Any, version: ProcedureVersion) -> bool:
    return holds(check_mark, user=user, version=version)


def check_watch(*, user: Any) -> None:
    require(user, "procedures.view_internal", _("Your role does not include watching."))


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
    return holds(check_decide, user=user, suggestion=suggestion, to="accepted")


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
    return holds(check_withdraw, user=user, suggestion=suggestion)


def check_comment(*, user: Any, suggestion: Suggestion) -> None:
    """Commenting on a proposal, also once it is decided; on a withdrawn version, where nothing else is added, its
    author still answers what they were asked: else the proposal would wait for them for ever."""
    require(user, "review.add_thread", _("Your role does not include commenting."))
    asked = suggestion.sent_together().filter(status=SuggestionStatus.ASKED)
    if user.pk != suggestion.author_id or not asked.exists():
        _check_takes_marks(suggestion.version)


def check_vote(*, user: Any, suggestion: Suggestion) -> None:
    """Having met what the proposal mends; `suggestion` is the first of what was sent together."""
    require(user, "review.add_suggestion", _("Your role does not include proposing edits."))
    if suggestion.author_id == user.pk:
        raise NotAllowed(_("You proposed this yourself: it counts already."))
    _check_takes_marks(suggestion.version)
    if not suggestion.sent_together().waiting().exists():
        raise NotAllowed(
            _("This proposed edit was already decided: %(status)s.")
            % {"status": suggestion.get_status_display()}
        )


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
    return holds(check_reopen, user=user, thread=thread)


def can_resolve(*, user: Any, thread: Thread) -> bool:
    return holds(check_resolve, user=user, thread=thread)


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


def check_confirm(*, user: Any, version: ProcedureVersion) -> None:
    """Who signs that a version is still correct: its owner, whoever wrote it, or documentation staff."""
    if not owns(user, version.page):
        raise PermissionDenied(
            _("Only the procedure's owner or documentation staff sign that it is still correct.")
        )
    if not version.is_effective:
        raise NotAllowed(_("Only the version in force is reviewed; this one is not."))


def can_confirm(*, user: Any, version: ProcedureVersion) -> bool:
    return holds(check_confirm, user=user, version=version)


def check_acknowledge(*, user: Any, task: Acknowledgement) -> None:
    if task.person_id != user.pk:
        raise PermissionDenied(_("Nobody acknowledges for somebody else."))
    if task.acknowledged_at is not None:
        raise NotAllowed(_("You have acknowledged this version already."))
    if task.overtaken_at is not None:
        raise NotAllowed(_("A newer version came in between; read that one."))
    if not task.is_open:
        raise NotAllowed(_("This version was withdrawn; you need not read it any more."))


def check_report(*, user: Any) -> None:
    """Raises PermissionDenied for a missing right: what is due and who has read is for owners and staff."""
    require(user, "review.decide_suggestion", _("Your role does not include looking after procedures."))


def check_mails(*, user: Any) -> None:
    """Looking at mails that did not leave, and having them sent again."""
    if not (user.has_perm("review.decide_any_suggestion") or administrators().filter(pk=user.pk).exists()):
        raise PermissionDenied(_("Only documentation staff and administrators look after the mails."))


def can_see_mails(*, user: Any) -> bool:
    return holds(check_mails, user=user)


def holds(check: Any, **kwargs: Any) -> bool:
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
