"""What proposed edits would leave in the working copy, one at a time, as people are shown it and as it lands.

The steps are those of canonical contents (procedures.content); nothing here writes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from wagtail.models import Revision

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from review.merge import Clash, Conflict, Step, land_both, merge_steps
from review.models import LANDED, SuggestedAction, Suggestion
from review.wanted import FIRST, Wanted

Images = list[Mapping[str, str]]


class Take(StrEnum):
    """What a person takes where both sides changed the same place."""

    THEIRS = "theirs"  # what is proposed
    OURS = "ours"  # what the working copy says
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Landing:
    """One proposed edit against the working copy as it is now.

    `shown`, `current` and `step`: the step as it was shown, as it stands, and as it would stand; None where there
    is none. Where `conflicts` name a place, a person decides and `step` has there what stands now. `after`: the id
    of the step that it would follow, None where its place is no part of the proposal or a person decides on it;
    `along`: the steps that go with it. `place`: what a person is told that it follows: a new step that was sent
    with it (`new`: all of those that are not there yet), whose title is `follows`, else what it would follow if
    nothing else of that landed. `rebased`: the working copy had moved; `contained`: it says already what is
    proposed. `seen`: a short digest of all that whoever decides is shown of the working copy, whatever else is
    accepted with it. `stood_in`, where the step is gone: the last revision that had it; `last`: the step as it was
    there.
    """

    suggestion: Suggestion
    shown: Step | None
    current: Step | None
    step: Step | None
    after: str | None
    along: Sequence[str]
    conflicts: Sequence[Conflict]
    rebased: bool
    contained: bool
    place: str | None = None
    follows: str = ""
    new: frozenset[str] = frozenset()
    seen: str = ""
    stood_in: Revision | None = None
    last: Step | None = None

    @property
    def undecided(self) -> dict[str, Clash]:
        """What a person must decide on: {field, or "" for the step as a whole: why}."""
        return {conflict.field: conflict.clash for conflict in self.conflicts}

    @property
    def gone(self) -> bool:
        return self.undecided.get("") == Clash.STEP_GONE

    @property
    def moves(self) -> bool:
        return self.suggestion.after is not None

    @property
    def ours(self) -> Step:
        """The step as it stands, or last stood."""
        return self.current or self.last or {}

    def taken(self, field: str) -> dict[Take, str]:
        """The texts to choose from where the field is undecided."""
        change = next(change for change in self.suggestion.changes.all() if change.field == field)
        base, theirs, ours = change.base_text, change.proposed_text, self.ours.get(field, "")
        both = land_both(base=base, proposed=theirs, current=ours)
        choices = {Take.THEIRS: theirs, Take.OURS: ours}
        return choices if both in choices.values() else choices | {Take.BOTH: both}

    def taken_images(self) -> dict[Take, Images]:
        """The images that the step would show, to choose from where they are undecided."""
        shown, ours = (self.shown or {}).get("images", []), list(self.ours.get("images", []))
        new: dict[str, Mapping[str, str]] = {
            image.replaces: {"sha256": image.sha256, "alt": image.alt}
            for image in self.suggestion.images.all()
        }
        there = {image["sha256"] for image in ours}
        both = [*ours, *(image for image in new.values() if image["sha256"] not in there)]
        return {Take.THEIRS: _replaced(shown, ours, new), Take.OURS: ours, Take.BOTH: both}


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
    proposal = Wanted(together, wanted[0].version.steps)
    landed = [part for part in together if part.status in LANDED]
    added = {part.step_id for part in together if part.action == SuggestedAction.ADD}
    added -= {step["id"] for step in current}
    taken, steps = landed, current
    found: dict[int, Landing] = {}
    for suggestion in wanted:
        alone, merged = _land(suggestion, proposal, landed, current)
        landing = alone
        if taken is not landed:
            landing, merged = _land(suggestion, proposal, taken, steps)
        if not landing.conflicts:
            taken, steps = [*taken, suggestion], merged
        new = (
            None if landing.after not in added or find(current, landing.after) else find(steps, landing.after)
        )
        found[suggestion.pk] = replace(
            landing,
            seen=_digest(alone),
            place=landing.after if new is not None or landing.after is None else alone.after,
            follows=new["title"] if new is not None else "",
            new=frozenset(added),
        )
    return found


def _land(
    suggestion: Suggestion, proposal: Wanted, taken: Sequence[Suggestion], current: Sequence[Step]
) -> tuple[Landing, Sequence[Step]]:
    base, theirs = proposal.steps(taken), proposal.steps([*taken, suggestion])
    merged = merge_steps(base, theirs, current)
    step_id = suggestion.step_id
    clashes = [Conflict(step_id, conflict.field, conflict.clash) for conflict in merged.conflicts]
    if suggestion.action == SuggestedAction.REMOVE and all(c.clash == Clash.SAME_PLACE for c in clashes):
        # Wherever it stands by now, and whatever stands around it: it says what it said, and goes.
        left = [dict(step) for step in current if step["id"] != step_id]
        merged = replace(merged, steps=left, conflicts=[], contained=len(left) == len(current))
        clashes = []
    placed = suggestion.after is not None and not any(one.clash == Clash.SAME_PLACE for one in clashes)
    landing = Landing(
        suggestion=suggestion,
        shown=find(suggestion.version.steps, step_id),
        current=find(current, step_id),
        step=find(merged.steps, step_id) or (find(theirs, step_id) if clashes else None),
        after=predecessor(merged.steps, step_id) if placed else None,
        along=_along(merged.steps, step_id, proposal.followers(step_id)) if placed else (),
        conflicts=clashes,
        rebased=_moved(base, current, step_id),
        contained=merged.contained,
    )
    if suggestion.action == SuggestedAction.EDIT and landing.current is None:
        landing = _put_back(landing, find(base, step_id), find(theirs, step_id))
    return landing, merged.steps


def _put_back(landing: Landing, base: Step | None, theirs: Step | None) -> Landing:
    """The step is gone: what it last said, with what is proposed in it, can come back where a person says."""
    if base is None or theirs is None:
        return landing
    suggestion = landing.suggestion
    stood_in = last_with(suggestion.version.page, suggestion.step_id)
    last = find(canonical_content(stood_in.as_object())["steps"], suggestion.step_id) if stood_in else None
    last = last or landing.shown or base
    merged = merge_steps([base], [theirs], [last])
    gone = Conflict(suggestion.step_id, "", Clash.STEP_GONE)
    return replace(
        landing, step=merged.steps[0], after=None, along=(), conflicts=[gone, *merged.conflicts],
        contained=False, stood_in=stood_in, last=last,
    )  # fmt: skip


def last_with(page: ProcedurePage, step_id: str) -> Revision | None:
    """The last revision in which the step stood."""
    for revision in page.revisions.order_by("-created_at", "-pk").iterator(chunk_size=20):
        steps = revision.content.get("steps") or "[]"
        if any(block.get("id") == step_id for block in json.loads(steps)):
            return revision
    return None


def find(steps: Iterable[Step], step_id: str) -> Step | None:
    return next((step for step in steps if step["id"] == step_id), None)


def predecessor(steps: Sequence[Step], step_id: str) -> str | None:
    """The id of the step before it, FIRST where it comes first, None where it is not there."""
    before = FIRST
    for step in steps:
        if step["id"] == step_id:
            return before
        before = step["id"]
    return None


def _along(steps: Sequence[Step], step_id: str, followers: set[str]) -> list[str]:
    """The steps right behind it that are to follow it, wherever it stands."""
    order = [step["id"] for step in steps]
    along = []
    for behind in order[order.index(step_id) + 1 :] if step_id in order else ():
        if behind not in followers:
            break
        along.append(behind)
    return along


def _replaced(shown: Images, ours: Images, new: Mapping[str, Mapping[str, str]]) -> Images:
    """`ours`, with each new image where the one that it replaces stands, or in the place of what came there since."""
    before, now = ([image["sha256"] for image in images] for images in (shown, ours))
    images: Images = []
    for _op, i1, i2, j1, j2 in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        comes = [new.get(sha256) for sha256 in before[i1:i2]]
        if i2 - i1 == j2 - j1:
            images += [theirs or here for theirs, here in zip(comes, ours[j1:j2], strict=True)]
        else:
            images += [image for image in comes if image] or ours[j1:j2]
    return images


def _digest(landing: Landing) -> str:
    clashes = [(conflict.field, conflict.clash) for conflict in landing.conflicts]
    shown = json.dumps(
        [landing.current or landing.last, landing.step, landing.after, clashes], sort_keys=True
    )
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _moved(base: Sequence[Step], current: Sequence[Step], step_id: str) -> bool:
    """Whether the step, or its place, is not in the working copy what it was."""
    was, now = find(base, step_id), find(current, step_id)
    places = [predecessor(steps, step_id) for steps in (base, current)]
    return was != now or places[0] != places[1]
