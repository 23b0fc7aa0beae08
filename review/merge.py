"""Landing a proposal on a working copy that has moved since: texts by sentence, the order of steps by identity.

Where the two sides touched different places the result is taken; where they touched the same one a person
decides. No fuzzy patching: it makes 45 Nm of 30, 35 and 40. Nothing here reads or writes a database.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from procedures.content import STEP_TEXTS
from procedures.wording import in_order, sentences

# Values of a step that are one thing: both sides may not change them to different things.
STEP_VALUES = ("images", "minutes", "importance")
Step = Mapping[str, Any]
"""A step as the canonical content has it (procedures.content): {"id", "title", "body", …}."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of one text.

    `text` is what lands, or None where a person must decide; `rebased` says that the working copy had moved,
    `contained` that it says already what was proposed.
    """

    text: str | None
    rebased: bool
    contained: bool = False


def land(*, base: str, proposed: str, current: str) -> Merged:
    """What the current text becomes with the change from `base` to `proposed` in it."""
    if current == base:
        return Merged(proposed, rebased=False, contained=proposed == base)
    if current == proposed:
        return Merged(proposed, rebased=True, contained=True)
    merged = merge_items(sentences(base), sentences(proposed), sentences(current))
    if merged is None:
        return Merged(None, rebased=True)
    text = "".join(merged)
    return Merged(text, rebased=True, contained=text == current)


def land_both(*, base: str, proposed: str, current: str) -> str:
    """As `land`, but where both sides changed the same place it holds what each says: ours, then theirs."""
    merged: list[str] = []
    for before, their_part, our_part in _between_anchors(*map(sentences, (base, proposed, current))):
        one = merge_items(before, their_part, our_part)
        merged += _apart([*our_part], their_part) if one is None else one
    return "".join(merged)


def _apart(ours: list[str], theirs: list[str]) -> list[str]:
    """Both, one after the other, what is in both once, with something between them."""
    more = [sentence for sentence in theirs if sentence not in ours]
    if ours and more and ours[-1][-1:].isascii() and not ours[-1][-1:].isspace():
        ours = [*ours[:-1], ours[-1] + " "]
    return ours + more


def merge_items(base: Sequence[str], theirs: Sequence[str], ours: Sequence[str]) -> list[str] | None:
    """`ours` with the edits in it that made `theirs` of `base`; None where both touch the same place.

    The texts are held together by the items that each of them has exactly once, in the same order; between two
    such anchors only one side may have changed anything. Where nothing repeats between them, nobody can mistake
    which item is which: there, neighbours may be changed by different sides, and what both did alike counts once.
    """
    merged: list[str] = []
    for before, their_part, our_part in _between_anchors(base, theirs, ours):
        if their_part == before:
            merged += our_part
        elif our_part == before:
            merged += their_part
        else:
            neighbours = _merge_neighbours(before, their_part, our_part)
            if neighbours is None:
                return None
            merged += neighbours
    return merged


def _between_anchors(
    base: Sequence[str], theirs: Sequence[str], ours: Sequence[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three texts cut alike, at each anchor and around it."""
    places = [{item: n for n, item in enumerate(text)} for text in (base, theirs, ours)]
    counts = [Counter(text) for text in (base, theirs, ours)]
    anchors = [item for item in base if all(count[item] == 1 for count in counts)]
    # Of several ways to choose them the same one is taken, whichever side is whose: who decides first changes nothing.
    for _side, place in sorted(
        ((list(theirs), places[1]), (list(ours), places[2])), key=lambda side: side[0]
    ):
        kept = in_order([place[item] for item in anchors])
        anchors = [item for item in anchors if place[item] in kept]
    starts = (0, 0, 0)
    for item in anchors:
        here = [place[item] for place in places]
        yield _cut(base, theirs, ours, starts, here)
        yield [item], [item], [item]
        starts = (here[0] + 1, here[1] + 1, here[2] + 1)
    yield _cut(base, theirs, ours, starts, (len(base), len(theirs), len(ours)))


def _cut(
    base: Sequence[str],
    theirs: Sequence[str],
    ours: Sequence[str],
    starts: Sequence[int],
    ends: Sequence[int],
) -> tuple[list[str], list[str], list[str]]:
    one, two, three = (
        list(text[start:end]) for text, start, end in zip((base, theirs, ours), starts, ends, strict=True)
    )
    return one, two, three


Edit = tuple[int, int, list[str]]  # items [start, end) of the base become these


def _merge_neighbours(base: list[str], theirs: list[str], ours: list[str]) -> list[str] | None:
    if any(len(set(text)) < len(text) for text in (base, theirs, ours)):
        return None
    our_edits = _edits(base, ours)
    their_edits = [edit for edit in _edits(base, theirs) if edit not in our_edits]
    if any(_meet(one, other) for one in their_edits for other in our_edits):
        return None
    merged = list(base)
    for start, end, new in sorted(their_edits + our_edits, key=lambda edit: edit[:2], reverse=True):
        merged[start:end] = new
    # What one side moved and the other changed would be there twice, or not at all.
    return merged if len(set(merged)) == len(merged) else None


def _edits(base: Sequence[str], changed: Sequence[str]) -> list[Edit]:
    opcodes = SequenceMatcher(None, base, changed, autojunk=False).get_opcodes()
    return [(i1, i2, list(changed[j1:j2])) for op, i1, i2, j1, j2 in opcodes if op != "equal"]


