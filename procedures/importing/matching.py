"""Which step of a changed text is which step of the text before: comments hang on its identity."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from procedures.wording import tokens

_NAMESPACE = UUID("7f0a3a5e-6f0c-5a57-9f0e-4a1d3c2b9e61")
# Set by reading the 102 retitled steps of the replayed corpora: from 0.6 on nearly every pair is one step,
# below 0.4 none is, and between them most of those that also kept their place are.
ALIKE = 0.6
ALIKE_IN_PLACE = 0.45

Step = Mapping[str, Any]


def identify(steps: Sequence[Step], before: Sequence[Step], source_key: str) -> list[dict[str, Any]]:
    """The steps with identities: those of `before` they continue, by title, then by likeness, then by place.

    A step seen for the first time gets a UUID made of the source and its title, the same on every import.
    """
    matched = _by_title(steps, before)
    _by_likeness(steps, before, matched)
    identified, taken = [], {before[index]["id"] for index in matched.values()}
    for position, step in enumerate(steps):
        if position in matched:
            step_id = before[matched[position]]["id"]
        else:
            step_id = _first_sight(step["title"], source_key, taken)
            taken.add(step_id)
        identified.append({**step, "id": step_id})
    return identified


def _first_sight(title: str, source_key: str, taken: set[str]) -> str:
    occurrence = 1
    while (step_id := str(uuid5(_NAMESPACE, f"{source_key}\n{_key(title)}\n{occurrence}"))) in taken:
        occurrence += 1
    return step_id


def _key(title: str) -> str:
    return " ".join(title.casefold().split())


def _by_title(steps: Sequence[Step], before: Sequence[Step]) -> dict[int, int]:
    """Positions in `steps` to positions in `before` of the same title, the first to the first and so on."""
    waiting: dict[str, list[int]] = {}
    for index, step in enumerate(before):
        waiting.setdefault(_key(step["title"]), []).append(index)
    matched = {}
    for position, step in enumerate(steps):
        if same := waiting.get(_key(step["title"])):
            matched[position] = same.pop(0)
    return matched


def _by_likeness(steps: Sequence[Step], before: Sequence[Step], matched: dict[int, int]) -> None:
    """Add to `matched` the pairs that share most of their words, the most alike first."""
    free = [position for position in range(len(steps)) if position not in matched]
    left = [index for index in range(len(before)) if index not in matched.values()]
    if not free or not left:
        return
    words = {position: _words(steps[position]) for position in free}
    old_words = {index: _words(before[index]) for index in left}
    pairs = []
    for position in free:
        for index in left:
            alike = _likeness(words[position], old_words[index])
            in_place = matched.get(position - 1, -1) == index - 1
            if alike >= (ALIKE_IN_PLACE if in_place else ALIKE):
                pairs.append((-alike, not in_place, position, index))
    for _alike, _place, position, index in sorted(pairs):
        if position not in matched and index not in matched.values():
            matched[position] = index


def _words(step: Step) -> Counter[str]:
    return Counter(
        token for token in tokens(f"{step['title']} {step['body']}".casefold()) if not token.isspace()
    )


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Dice's coefficient of the two bags of words, 0 to 1."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
