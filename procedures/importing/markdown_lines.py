"""Markdown by lines: what is code or comment, where the headings are, what a link points at.

Follows CommonMark 0.31 (https://spec.commonmark.org/0.31.2/), sections 4.2 to 4.6, as far as headings go.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})(.*)$")
_HTML_BLOCK = re.compile(r"\s*<(pre|script|style|textarea)\b", re.IGNORECASE)
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_PARAGRAPH = re.compile(r" {0,3}(?![-*+>|#<=]|\d+[.)]\s)\S")
_CONTAINER = re.compile(r" *(>|(?:[-*+]|\d{1,9}[.)])(?= |$))")
_DEEPEST = 100
_RULE = re.compile(r"\s*([-*_])(?:[ \t]*\1){2,}\s*")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"""(\]\(\s*<?|href=["'])([^\s<>()"']+(?:\([^\s<>()]*\)[^\s<>()"']*)*)""")
_DEFINITION = re.compile(r"( {0,3}\[[^\]]+\]:\s*<?)([^\s<>]+)")
_INLINE = (
    (re.compile(r"!?\[([^\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)"), r"\1"),
    (re.compile(r"!?\[([^\]]+)\]\[[^\]]*\]"), r"\1"),
    (re.compile(r"</?(?:a|b|br|code|em|i|kbd|span|strong|sub|sup)(?:\s[^>]*)?/?>", re.IGNORECASE), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w\\])([*_])(?=\S)(.+?)(?<=[^\s\\])\1(?!\w)"), r"\2"),
    (re.compile(r"\s*\{#[\w-]+\}\s*$"), ""),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)
# A full stop ends a sentence only before a new one: "e.g. the fan" does not.
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s+[^\sa-z]|\s*$)|[。！？]|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading on lines[first:after]."""

    first: int
    after: int
    level: int
    text: str


def prose_mask(lines: Sequence[str]) -> list[bool]:
    """For each line whether it is prose: not inside a code fence, an HTML comment or preformatted HTML."""
    mask: list[bool] = []
    closes: Callable[[str], bool] | None = None
    for line in lines:
        if closes is not None:
            mask.append(False)
            if closes(line):
                closes = None
            continue
        closes, inside = _opens(line)
        mask.append(not inside)
    return mask


def _opens(line: str) -> tuple[Callable[[str], bool] | None, bool]:
    """What closes the block that this line opens (None: nothing stays open), and if the line is in it."""
    if (fence := _FENCE.match(line)) and not (fence[1][0] == "`" and "`" in fence[2]):
        marker = re.compile(rf"\s*{re.escape(fence[1][0])}{{{len(fence[1])},}}\s*$")
        return (lambda later: marker.match(later) is not None), True
    if line.lstrip().startswith("<!--"):
        return (None if "-->" in line else (lambda later: "-->" in later)), True
    if html := _HTML_BLOCK.match(line):
        end = f"</{html[1].lower()}>"
        return (None if end in line.lower() else (lambda later: end in later.lower())), True
    return None, False


def list_depth(text: str) -> int:
    """How deep lists and quotations are nested, no less than Markdown would nest them; counts up to 100.

    An item belongs to those above it that begin further to the left. Code in fences does not count.
    """
    lines = text.split("\n")
    deepest = 0
    around: list[tuple[int, str]] = []
    for line, prose in zip(lines, prose_mask(lines), strict=True):
        if not prose or _RULE.fullmatch(line):
            continue
        line = line.expandtabs(4)
        position = 0
        while marker := _CONTAINER.match(line, position):
            found = (marker.start(1), marker[1])
            # A quotation's mark stands on each of its lines.
            if marker[1] != ">" or found not in around:
                while around and around[-1][0] >= found[0]:
                    around.pop()
                around.append(found)
                if len(around) >= _DEEPEST:
                    return _DEEPEST
            position = marker.end()
        deepest = max(deepest, len(around))
    return deepest


def headings(lines: Sequence[str], mask: Sequence[bool]) -> Iterator[Heading]:
    """The headings of the prose, `## so` and underlined ones, in order."""
    for number, line in enumerate(lines):
        if not mask[number]:
            continue
        if atx := _ATX.match(line):
            yield Heading(number, number + 1, len(atx[1]), (atx[2] or "").strip())
        elif (
            number + 1 < len(lines)
            and mask[number + 1]
            and (under := _SETEXT.match(lines[number + 1]))
            and _PARAGRAPH.match(line)
            and (number == 0 or not lines[number - 1].strip())
        ):
            yield Heading(number, number + 2, 1 if under[1][0] == "=" else 2, line.strip())


def plain(text: str) -> str:
    """Inline Markdown without its marks, on one line: `**Stop** [here](x.md)` is "Stop here"."""
    spans: list[str] = []

    def keep(match: re.Match[str]) -> str:
        spans.append(match[2].strip())
        return f"\0{len(spans) - 1}\0"

    text = _CODE_SPAN.sub(keep, text.replace("\0", ""))
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    text = re.sub("\0(\\d+)\0", lambda match: spans[int(match[1])], text)
    return " ".join(text.split())


def has_link(text: str) -> bool:
    return "](" in text


def first_sentence(text: str) -> str:
    """The first sentence of the first paragraph of prose, without marks; "" where there is none."""
    lines = text.split("\n")
    mask = prose_mask(lines)
    taken = {index for found in headings(lines, mask) for index in range(found.first, found.after)}
    paragraph: list[str] = []
    for number, line in enumerate(lines):
        if mask[number] and number not in taken and line.strip():
            paragraph.append(line.strip())
        elif paragraph:
            break
    sentence = _SENTENCE.match(plain(" ".join(paragraph)))
    return sentence[0].strip() if sentence else ""


def rewrite_links(text: str, resolve: Callable[[str], str | None]) -> str:
    """The text with every link target that `resolve` knows replaced; code is left alone."""

    def target(match: re.Match[str]) -> str:
        return match[1] + (resolve(match[2]) or match[2])

    lines = text.split("\n")
    mask = prose_mask(lines)
    for number, line in enumerate(lines):
        if not mask[number] or ("](" not in line and "]:" not in line and "href=" not in line):
            continue
        if _DEFINITION.match(line):
            lines[number] = _DEFINITION.sub(target, line, count=1)
            continue
        pieces, position = [], 0
        for span in _CODE_SPAN.finditer(line):
            pieces += [_LINK.sub(target, line[position : span.start()]), span[0]]
            position = span.end()
        lines[number] = "".join([*pieces, _LINK.sub(target, line[position:])])
    return "\n".join(lines)
