"""Which accepted proposals a working copy still holds: a later edit may have taken one back."""

from collections.abc import Mapping
from typing import Any

from wagtail.models import Revision

from procedures.content import STEP_TEXTS, canonical_content
from procedures.wording import sentences
from review.models import Suggestion


def proposers(page_id: int) -> dict[int, set[int]]:
    """Who proposed what each revision of the page brought in (procedures.authorship)."""
    found: dict[int, set[int]] = {}
    landed = Suggestion.objects.on_page(page_id).landed().order_by()
    for revision, author in landed.values_list("landed_in", "author"):
        found.setdefault(revision, set()).add(author)
    return found


def carried_by(revision: Revision) -> list[Suggestion]:
    """The accepted proposals that wait for a release and that this revision would release.

    Those landed in a later revision wait for the next version.
    """
    content = canonical_content(revision.as_object())
    landed = Suggestion.objects.on_page(int(revision.object_id)).unreleased()
    return [
        suggestion
        for suggestion in landed.filter(landed_in_id__lte=revision.pk).prefetch_related("changes")
        if is_carried(suggestion, content)
    ]


def is_carried(suggestion: Suggestion, content: Mapping[str, Any]) -> bool:
    """Whether the content still says some of what landed: a sentence that the proposal brought, in any step.

    Of one that only took sentences away: whether one of them is still gone.
    """
    texts = {
        (step["id"], name): set(sentences(step[name])) for step in content["steps"] for name in STEP_TEXTS
    }
    everywhere = set().union(*texts.values())
    brought: set[str] = set()
    still_gone = False
    for change in suggestion.changes.all():
        base, landed = set(sentences(change.base_text)), set(sentences(change.landed_text))
        brought |= landed - base
        still_gone |= bool((base - landed) - texts.get((change.step_id, change.field), set()))
    return bool(brought & everywhere) if brought else still_gone
