"""The life of a procedure's text, as one table: what may follow what, and by which action.

A working copy is a draft until it is submitted; from then on the very bytes submitted (review's Release) and,
once approved, the version minted from them go through these states. docs/states.md draws this table.
"""

from collections.abc import Mapping
from enum import StrEnum

from django.utils.translation import gettext as _

from procedures.models import ProcedureVersion, VersionStatus
from procedures.rules import NotAllowed


class LifeState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


# (from, to): the action that does it.
LIFE_TRANSITIONS: Mapping[tuple[LifeState, LifeState], str] = {
    (LifeState.DRAFT, LifeState.IN_REVIEW): "submit",
    (LifeState.IN_REVIEW, LifeState.DRAFT): "send back, take back, replace",
    (LifeState.IN_REVIEW, LifeState.APPROVED): "last signature, for later",
    (LifeState.IN_REVIEW, LifeState.EFFECTIVE): "last signature",
    (LifeState.APPROVED, LifeState.EFFECTIVE): "its day has come",
    (LifeState.APPROVED, LifeState.WITHDRAWN): "call off",
    (LifeState.EFFECTIVE, LifeState.SUPERSEDED): "the next version goes into force",
    (LifeState.EFFECTIVE, LifeState.WITHDRAWN): "withdraw",
}


def check_transition(version: ProcedureVersion, to: VersionStatus) -> None:
    """Raise NotAllowed where the table does not lead from the version's state to this one."""
    if (LifeState(version.status), LifeState(to.value)) not in LIFE_TRANSITIONS:
        raise NotAllowed(
            _("Version %(label)s is %(status)s; that cannot be done with it.")
            % {"label": version.label, "status": version.get_status_display()}
        )
