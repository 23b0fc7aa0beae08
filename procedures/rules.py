"""What the state allows: each `check_` raises the reason, each `can_` tells it as yes or no."""

from collections.abc import Mapping
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
    last_editor_id: int | None,
    by: Any,
) -> None:
    if last_editor_id is not None and last_editor_id == by.pk:
        raise NotAllowed(_("Whoever made the last edit cannot approve it; somebody else must."))
    if not content["steps"]:
        raise NotAllowed(_("A procedure needs at least one step before it can be released."))
    ids = [step["id"] for step in content["steps"]]
    if len(set(ids)) != len(ids):
        raise NotAllowed(_("Two steps carry the same identity; save the procedure again in the editor."))
    if previous is not None and previous.sha256 == sha256:
        raise NotAllowed(_("Nothing has changed since version %(label)s.") % {"label": previous.label})
