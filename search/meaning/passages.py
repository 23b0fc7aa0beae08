"""What of a document is given to the model at a time."""

import re
from collections.abc import Sequence
from itertools import pairwise

WINDOW = 500
"""Characters at most: the model reads 512 tokens, and the longer a text, the less its vector says of any one part."""
MOST = 100
"""Passages of one document; what comes after them is found by its words only."""
WHOLE = 2_000
"""Characters of a document as a whole: about as many as the model reads, where they are English."""

_ENDS = re.compile(r"\n|(?<=[.!?;])\s|(?<=[。！？；])")


def cut(text: str, starts: Sequence[int]) -> list[tuple[int, str]]:
    """(offset, passage): from one of `starts` to the next, the long ones in pieces that end with a sentence."""
    found: list[tuple[int, str]] = []
    edges = sorted({0, *(start for start in starts if 0 < start < len(text)), len(text)})
    for start, end in pairwise(edges):
        while start < end and len(found) < MOST:
            stop = _stop(text, start, end)
            if passage := text[start:stop].strip():
                found.append((start, passage))
            start = stop
    return found


def rows(title: str, text: str, starts: Sequence[int]) -> list[tuple[int, str]]:
    """(offset, what the model is given): the document as a whole, then its passages; one alone is the whole."""
    passages = cut(text, starts) or [(0, "")]
    whole = [(0, text[:WHOLE])] if len(passages) > 1 else []
    return [(start, f"{title}\n{part}".strip()) for start, part in (*whole, *passages)]


def _stop(text: str, start: int, end: int) -> int:
    """Where the piece from `start` ends: after the last sentence that fits, if that leaves it half full."""
    if end - start <= WINDOW:
        return end
    ends = [match.end() for match in _ENDS.finditer(text, start + WINDOW // 2, start + WINDOW)]
    return ends[-1] if ends else start + WINDOW
