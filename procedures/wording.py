"""What turns one text, or one list, into another: by word, Chinese by character, and in what order."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# A whole run of Chinese is one \w+ to a naive tokeniser; here each character is its own token.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|.", re.DOTALL)


def tokens(text: str) -> list[str]:
    """The text cut into CJK characters, words, white space and single punctuation marks; joined they are the text."""
    return _TOKEN.findall(text)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text that is in both texts ("same"), only in the later ("ins") or only in the earlier ("del")."""

    op: str
    text: str


def diff_text(before: str, after: str) -> list[Part]:
    """The runs that turn `before` into `after`, in reading order, deletions before insertions.

    Two changes with nothing but a space between them are one: a replaced phrase reads as a phrase.
    """
    if before == after:
        return [Part("same", before)] if before else []
    parts: list[Part] = []
    removed = inserted = gap = ""
    for op, text in _runs(tokens(before), tokens(after)):
        if op == "del":
            removed, inserted, gap = removed + gap + text, inserted + gap, ""
        elif op == "ins":
            removed, inserted, gap = removed + gap, inserted + gap + text, ""
        elif removed and inserted and text.isspace() and "\n" not in text:
            gap = text
        else:
            parts += _changed(removed, inserted)
            parts.append(Part("same", gap + text))
            removed = inserted = gap = ""
    parts += _changed(removed, inserted)
    if gap:
        parts.append(Part("same", gap))
    return parts


def _changed(removed: str, inserted: str) -> Iterator[Part]:
    if removed:
        yield Part("del", removed)
    if inserted:
        yield Part("ins", inserted)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(op, text) in reading order.

    The matcher's time grows with the square of what repeats: it sees only what differs, and is led by words, not
    by the spaces between them.
    """
    start, end = 0, 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if start:
        yield "same", "".join(old[:start])
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    for op, i1, i2, j1, j2 in SequenceMatcher(str.isspace, left, right, autojunk=False).get_opcodes():
        if op == "equal":
            yield "same", "".join(left[i1:i2])
            continue
        if i2 > i1:
            yield "del", "".join(left[i1:i2])
        if j2 > j1:
            yield "ins", "".join(right[j1:j2])
    if end:
        yield "same", "".join(old[len(old) - end :])


def diff_items(before: Sequence[str], after: Sequence[str]) -> list[Part]:
    """One part an item: what the later list holds, in its order, then what only the earlier one held."""
    left = Counter(before)
    parts = []
    for item in after:
        parts.append(Part("same" if left[item] > 0 else "ins", item))
        left[item] -= 1
    # Of an item that was there twice, the later ones are those that went.
    for item in reversed(before):
        if left[item] > 0:
            parts.insert(len(after), Part("del", item))
            left[item] -= 1
    return parts


def in_order(positions: Sequence[int]) -> set[int]:
    """A longest rising subsequence of different numbers: the things that kept their order, named by number."""
    tails: list[int] = []  # the smallest last number of a rising run of each length
    before: dict[int, int | None] = {}
    for number in positions:
        length = bisect_left(tails, number)
        before[number] = tails[length - 1] if length else None
        tails[length : length + 1] = [number]
    kept: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def in_order_and_place(positions: Sequence[int], still: Collection[int]) -> set[int]:
    """As in_order, but of several subsequences as long one with the most of the numbers in `still`, which stand
    where they stood. It takes the square of their count."""
    runs: list[
        tuple[int, int, int | None]
    ] = []  # ending at each place: length, how many still, from which place
    for number in positions:
        earlier = [place for place in range(len(runs)) if positions[place] < number]
        before = max(earlier, key=lambda place: runs[place][:2], default=None)
        length, held = runs[before][:2] if before is not None else (0, 0)
        runs.append((length + 1, held + (number in still), before))
    place = max(range(len(runs)), key=lambda place: runs[place][:2], default=None)
    kept: set[int] = set()
    while place is not None:
        kept.add(positions[place])
        place = runs[place][2]
    return kept


# A sentence ends after its punctuation and the space that follows, or with its line; Chinese needs no space.
_SENTENCE = re.compile(r".*?(?:[.!?;](?:\s+|$)|[。！？；]\s*|\n+|$)", re.DOTALL)


_LIST_MARK = re.compile(r"^\s*(?:[-*+>]|\d+[.)]|#{1,6})\s+")
_END = ".!?;:。！？；： \t\n"


def plainly(sentence: str) -> str:
    """The words of a sentence, without what pasting them elsewhere changes: list marks, blanks and how it ends."""
    return " ".join(_LIST_MARK.sub("", sentence).split()).strip(_END)


def sentences(text: str) -> list[str]:
    """The text cut after each sentence; joined they are the text."""
    return [piece for piece in _SENTENCE.findall(text) if piece]
