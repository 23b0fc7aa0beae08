"""Which accepted proposals a working copy still holds: a later edit may have taken one back."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wagtail.models import Revision

from procedures.content import STEP_TEXTS, clean_text
from procedures.saved import as_saved
from procedures.wording import plainly, sentences
from review.landing import find
from review.models import SuggestedAction, SuggestedChange, Suggestion


def proposers(page_id: int) -> dict[int, set[int]]:
    """Who proposed what each revision of the page brought in (procedures.authorship)."""
    found: dict[int, set[int]] = {}
    landed = Suggestion.objects.on_page(page_id).landed().order_by()
    for revision, author in landed.values_list("landed_in", "author"):
        found.setdefault(revision, set()).add(author)
    return found


def wordings(page_id: int, until: datetime) -> dict[int, tuple[set[str], set[str]]]:
    """The sentences that each person proposed until then to put in, and to take out: accepted, refused, withdrawn or
    still waiting, somebody may have done it by hand (procedures.authorship)."""
    found: dict[int, tuple[set[str], set[str]]] = {}

    def note(author: int, base: str, proposed: str) -> None:
        before, after = (Counter(map(plainly, sentences(clean_text(text)))) for text in (base, proposed))
        put, taken = found.setdefault(author, (set(), set()))
        put.update(after - before)
        taken.update(before - after)

    proposed = Suggestion.objects.on_page(page_id).filter(submitted_at__lte=until)
    changes = SuggestedChange.objects.filter(suggestion__in=proposed).order_by()
    for author, base, text in changes.values_list("suggestion__author", "base_text", "proposed_text"):
        note(author, base, text)
    for removal in proposed.filter(action=SuggestedAction.REMOVE).select_related("version"):
        step = find(removal.version.steps, removal.step_id)
        for name in STEP_TEXTS:
            note(removal.author_id, step[name] if step else "", "")
    return found


def carried_by(revision: Revision) -> list[Suggestion]:
    """The accepted proposals that wait for a release and that this revision would release.

    Those landed in a later revision wait for the next version.
    """
    _page, content = as_saved(revision)
    landed = Suggestion.objects.on_page(int(revision.object_id)).unreleased()
    return [
        suggestion
        for suggestion in landed.filter(landed_in_id__lte=revision.pk)
        .select_related("version")
        .prefetch_related("changes", "images")
        if is_carried(suggestion, content)
    ]


def is_carried(suggestion: Suggestion, content: Mapping[str, Any]) -> bool:
    """Whether the content still holds something of what landed: a sentence that the proposal brought, in any step;
    an image; the place of a step.

    Of one that only took something away: whether some of it is still gone.
    """
    steps = {step["id"]: step for step in content["steps"]}
    if suggestion.action == SuggestedAction.REMOVE:
        return suggestion.step_id not in steps
    images = {image["sha256"] for step in content["steps"] for image in step["images"]}
    if any(image.sha256 in images for image in suggestion.images.all()):
        return True
    if suggestion.landed_after is not None and _is_moved(suggestion, list(steps)):
        return True
    here = steps.get(suggestion.step_id, {})
    everywhere = {text for step in content["steps"] for name in STEP_TEXTS for text in sentences(step[name])}
    brought: set[str] = set()
    still_gone = False
    for change in suggestion.changes.all():
        # Counted, since a text may say the same twice.
        base, landed = Counter(sentences(change.base_text)), Counter(sentences(change.landed_text))
        brought.update(landed - base)
        still_gone |= bool((base - landed) & (base - Counter(sentences(here.get(change.field, "")))))
    return bool(brought & everywhere) if brought else still_gone


def _is_moved(suggestion: Suggestion, order: list[str]) -> bool:
    """Whether the step stands on another side of some step than in the version as shown."""
    shown = [step["id"] for step in suggestion.version.steps]
    step_id = suggestion.step_id
    if step_id not in order or step_id not in shown:
        return False
    before = {step for step in shown[: shown.index(step_id)] if step in order}
    return before != {step for step in order[: order.index(step_id)] if step in shown}
