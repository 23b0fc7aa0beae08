"""Which accepted proposals a working copy still holds: a later edit may have taken one back."""

from collections.abc import Mapping
from typing import Any

from wagtail.models import Revision

from procedures.content import STEP_TEXTS, canonical_content
from review.merge import sentences
from review.models import Suggestion


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
    """Whether the content still says what landed: each sentence the proposal brought, none it took away."""
    texts = {(step["id"], name): step[name] for step in content["steps"] for name in STEP_TEXTS}
    for change in suggestion.changes.all():
        now = set(sentences(texts.get((change.step_id, change.field), "")))
        base, landed = set(sentences(change.base_text)), set(sentences(change.landed_text))
        if not landed - base <= now or (not landed - base and (base - landed) & now):
            return False
    return True
