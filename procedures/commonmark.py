"""Lists and fences as people write them (CommonMark), for a converter that wants lists indented by four.

Markdown's original rules, which the `markdown` package follows, want four spaces for what belongs to a list
item and an empty line before a list. Nearly half of the real documents we measured with indent by the width
of the marker instead. Here a CommonMark parser says which line belongs to which item, and the lines are
indented anew; of their text not a character changes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKER = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])( *)")
_PLAIN_INFO = re.compile(r"[\w+#.-]*")
# Blocks only: what stands inside a line is none of this module's business.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable(["inline", "reference"])


@dataclass(slots=True)
class _Item:
    first: int
    end: int
    depth: int
    outer: int  # columns that belong to the items around it
    content: int = 0  # column its own text begins at
    marker: str = ""


def _items(tokens: list[Token], lines: list[str]) -> Iterator[_Item]:
    """The list items outside quotations, an outer one before those inside it."""
    around: list[_Item] = []
    quotes = 0
    for token in tokens:
        if token.type == "blockquote_open":
            quotes += 1
        elif token.type == "blockquote_close":
            quotes -= 1
        elif quotes or (token.map is None and token.type != "list_item_close"):
            continue
        elif token.type == "list_item_open":
            assert token.map is not None  # not with map is None, above
            first, end = token.map
            item = _Item(first, end, depth=len(around), outer=around[-1].content if around else 0)
            # An item in an item's first line ("- - x") begins where the outer one's text does.
            if found := _MARKER.match(lines[item.first][item.outer :]):
                indent, item.marker, gap = found.groups()
                blank = not lines[item.first][item.outer + found.end() :].strip()
                # Five spaces and more after the marker are one, and code.
                width = 1 if blank or len(gap) > 4 else len(gap)
                item.content = item.outer + len(indent) + len(item.marker) + width
                around.append(item)
                yield item
            else:
                around.append(item)
        elif token.type == "list_item_close":
            around.pop()


def indent_lists(lines: list[str]) -> list[str]:
    """The lines with every list item's content indented by four columns a level."""
    if not any(_MARKER.match(line.lstrip()) or "```" in line or "~~~" in line for line in lines):
        return lines
    tokens = _BLOCKS.parse("\n".join(lines))
    lines = list(lines)
    for token in tokens:
        if token.type == "fence" and token.map and not _PLAIN_INFO.fullmatch(token.info):
            # Behind the fence stands the language; more than that, and the fence would not be seen as one.
            first = token.map[0]
            before, fence, _info = lines[first].partition(token.markup)
            lines[first] = (
                before + fence + (language[0] if (language := _PLAIN_INFO.match(token.info)) else "")
            )
    cut, indent, markers = [0] * len(lines), [0] * len(lines), [""] * len(lines)
    shared: set[int] = set()  # lines that begin two items at once stay as they are
    apart: set[int] = set()  # items after one that holds an empty line: only apart are they seen as one list
    holders: list[_Item] = []
    for item in _items(tokens, lines):
        # So is an item after one with a list of its own: an empty line is put before that list.
        holders = [holder for holder in holders if item.first < holder.end]
        apart.update(holder.end for holder in holders)
        holders.append(item)
        if any(not line.strip() for line in lines[item.first : item.end]):
            apart.add(item.end)
        if markers[item.first]:
            shared.add(item.first)
        markers[item.first] = item.marker
        cut[item.first], indent[item.first] = item.content, item.depth
        for number in range(item.first + 1, min(item.end, len(lines))):
            cut[number], indent[number] = item.content, item.depth + 1
    opens = {
        token.map[0]
        for token in tokens
        if token.type in ("bullet_list_open", "ordered_list_open") and token.map
    }
    result: list[str] = []
    for number, line in enumerate(lines):
        if number in shared:
            result.append(line)
            continue
        if markers[number] and (number in opens or number in apart) and result and result[-1].strip():
            result.append("")
        # A line may stand further left than its item's text (CommonMark calls it lazy).
        kept = line[min(cut[number], len(line) - len(line.lstrip())) :]
        if marker := markers[number]:
            kept = line[cut[number] :]
            result.append(
                "    " * indent[number]
                + (marker.replace(")", ".") + "    ")[: max(4, len(marker) + 1)]
                + kept
            )
        else:
            result.append("    " * indent[number] + kept if kept else "")
    return result


class _IndentLists(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        return indent_lists(lines)


class CommonMarkLists(Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:
        # After tabs have become spaces (30), before fenced code is looked for (25).
        md.preprocessors.register(_IndentLists(md), "commonmark-lists", 28)
