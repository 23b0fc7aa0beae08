"""What proposed edits would leave in the working copy, one at a time, as people are shown it and as it lands.

The steps are those of canonical contents (procedures.content); nothing here writes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procedures.content import STEP_TEXTS
from procedures.models import ProcedurePage
from review.merge import Clash, Conflict, Step, merge_steps
from review.models import LANDED, SuggestedAction, Suggestion

FIRST = ""  # instead of the id of the step that one is to follow


@dataclass(frozen=True, slots=True)
class Landing:
    """One proposed edit against the working copy as it is now.

    `shown`, `current` and `step`: the step as it was shown, as it stands, and as it would stand; None where there
    is none. Where `conflicts` name a place, a person decides and `step` has there what stands now. `after`: the id
    of the step that it would follow, None where its place is no part of the proposal or a person decides on it.
    `rebased`: the working copy had moved; `contained`: it says already what is proposed.
    """

    suggestion: Suggestion
    shown: Step | None
    current: Step | None
    step: Step | None
    after: str | None
    conflicts: Sequence[Conflict]
    rebased: bool
    contained: bool

    @property
    def seen(self) -> str:
        """A short digest of all that whoever decides is shown of the working copy."""
        clashes = [(conflict.field, conflict.clash) for conflict in self.conflicts]
        shown = json.dumps([self.current, self.step, self.after, clashes], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    @property
    def undecided(self) -> dict[str, Clash]:
        """What a person must decide on: {field, or "" for the step as a whole: why}."""
        return {conflict.field: conflict.clash for conflict in self.conflicts}

    @property
    def moves(self) -> bool:
        return self.suggestion.after is not None


def working_copy(page: ProcedurePage) -> ProcedurePage:
    """The page as last saved by anybody, which may be ahead of what is live."""
    return page.get_latest_revision_as_object()


def landings(suggestions: Iterable[Suggestion], current: Sequence[Step]) -> dict[int, Landing]:
    """By primary key: each of these, which were sent together, landed after those before it.

    What landed earlier of the same proposal is part of what the others are proposed on.
    """
    wanted = sorted(suggestions, key=lambda each: each.pk)
    if not wanted:
        return {}
    together = list(wanted[0].sent_together().prefetch_related("changes", "images"))
    places = {each.step_id: each.after for each in together}
    base: list[Step] = list(wanted[0].version.steps)
    for each in together:
        if each.status in LANDED:
            base = applied(each, base, places)
    found: dict[int, Landing] = {}
    for suggestion in wanted:
        theirs = applied(suggestion, base, places)
        landing, steps = _land(suggestion, base, theirs, current)
        if not landing.conflicts:
            base, current = theirs, steps
        found[suggestion.pk] = landing
    return found


def _land(
    suggestion: Suggestion, base: Sequence[Step], theirs: Sequence[Step], current: Sequence[Step]
) -> tuple[Landing, Sequence[Step]]:
    merged = merge_steps(base, theirs, current)
    step_id = suggestion.step_id
    placed = not any(conflict.clash == Clash.SAME_PLACE for conflict in merged.conflicts)
    after = predecessor(merged.steps, step_id) if suggestion.after is not None and placed else None
    landing = Landing(
        suggestion=suggestion,
        shown=find(suggestion.version.steps, step_id),
        current=find(current, step_id),
        step=find(merged.steps, step_id) or (find(theirs, step_id) if merged.conflicts else None),
        after=after,
        conflicts=[Conflict(step_id, conflict.field, conflict.clash) for conflict in merged.conflicts],
        rebased=_moved(base, current, step_id),
        contained=merged.contained,
    )
    return landing, merged.steps


def applied(suggestion: Suggestion, steps: Sequence[Step], places: Mapping[str, str | None]) -> list[Step]:
    """The steps as its author wants them.

    `places`: where each step sent with it is to go, for one that follows a new step which is not there.
    """
    step_id = suggestion.step_id
    if suggestion.action == SuggestedAction.REMOVE:
        return [step for step in steps if step["id"] != step_id]
    before = find(steps, step_id)
    step = dict(before) if before is not None else new_step(step_id)
    step |= {change.field: change.proposed_text for change in suggestion.changes.all()}
    replaced = {image.replaces: image for image in suggestion.images.all()}
    step["images"] = [
        {"sha256": by.sha256, "alt": by.alt} if (by := replaced.get(image["sha256"])) else image
        for image in step["images"]
    ]
    if suggestion.after is None:
        return [step if one["id"] == step_id else one for one in steps]
    rest = [one for one in steps if one["id"] != step_id]
    after: str = suggestion.after
    while after != FIRST and find(rest, after) is None and places.get(after) is not None:
        after = places[after] or FIRST
    place = place_after(rest, after)
    return [*rest[:place], step, *rest[place:]]


def new_step(step_id: str) -> dict[str, Any]:
    """A step in which nothing is written yet."""
    texts = dict.fromkeys(STEP_TEXTS, "")
    return {"id": step_id, **texts, "images": [], "minutes": None, "importance": "normal"}


def find(steps: Iterable[Step], step_id: str) -> Step | None:
    return next((step for step in steps if step["id"] == step_id), None)


def place_after(steps: Sequence[Step], step_id: str) -> int:
    """Where a step goes that is to follow this one: at the end where there is none of this id."""
    if step_id == FIRST:
        return 0
    return next((n for n, step in enumerate(steps, 1) if step["id"] == step_id), len(steps))


def predecessor(steps: Sequence[Step], step_id: str) -> str | None:
    """The id of the step before it, FIRST where it comes first, None where it is not there."""
    before = FIRST
    for step in steps:
        if step["id"] == step_id:
            return before
        before = step["id"]
    return None


def _moved(base: Sequence[Step], current: Sequence[Step], step_id: str) -> bool:
    """Whether the step, or its place, is not in the working copy what it was."""
    was, now = find(base, step_id), find(current, step_id)
    places = [predecessor(steps, step_id) for steps in (base, current)]
    return was != now or places[0] != places[1]
