"""What a page shows of a proposed edit: what it changes, what would land, and where a person decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from procedures.models import ProcedureVersion
from procedures.wording import Part, diff_text
from review.landing import Landing, Take, find
from review.merge import Clash, Step
from review.models import (
    Comment,
    SuggestedAction,
    SuggestedField,
    SuggestedImage,
    Suggestion,
    SuggestionStatus,
)
from review.proposal_forms import IMAGES_TAKEN, OWN, TEXTS_TAKEN
from review.wanted import FIRST


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can land: `value` of the field that chooses it, "" for what is shown beside them."""

    value: str
    label: str
    parts: Sequence[Part] = ()
    images: Sequence[tuple[str, str]] = ()  # (address, what it shows)
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ShownText:
    """One field. `parts`: as proposed; `landing`: what would become of the working copy's, where that had moved;
    `landed`: what became of it; `choices`, where a person decides: what can land, each against the text as shown.
    `chooser` and `own`: the fields of the form for that, where it has any."""

    label: str
    parts: Sequence[Part]
    landing: Sequence[Part] = ()
    landed: Sequence[Part] = ()
    choices: Sequence[Choice] = ()
    chooser: Any = None
    own: Any = None
    own_chosen: bool = False


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """`number`: of the step in the version, None where it is new. `place`: where it is to stand, in words; `lands`:
    where that is in the working copy. `removed`: the step as it would go, each text as it has become since;
    `back`: as it would come back, likewise."""

    suggestion: Suggestion
    title: str
    number: int | None
    texts: Sequence[ShownText]
    images: Sequence[tuple[str, SuggestedImage]]  # what the image shows that is replaced, and the new one
    image_choices: Sequence[Choice] = ()
    place: str = ""
    lands: str = ""
    removed: Sequence[ShownText] = ()
    removed_images: Sequence[tuple[str, str]] = ()
    back: Sequence[ShownText] = ()
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
    current: Sequence[Step] = (),
) -> ShownEdit:
    """`landing`, where it is still to be decided; `together`: what was sent with it, which may add steps; `current`:
    the steps of the working copy."""
    steps = suggestion.version.steps
    shown = find(steps, suggestion.step_id)
    number = next((n for n, step in enumerate(steps, 1) if step["id"] == suggestion.step_id), None)
    changes = list(suggestion.changes.all())
    goes = (landing.current if landing is not None else None) or shown
    removes = suggestion.action == SuggestedAction.REMOVE and goes is not None
    return ShownEdit(
        suggestion=suggestion,
        title=shown["title"] if shown else _written_title(suggestion),
        number=number,
        texts=[_text(change, suggestion, landing, form) for change in changes],
        images=[(_alt(shown, image.replaces), image) for image in suggestion.images.all()],
        image_choices=_image_choices(landing, form) if landing is not None else (),
        place=_place(suggestion, together),
        lands=_lands(landing, current) if landing is not None else "",
        removed=_as_it_became(shown or goes, goes) if removes and goes is not None else (),
        removed_images=_addresses(goes["images"], suggestion) if removes and goes is not None else (),
        back=_back(landing) if landing is not None else (),
        landing=landing,
        form=form,
        clash=_clash(landing) if landing is not None else "",
    )


def question_to(parts: Sequence[Suggestion], comments: Sequence[Comment]) -> Comment | None:
    """What the author of these, which were sent together, was last asked and has not answered."""
    asked = [part for part in parts if part.status == SuggestionStatus.ASKED]
    if not asked:
        return None
    said = [comment for comment in comments if comment.author_id != asked[0].author_id]
    # Who asks says it in the same moment (review.deciding.ask_back); others may have said more since.
    moments = {
        (past.history_user_id, past.history_date)
        for part in asked
        for past in part.history.filter(status=SuggestionStatus.ASKED)
    }
    questions = [comment for comment in said if (comment.author_id, comment.written_at) in moments]
    return next(reversed(questions or said), None)


def _text(change: Any, suggestion: Suggestion, landing: Landing | None, form: Any) -> ShownText:
    label, parts = change.get_field_display(), diff_text(change.base_text, change.proposed_text)
    if landing is None:
        landed = (
            diff_text(change.base_text, change.landed_text)
            if suggestion.status == SuggestionStatus.CHANGED
            else ()
        )
        return ShownText(label, parts, landed=landed)
    if change.field in landing.undecided:
        return _undecided(change, label, parts, landing, form)
    ours, becomes = landing.ours.get(change.field, ""), (landing.step or {}).get(change.field, "")
    moved = landing.ours and ours != change.base_text and not landing.contained
    return ShownText(label, parts, landing=diff_text(ours, becomes) if moved else ())


