"""What the state allows: each `check_` raises the reason, each `can_` tells it as yes or no."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from procedures.models import ProcedureVersion


class NotAllowed(ValidationError):
    """An action that the state of things, or the person's part in it, does not allow; says why."""

    @property
    def reason(self) -> str:
        return " ".join(self.messages)


def check_mint(
    *,
    content: Mapping[str, Any],
    sha256: str,
    previous: ProcedureVersion | None,
    change_summary: str,
    editors: Collection[int | None],
    by: Any,
) -> None:
    if by.pk in editors:
        raise NotAllowed(_("Whoever edited it since the last version cannot approve it; somebody else must."))
    if not change_summary.strip():
        raise NotAllowed(_("Say what changes: readers see it in the change log."))
    if not content["steps"]:
        raise NotAllowed(_("A procedure needs at least one step before it can be released."))
    ids = [step["id"] for step in content["steps"]]
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", step_id or "") for step_id in ids):
        raise NotAllowed(_("A step's identity may hold letters, digits, hyphens and underscores only."))
    if len(set(ids)) != len(ids):
        raise NotAllowed(_("Two steps carry the same identity; save the procedure again in the editor."))
    if previous is not None and previous.sha256 == sha256:
        raise NotAllowed(_("Nothing has changed since version %(label)s.") % {"label": previous.label})
