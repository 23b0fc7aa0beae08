"""Landing a proposed text on a working copy that has moved since it was proposed.

Texts merge by sentence: where the two sides touched different sentences the result is taken, where they
touched the same or neighbouring ones a person decides. No fuzzy patching: it makes 45 Nm of 30, 35 and 40.
"""

import re
from dataclasses import dataclass

from merge3 import Merge3

# A sentence ends after its punctuation and the space that follows, or at a line's end; Chinese needs no space.
_SENTENCE = re.compile(r".*?(?:[.!?;](?:\s+|$)|[。！？；]\s*|\n+|$)", re.DOTALL)


def sentences(text: str) -> list[str]:
    """The text cut after each sentence; joined they are the text."""
    return [piece for piece in _SENTENCE.findall(text) if piece]


@dataclass(frozen=True, slots=True)
class Merged:
    """`text` is what lands, or None where a person must decide; `rebased` says the working copy had moved."""

    text: str | None
    rebased: bool


def land(*, base: str, proposed: str, current: str) -> Merged:
    """What the current text becomes with the change from `base` to `proposed` in it."""
    if current == base:
        return Merged(proposed, rebased=False)
    if current == proposed:
        return Merged(proposed, rebased=True)
    merge = Merge3(sentences(base), sentences(proposed), sentences(current))
    pieces: list[str] = []
    for group in merge.merge_groups():
        if group[0] == "conflict":
            return Merged(None, rebased=True)
        pieces += group[1]
    return Merged("".join(pieces), rebased=True)