def _undecided(change: Any, label: str, parts: Sequence[Part], landing: Landing, form: Any) -> ShownText:
    name = f"take-{change.field}"
    has_form = form is not None and name in form.fields
    chosen = (form[name].value() or "") if has_form else ""
    choices = [Choice("", _("As it was shown"), diff_text(change.base_text, change.base_text))]
    for take, text in landing.taken(change.field).items():
        choices.append(
            Choice(take, str(TEXTS_TAKEN[take]), diff_text(change.base_text, text), chosen=chosen == take)
        )
    return ShownText(
        label, parts, choices=choices, own_chosen=chosen == OWN,
        chooser=form[name] if has_form else None, own=form[f"final-{change.field}"] if has_form else None,
    )  # fmt: skip


def _image_choices(landing: Landing, form: Any) -> list[Choice]:
    """What the step can come to show, after what it showed."""
    if "images" not in landing.undecided:
        return []
    has_form = form is not None and "images" in form.fields
    chosen = (form["images"].value() or "") if has_form else ""
    shown = _addresses((landing.shown or {}).get("images", ()), landing.suggestion)
    choices, labels = [Choice("", _("The images as they were shown"), images=shown)], dict(IMAGES_TAKEN)
    for take, images in landing.taken_images().items():
        addresses = _addresses(images, landing.suggestion)
        choices.append(Choice(take, str(labels[Take(take)]), images=addresses, chosen=chosen == take))
    return choices


def _addresses(images: Sequence[Mapping[str, str]], suggestion: Suggestion) -> list[tuple[str, str]]:
    """Where each image is to be seen, and what it shows."""
    version = suggestion.version
    proposed = {image.sha256: image.get_absolute_url() for image in suggestion.images.all()}
    return [
        (proposed.get(image["sha256"]) or _address(version, image["sha256"]), image["alt"])
        for image in images
    ]


def _address(version: ProcedureVersion, sha256: str) -> str:
    if any(image["sha256"] == sha256 for step in version.steps for image in step["images"]):
        return reverse("procedures:image", args=[version.number, version.label, sha256])
    return reverse("procedures:working_image", args=[version.page.number, sha256])


def _as_it_became(before: Step | None, now: Step) -> list[ShownText]:
    """Each text that it has or had, with what became of it since."""
    texts = [(name, (before or now)[name], now[name]) for name in SuggestedField.values]
    return [
        ShownText(str(SuggestedField(name).label), diff_text(was, text))
        for name, was, text in texts
        if was or text
    ]


def _back(landing: Landing) -> list[ShownText]:
    """The texts that come back with a step that is gone, besides those proposed."""
    if not landing.gone or landing.last is None:
        return []
    proposed = {change.get_field_display() for change in landing.suggestion.changes.all()}
    return [text for text in _as_it_became(landing.shown, landing.last) if text.label not in proposed]


def _written_title(suggestion: Suggestion) -> str:
    return next((change.proposed_text for change in suggestion.changes.all() if change.field == "title"), "")


def _alt(step: Step | None, sha256: str) -> str:
    return next((image["alt"] for image in (step or {}).get("images", ()) if image["sha256"] == sha256), "")


def _place(suggestion: Suggestion, together: Sequence[Suggestion]) -> str:
    if suggestion.after is None:
        return ""
    if suggestion.after == FIRST:
        return _("at the top")
    sent = {other.step_id: other for other in together}
    other = sent.get(suggestion.after)
    for number, step in enumerate(suggestion.version.steps, 1):
        if step["id"] == suggestion.after:
            said = {"number": number, "title": step["title"]}
            if other is not None and other.action == SuggestedAction.REMOVE:
                return (
                    _("after step %(number)d: %(title)s – or in its place, once that step is removed") % said
                )
            return _("after step %(number)d: %(title)s") % said
    return _("after the new step “%(title)s”") % {"title": _written_title(other)} if other is not None else ""


def _lands(landing: Landing, current: Sequence[Step]) -> str:
    """Where it will stand in the working copy."""
    if landing.place is None or landing.contained:
        return ""
    if landing.follows:
        return _("after the new step “%(title)s”") % {"title": landing.follows}
    if landing.place == FIRST:
        return _("at the top")
    for number, step in enumerate(current, 1):
        if step["id"] == landing.place:
            return _("after step %(number)d: %(title)s") % {"number": number, "title": step["title"]}
    return ""


def _clash(landing: Landing) -> str:
    """Why a person must say what becomes of the step as a whole."""
    return {
        Clash.STEP_GONE: _(
            "That step is no longer in the working copy. It can be put back, as it last was there, with what is "
            "proposed in it. Say where it is to stand."
        ),
        Clash.STEP_CHANGED: _(
            "The step is to be removed, and it has changed since this was proposed: what is marked below would be "
            "lost with it."
        ),
        Clash.SAME_PLACE: _(
            "Steps were added or moved at the same place since. Say where this one is to stand."
        ),
    }.get(landing.undecided.get("", Clash.SAME_SENTENCE), "")