def _meet(one: Edit, other: Edit) -> bool:
    """Whether two edits touch the same item; neighbours do not, unless one only inserts between them."""
    if one[0] == one[1] or other[0] == other[1]:
        return one[0] <= other[1] and other[0] <= one[1]
    return one[0] < other[1] and other[0] < one[1]


# ---------- whole documents ----------


class Clash(StrEnum):
    """Why a person must decide on a place."""

    SAME_SENTENCE = "same_sentence"  # or the same value, such as the images of a step
    STEP_GONE = "step_gone"  # the working copy has no such step any more
    STEP_CHANGED = "step_changed"  # it is to be removed, and its text is not what it was
    SAME_PLACE = "same_place"  # steps were added, removed or moved on both sides at the same place


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that a person decides on; `field` is "" for the step as a whole."""

    step_id: str
    field: str
    clash: Clash


@dataclass(frozen=True, slots=True)
class MergedDocument:
    """The steps with everything in them that could land, and the places where something could not.

    `rebased`: the working copy had moved. `contained`: it says already what was proposed.
    """

    steps: list[dict[str, Any]]
    conflicts: list[Conflict]
    rebased: bool
    contained: bool


def merge_steps(base: Sequence[Step], proposed: Sequence[Step], current: Sequence[Step]) -> MergedDocument:
    """The current steps with everything in them that made `proposed` of `base`, as far as it can land.

    Steps are the same where their ids are. Where conflicts are named, their places are as `current` has them.
    """
    before, theirs, ours = (_by_id(steps) for steps in (base, proposed, current))
    conflicts: list[Conflict] = []
    texts = {}
    for step_id, step in ours.items():
        texts[step_id] = dict(step)
        if step_id in theirs and step_id in before:
            texts[step_id] |= _merge_step(before[step_id], theirs[step_id], step, conflicts)
    conflicts += [
        Conflict(step_id, "", Clash.STEP_GONE)
        for step_id, step in theirs.items()
        if step_id in before and step_id not in ours and dict(step) != dict(before[step_id])
    ]
    conflicts += [
        Conflict(step_id, "", Clash.STEP_CHANGED)
        for step_id, step in before.items()
        if step_id not in theirs and step_id in ours and dict(ours[step_id]) != dict(step)
    ]
    conflicts += [
        Conflict(step_id, "", Clash.SAME_PLACE)
        for step_id, step in theirs.items()
        if step_id not in before and step_id in ours and dict(ours[step_id]) != dict(step)
    ]
    order = list(ours)
    if not any(conflict.clash == Clash.STEP_CHANGED for conflict in conflicts):
        merged = merge_items(list(before), list(theirs), list(ours))
        # A step moved by both sides would be there twice, or not at all.
        if merged is None or not _adds_up(merged, before, theirs, ours):
            moved = _restructured(list(before), list(theirs)) or [""]
            conflicts.append(Conflict(moved[0], "", Clash.SAME_PLACE))
        else:
            order = merged
    steps = [texts[step_id] if step_id in texts else dict(theirs[step_id]) for step_id in order]
    return MergedDocument(
        steps,
        conflicts,
        rebased=[dict(step) for step in base] != [dict(step) for step in current],
        contained=not conflicts and steps == [dict(step) for step in current],
    )


def _by_id(steps: Sequence[Step]) -> dict[str, Step]:
    return {step["id"]: step for step in steps}


def _merge_step(before: Step, theirs: Step, ours: Step, conflicts: list[Conflict]) -> dict[str, Any]:
    """The fields that land; adds what a person must decide on to `conflicts`."""
    landed: dict[str, Any] = {}
    for name in STEP_TEXTS:
        if theirs[name] != before[name]:
            text = land(base=before[name], proposed=theirs[name], current=ours[name]).text
            if text is None:
                conflicts.append(Conflict(ours["id"], name, Clash.SAME_SENTENCE))
            else:
                landed[name] = text
    for name in STEP_VALUES:
        if theirs.get(name) == before.get(name) or theirs.get(name) == ours.get(name):
            continue
        if name == "images" and (images := _merge_images(before, theirs, ours)) is not None:
            landed[name] = images
        elif ours.get(name) != before.get(name):
            conflicts.append(Conflict(ours["id"], name, Clash.SAME_SENTENCE))
        else:
            landed[name] = theirs.get(name)
    return landed


def _merge_images(before: Step, theirs: Step, ours: Step) -> list[dict[str, str]] | None:
    sides = [[image["sha256"] + image["alt"] for image in step["images"]] for step in (before, theirs, ours)]
    merged = merge_items(*sides)
    return None if merged is None else [{"sha256": item[:64], "alt": item[64:]} for item in merged]


def _adds_up(
    merged: Sequence[str], before: Mapping[str, Step], theirs: Mapping[str, Step], ours: Mapping[str, Step]
) -> bool:
    """Each step once, and just those that neither side removed or that one of them added."""
    expected = {
        step_id
        for step_id in {*before, *theirs, *ours}
        if (step_id in theirs and step_id in ours) or step_id not in before
    }
    return Counter(merged) == Counter(expected)


def _restructured(base: Sequence[str], changed: Sequence[str]) -> list[str]:
    """The steps whose place the change is about, those that it adds first."""
    touched = [step_id for start, end, new in _edits(base, changed) for step_id in (*new, *base[start:end])]
    return sorted(dict.fromkeys(touched), key=lambda step_id: step_id in base)
