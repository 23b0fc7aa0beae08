"""A proposal as its author wants it: the steps of its version with some of its parts in them.

Whichever parts these are, and in whatever order they were decided, the steps stand in the order that the author
gave: a step follows the one it was to follow, or stands in that one's place where it is gone or never came.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from procedures.content import STEP_TEXTS
from review.merge import Step
from review.models import SuggestedAction, Suggestion

FIRST = ""  # instead of the id of the step that one is to follow


def in_a_ring(places: Mapping[str, str]) -> set[str]:
    """Of steps and what each is to follow: those that would follow themselves, by way of the others."""
    found: set[str] = set()
    for start in places:
        seen: list[str] = []
        step_id = start
        while step_id in places and step_id not in seen:
            seen.append(step_id)
            step_id = places[step_id]
        if step_id in seen:
            found |= {*seen[seen.index(step_id) :]}
    return found


class Wanted:
    """All that was sent together."""

    def __init__(self, parts: Sequence[Suggestion], shown: Sequence[Step]) -> None:
        """`shown`: the steps of their version."""
        self._parts = {part.step_id: part for part in sorted(parts, key=lambda part: part.pk)}
        self._steps = shown
        places: dict[str, str] = {
            step_id: part.after for step_id, part in self._parts.items() if part.after is not None
        }
        # Refused when it is proposed (review.proposing); of one that is older nothing is lost.
        for step_id in in_a_ring(places):
            del places[step_id]
            if self._parts[step_id].action == SuggestedAction.ADD:
                places[step_id] = FIRST
        self._places = places
        self._followers: dict[str, list[str]] = {}
        for step_id, after in self._places.items():
            self._followers.setdefault(after, []).append(step_id)

    def steps(self, taken: Collection[Suggestion]) -> list[Step]:
        """The version's steps with these parts in them and no others."""
        shown = {step["id"]: step for step in self._steps}
        chosen = {part.step_id for part in taken}
        return [
            changed(self._parts[step_id], shown.get(step_id)) if step_id in chosen else shown[step_id]
            for step_id in self._order(list(shown), chosen)
        ]

    def followers(self, step_id: str) -> set[str]:
        """The steps that are to stand behind this one, wherever it stands."""
        found: set[str] = set()
        waiting = [step_id]
        while waiting:
            direct = set(self._followers.get(waiting.pop(), ())) - found
            found |= direct
            waiting += direct
        return found

    def _order(self, shown: Sequence[str], chosen: Collection[str]) -> Iterator[str]:
        yield from self._behind(FIRST, chosen)
        for step_id in shown:
            if step_id in chosen and step_id in self._places:
                continue  # it stands behind another
            if step_id not in chosen or self._parts[step_id].action != SuggestedAction.REMOVE:
                yield step_id
            yield from self._behind(step_id, chosen)

    def _behind(self, step_id: str, chosen: Collection[str]) -> Iterator[str]:
        for follower in self._followers.get(step_id, ()):
            if follower in chosen:
                yield follower
                yield from self._behind(follower, chosen)
            elif self._parts[follower].action == SuggestedAction.ADD:
                yield from self._behind(follower, chosen)  # it never came: these stand in its place


def changed(part: Suggestion, before: Step | None) -> Step:
    """The step with what is proposed for it; an empty one where it is new."""
    step = dict(before) if before is not None else _empty(part.step_id)
    step |= {change.field: change.proposed_text for change in part.changes.all()}
    replaced = {image.replaces: image for image in part.images.all()}
    step["images"] = [
        {"sha256": by.sha256, "alt": by.alt} if (by := replaced.get(image["sha256"])) else image
        for image in step["images"]
    ]
    return step


def _empty(step_id: str) -> dict[str, Any]:
    texts = dict.fromkeys(STEP_TEXTS, "")
    return {"id": step_id, **texts, "images": [], "minutes": None, "importance": "normal"}
