"""Where a quoted passage stands in a text: W3C's TextQuoteSelector, which finds its place again.

The selector (https://www.w3.org/TR/annotation-model/#text-quote-selector) is the passage with some of what
stands before and after it. A browser tells a selection with other line breaks and spaces than the page's HTML
has: here none of them count.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

_TAG = re.compile(r"<[^>]*>")
CONTEXT = 64  # characters of prefix and suffix that a browser sends


class Fate(StrEnum):
    """What became of a passage in a text."""

    HERE = "here"
    GONE = "gone"
    MANY = "many"  # it is there more than once, and its surroundings do not tell which is meant


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage and what stood around it; `exact` "" quotes nothing."""

    exact: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """text[start:end] is the passage where its fate is HERE; elsewhere both are 0."""

    fate: Fate
    start: int = 0
    end: int = 0


def visible_text(html: str) -> str:
    """What a reader sees of cleaned HTML (procedures.rendering), without its markup."""
    return unescape(_TAG.sub("", html))


def find(quote: Quote, text: str) -> Place:
    """Where the passage stands; of several places the one with the most alike surroundings."""
    places = [index for index, character in enumerate(text) if not character.isspace()]
    squeezed = "".join(text[index] for index in places)
    needle, before, after = map(_squeeze, (quote.exact, quote.prefix, quote.suffix))
    starts = _occurrences(squeezed, needle) if needle else []
    if not starts:
        return Place(Fate.GONE)
    likeness = {
        start: _alike(squeezed[:start][::-1], before[::-1]) + _alike(squeezed[start + len(needle) :], after)
        for start in starts
    }
    best = max(likeness.values())
    likeliest = [start for start in starts if likeness[start] == best]
    if len(likeliest) > 1:
        return Place(Fate.MANY)
    start = likeliest[0]
    return Place(Fate.HERE, places[start], places[start + len(needle) - 1] + 1)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _occurrences(text: str, needle: str) -> list[int]:
    starts, start = [], text.find(needle)
    while start >= 0:
        starts.append(start)
        start = text.find(needle, start + 1)
    return starts


def _alike(text: str, other: str) -> int:
    """How many characters both begin with alike."""
    return next(
        (n for n, (one, two) in enumerate(zip(text, other, strict=False)) if one != two),
        min(len(text), len(other)),
    )
