"""What a page shows of a proposed edit: what it changes, what would land, and where a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from procedures.wording import Part, diff_text
from review.landing import Landing, find
from review.wanted import FIRST
from review.merge import Clash, Step
from review.models import SuggestedAction, SuggestedImage, Suggestion


@dataclass(frozen=True, slots=True)
class ShownText:
    """One field. `parts`: as proposed; `landing`: what would become of the working copy's, where that had moved;
    `landed`: what became of it; `base`, `theirs`, `ours`: the texts, where a person decides."""

    label: str
    parts: Sequence[Part]
    landing: Sequence[Part] = ()
    landed: Sequence[Part] = ()
    undecided: bool = False
    base: str = ""
    theirs: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """`number`: of the step in the version, None where it is new. `place`: where it is to stand, in words."""

    suggestion: Suggestion
    title: str
    number: int | None
    texts: Sequence[ShownText]
    images: Sequence[tuple[str, SuggestedImage]]  # what the image shows that is replaced, and the new one
    place: str = ""
    removed: Step | None = None
    landing: Landing | None = None
    form: Any = None
    clash: str = field(default="")

    @property
    def is_new(self) -> bool:
        return self.suggestion.action == SuggestedAction.ADD


def shown_edit(
    suggestion: Suggestion,
    landing: Landing | None = None,
    form: Any = None,
    together: Sequence[Suggestion] = (),
) -> ShownEdit:
    """`landing`, where it is still to be decided; `together`: what was sent with it, which may add steps."""
    steps = suggestion.version.steps
    shown = find(steps, suggestion.step_id)
    number = next((n for n, step in enumerate(steps, 1) if step["id"] == suggestion.step_id), None)
    changes = list(suggestion.changes.all())
    written = next((change.proposed_text for change in changes if change.field == "title"), "")
    removes = suggestion.action == SuggestedAction.REMOVE
    return ShownEdit(
        suggestion=suggestion,
        title=shown["title"] if shown else written,
        number=number,
        texts=[_text(change, suggestion, landing) for change in changes],
        images=[(_alt(shown, image.replaces), image) for image in suggestion.images.all()],
        place=_place(suggestion, together),
        removed=shown if removes else None,
        landing=landing,
        form=form,
        clash=_clash(landing) if landing is not None else "",
    )


def _text(change: Any, suggestion: Suggestion, landing: Landing | None) -> ShownText:
    label, parts = change.get_field_display(), diff_text(change.base_text, change.proposed_text)
    if landing is None:
        landed = (
            diff_text(change.base_text, change.landed_text)
            if suggestion.status == "accepted_with_changes"
            else ()
        )
        return ShownText(label, parts, landed=landed)
    ours = (landing.current or {}).get(change.field, "")
    if change.field in landing.undecided or landing.undecided.get("") == Clash.STEP_GONE:
        return ShownText(
            label, parts, undecided=True, base=change.base_text, theirs=change.proposed_text, ours=ours
        )
    becomes = (landing.step or {}).get(change.field, "")
    moved = landing.current is not None and ours != change.base_text and not landing.contained
    return ShownText(label, parts, landing=diff_text(ours, becomes) if moved else ())


def _alt(step: Step | None, sha256: str) -> str:
    return next((image["alt"] for image in (step or {}).get("images", ()) if image["sha256"] == sha256), "")


def _place(suggestion: Suggestion, together: Sequence[Suggestion]) -> str:
    if suggestion.after is None:
        return ""
    if suggestion.after == FIRST:
        return _("at the top")
    for number, step in enumerate(suggestion.version.steps, 1):
        if step["id"] == suggestion.after:
            return _("after step %(number)d: %(title)s") % {"number": number, "title": step["title"]}
    for other in together:
        if other.step_id == suggestion.after:
            title = next(
                (change.proposed_text for change in other.changes.all() if change.field == "title"), ""
            )
            return _("after the new step “%(title)s”") % {"title": title}
    return ""


def _clash(landing: Landing) -> str:
    """Why a person must say what becomes of the step as a whole."""
    return {
        Clash.STEP_GONE: _(
            "That step is no longer in the working copy. It can be put back, as the texts below say."
        ),
        Clash.STEP_CHANGED: _("The step is to be removed, and its text has changed since this was proposed."),
        Clash.SAME_PLACE: _(
            "Steps were added or moved at the same place since. Say where this one is to stand."
        ),
    }.get(landing.undecided.get("", Clash.SAME_SENTENCE), "")
