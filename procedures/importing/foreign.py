"""Other people's Markdown into a title, a summary and steps; no text is lost on the way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from procedures.content import clean_text
from procedures.importing.documents import MAX_TITLE, Unreadable, new_step
from procedures.importing.markdown_lines import Heading, first_sentence, has_link, headings, plain, prose_mask

# Words that become part of the text, so in the text's language, not in the reader's.
WORDS = {
    "en": {"introduction": "Introduction", "whole": "Instructions", "step": "Step {}"},
    "zh-hans": {"introduction": "简介", "whole": "操作说明", "step": "步骤 {}"},
}
TITLE_SOURCES = ("heading", "file-name", "first-line")

_ITEM = re.compile(r"( {0,3})(\d{1,9}[.)])([ \t]+)(?=\S)")
_TEMPLATE_TAG = re.compile(r"<%.*?%>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_MARKUP = re.compile(r"\*\*|__|\]\(|\]\[|[<|]|```|~~~|^\s*(?:[-*+>#]|\d+[.)]\s)", re.MULTILINE)
_LONGEST_SUMMARY = 500
_LONGEST_ITEM_TITLE = 120


@dataclass(slots=True)
class Outline:
    title: str
    summary: str
    steps: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def cut(title: str, limit: int = MAX_TITLE) -> str:
    """The title, cut at a word to at most `limit` characters, with an ellipsis where it was cut."""
    if len(title) <= limit:
        return title
    kept = title[: limit - 1]
    return (kept[: kept.rfind(" ")] if " " in kept[limit // 2 :] else kept).rstrip() + "…"


def outline(
    text: str, *, title: str = "", stem: str, language: str, title_from: str = "heading", summary: str = ""
) -> Outline:
    """The outline of a Markdown text without front matter.

    `title` and `summary` are the front matter's, "" where it has none. Raises Unreadable without a title.
    """
    words = WORDS.get(language, WORDS["en"])
    lines = clean_text(text).split("\n")
    mask = prose_mask(lines)
    found = list(headings(lines, mask))
    title, title_heading = _title(title, lines, mask, found, stem, title_from)
    result = Outline(cut(title), summary, [])
    before: list[str] = []
    if title != result.title:
        result.notes.append(_("The title is longer than 255 characters and was cut."))
        before = [title, ""]

    start = 0
    if title_heading is not None:
        before += lines[: title_heading.first]
        if _TEMPLATE_TAG.sub("", title_heading.text).strip() and (
            plain(title_heading.text) != title or has_link(title_heading.text)
        ):
            before += lines[title_heading.first : title_heading.after]
        start = title_heading.after
    level = (title_heading.level if title_heading else 1) + 1
    cuts = [heading for heading in found if heading.first >= start and heading.level <= level]
    if cuts:
        before += lines[start : cuts[0].first]
        result.steps = _steps_by_heading(lines, cuts, words, result.notes)
    else:
        items = _items(lines, mask, start)
        if items:
            before += lines[start : items[0]]
            result.steps = _steps_by_item(lines, items)
        else:
            body = clean_text("\n".join(lines[start:]))
            result.steps = [new_step(words["whole"], body)] if body else []
    _place_opening(result, clean_text("\n".join(before)), words)
    if not result.steps:
        result.steps = [new_step(words["whole"], "")]
    return result


def _title(
    title: str,
    lines: Sequence[str],
    mask: Sequence[bool],
    found: Sequence[Heading],
    stem: str,
    title_from: str,
) -> tuple[str, Heading | None]:
    """The title, and the heading that says it (which is then no part of the text)."""
    first = found[0] if found else None
    if first is not None and (title or title_from == "file-name"):
        # Only a top heading that opens the text repeats the title; any other is a part of the text.
        opens = not any(
            prose and line.strip() for line, prose in zip(lines[: first.first], mask, strict=False)
        )
        first = first if first.level == 1 and opens else None
    if title:
        return title, first
    text = "\n".join(lines)
    if title_from == "file-name":
        sentence = first_sentence(text)
        return (f"{stem}: {sentence}" if sentence else stem), first
    heading = plain(_TEMPLATE_TAG.sub("", first.text)) if first else ""
    opens_with_text = first is None or any(line.strip() for line in lines[: first.first])
    if title_from == "first-line" and opens_with_text and (sentence := first_sentence(text)):
        return sentence, None
    if not heading:
        raise Unreadable(_("It has no title: neither front matter nor a heading names one."))
    return heading, first


def _steps_by_heading(
    lines: Sequence[str], cuts: Sequence[Heading], words: dict[str, str], notes: list[str]
) -> list[dict[str, Any]]:
    steps = []
    ends = [heading.first for heading in cuts[1:]] + [len(lines)]
    for position, (heading, end) in enumerate(zip(cuts, ends, strict=True), 1):
        full = plain(heading.text)
        body = "\n".join(lines[heading.after : end])
        title = cut(full)
        if title != full or has_link(heading.text):
            body = f"{heading.text}\n\n{body}"
        if title != full:
            notes.append(
                _("The title of step %(position)d was cut to 255 characters.") % {"position": position}
            )
        steps.append(new_step(title or words["step"].format(position), clean_text(body)))
    return steps


def _items(lines: Sequence[str], mask: Sequence[bool], start: int) -> list[int]:
    """The lines on which an item of the outermost numbered list begins; [] where there are fewer than two."""
    matches = [
        (number, len(item[1]))
        for number in range(start, len(lines))
        if mask[number] and (item := _ITEM.match(lines[number]))
    ]
    if not matches:
        return []
    outermost = matches[0][1]
    items = [number for number, indent in matches if indent <= outermost]
    return items if len(items) > 1 else []


def _steps_by_item(lines: Sequence[str], items: Sequence[int]) -> list[dict[str, Any]]:
    steps = []
    for begin, end in zip(items, [*items[1:], len(lines)], strict=True):
        item = _ITEM.match(lines[begin])
        assert item is not None  # the caller matched it
        width = item.end()
        rest = [line[min(width, len(line) - len(line.lstrip(" "))) :] for line in lines[begin + 1 : end]]
        text = clean_text("\n".join([lines[begin][width:], *rest]))
        title = cut(first_sentence(text) or plain(text.split("\n")[0]), _LONGEST_ITEM_TITLE)
        # An item that is all title has nothing left to say below it.
        steps.append(new_step(title, "" if title == text else text))
    return steps


def _place_opening(result: Outline, opening: str, words: dict[str, str]) -> None:
    """Put what comes before the first step into the summary, a step of its own, or the first step."""
    if not opening:
        return
    if not _COMMENT.sub("", opening).strip():
        if result.steps:
            result.steps[0]["body"] = clean_text(f"{opening}\n\n{result.steps[0]['body']}")
        else:
            result.steps = [new_step(words["whole"], opening)]
        return
    short = len(opening) <= _LONGEST_SUMMARY and "\n\n" not in opening
    if not result.summary and result.steps and short and not _MARKUP.search(opening):
        result.summary = opening
        return
    result.steps.insert(0, new_step(words["introduction"], opening))
