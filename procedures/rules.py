"""What the state allows: each `check_` raises the reason, each `can_` tells it as yes or no."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from procedures.access import may_accept_overlaps
from procedures.content import is_step_id
from procedures.lint import Overlap
from procedures.models import AcceptedOverlap, ErrorCode, ProcedurePage, ProcedureVersion

OVERLAPS_NAMED = 10  # in a refusal; the report lists them all


class NotAllowed(ValidationError):
    """An action that the state of things, or the person's part in it, does not allow; says why.

    Of one thing that was given, it names that: NotAllowed({"quote": reason}).
    """

    @property
    def reason(self) -> str:
        return " ".join(self.messages)


class ChangedBehindTheLog(NotAllowed):
    """What an action rests on is no longer what the log, or a signature, says of it.

    `misfits`: {"app.model:pk": [column, …]} as in procedures.audit.comparing.
    """

    def __init__(self, misfits: Mapping[str, list[str]], reason: str) -> None:
        super().__init__(reason)
        self.misfits = dict(misfits)


def reasons_of(error: ValidationError, model: type[Model] = ProcedurePage) -> list[str]:
    """What was refused, a sentence each, with the field that it is about as a form of the model calls it."""
    if not hasattr(error, "error_dict"):
        return error.messages
    labels = {field.name: capfirst(field.verbose_name) for field in model._meta.fields}
    return [
        f"{labels[name]}: {message}" if name in labels else message
        for name, messages in error.message_dict.items()
        for message in messages
    ]


def check_mint(
    *,
    content: Mapping[str, Any],
    sha256: str,
    in_force: ProcedureVersion | None,
    change_summary: str,
    editors: Collection[int | None],
    signers: Collection[int],
) -> None:
    if not set(signers).isdisjoint(editors):
        raise NotAllowed(_("Whoever edited it since the last version cannot approve it; somebody else must."))
    if not change_summary.strip():
        raise NotAllowed(_("Say what changes: readers see it in the change log."))
    if not content["steps"]:
        raise NotAllowed(_("A procedure needs at least one step before it can be released."))
    ids = [step["id"] for step in content["steps"]]
    if not all(is_step_id(step_id) for step_id in ids):
        raise NotAllowed(_("A step's identity may hold letters, digits, hyphens and underscores only."))
    if len(set(ids)) != len(ids):
        raise NotAllowed(_("Two steps carry the same identity; save the procedure again in the editor."))
    if in_force is not None and in_force.sha256 == sha256:
        raise NotAllowed(_("Nothing has changed since version %(label)s.") % {"label": in_force.label})


def check_overlaps(*, overlaps: Sequence[Overlap]) -> None:
    """Each code has one guide on a machine: what would be a second one is not released."""
    if not overlaps:
        return
    reasons = [
        _("%(one)s and %(other)s “%(title)s” would both answer %(code)s: %(where)s.")
        % {
            "one": overlap.one.number,
            "other": overlap.other,
            "title": overlap.other.title,
            "code": overlap.code.code,
            "where": overlap.where.in_short,
        }
        for overlap in overlaps[:OVERLAPS_NAMED]
    ]
    if (more := len(overlaps) - OVERLAPS_NAMED) > 0:
        reasons.append(
            ngettext("And %(count)d overlap more.", "And %(count)d overlaps more.", more) % {"count": more}
        )
    if any(overlap.one.language != overlap.other.language for overlap in overlaps):
        reasons.append(
            _(
                "In another language the same guide covers exactly the same codes, models, software releases and "
                "options."
            )
        )
    reasons.append(
        _(
            "Narrow where one of them applies, or let documentation staff record why both stand, "
            "under “Gaps and overlaps”."
        )
    )
    raise NotAllowed(reasons)


def check_accept_overlap(
    *, user: Any, one: ProcedurePage, other: ProcedurePage, code: ErrorCode | None, reason: str
) -> None:
    """Raises PermissionDenied for a missing right."""
    _require_may_accept(user)
    if one.pk == other.pk:
        raise NotAllowed(_("Name two different procedures."))
    if not reason.strip():
        raise NotAllowed(_("Say why both guides stand: readers are shown both."))
    pair = sorted((one.pk, other.pk))
    if AcceptedOverlap.objects.filter(one=pair[0], other=pair[1], code=code).exists():
        raise NotAllowed(_("The reason for this overlap is on record already."))


def check_withdraw_acceptance(*, user: Any) -> None:
    """Raises PermissionDenied for a missing right."""
    _require_may_accept(user)


def _require_may_accept(user: Any) -> None:
    if not may_accept_overlaps(user):
        raise PermissionDenied(_("Only documentation staff decide that two guides may overlap."))
