"""What the search is given of a procedure reads as its page reads, and each step is found by its title."""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from procedures.content import passages, without_markup
from procedures.demo import load
from procedures.importing import front_matter, own_format
from procedures.rendering import render_markdown
from search.highlight import Highlighter
from search.parsing import parse
from search.registry import starts_of

_BLOCKS = {
    "p",
    "li",
    "td",
    "th",
    "tr",
    "pre",
    "div",
    "h4",
    "h5",
    "h6",
    "br",
    "blockquote",
    "dt",
    "dd",
    "ul",
    "ol",
}


def demo() -> Iterator[Mapping[str, Any]]:
    for path in sorted((Path(load.__file__).parent / "procedures").glob("*.md")):
        meta, body = front_matter.split(path.read_text(encoding="utf-8"))
        fields, steps = own_format.read(meta, body)
        empty = {"title": "", "summary": "", "safety": "", "tools": [], "parts": []}
        yield {**empty, **fields, "steps": steps}


DEMO = {content["number"]: content for content in demo()}


class _Page(HTMLParser):
    """The text of a page, a line a block."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.text += "\n" * (tag in _BLOCKS)

    def handle_endtag(self, tag: str) -> None:
        self.text += "\n" * (tag in _BLOCKS)


def as_read(markdown: str) -> list[str]:
    page = _Page()
    page.feed(render_markdown(markdown))
    return [" ".join(line.split()) for line in page.text.split("\n") if line.strip()]


def as_searched(markdown: str) -> list[str]:
    lines = without_markup(markdown).replace("\t", "\n").split("\n")
    return [line.replace("\xa0", " ") for line in lines if line.strip()]


@pytest.mark.parametrize("number", DEMO)
def test_the_demo_reads_as_its_pages_read(number: str) -> None:
    content = DEMO[number]
    texts = [
        content["safety"],
        *(step[name] for step in content["steps"] for name in ("body", "expected", "caution")),
    ]
    for text in texts:
        assert as_searched(text) == as_read(text)


@pytest.mark.parametrize(
    "text",
    [
        "Unplug `X71`. Then **stop**, *now*; 5 * 3 * 2 and snake_case_name.",
        "插头 `X33`脱落，**E-1210**持续。",
        "The `__init__` and `**` of it, __bold__ and _slanted_.",
        "- one\n- two `LM4`\n\n1. three\n2. **four**: five",
        "| Stage | Volts |\n|---|:-:|\n| **S2** | 310 \\| 320 V |\n| `S3` | 5 |",
        "A | B and no table",
        "&lt;5 V &amp; more, 5&nbsp;V, \\*no\\* emphasis",
        "H<sub>2</sub>O at <b>X71</b>.<br>Next line",
        "See [SOP-1007](/procedures/SOP-1007/), <https://example.org/a>.",
        "```python\nx = 1\n```",
        "## Heading\n\n> A quotation\n\n---\n\nand -- a dash",
    ],
)
def test_blanks_stand_only_where_the_page_has_them(text: str) -> None:
    assert as_searched(text) == as_read(text)


@pytest.mark.parametrize("number", DEMO)
def test_each_step_is_where_its_title_opens(number: str) -> None:
    content = DEMO[number]
    texts = passages(content)
    anchors = [step["id"] for step in content["steps"]]
    starts = list(zip(starts_of(texts)[1:], anchors, strict=True))
    opened = {}
    for step in reversed(content["steps"]):  # the first of those with one title
        found = Highlighter(parse(step["title"])).passage("\n".join(texts), starts, content["title"])
        opened[step["title"]] = (found.anchor, step["id"])
    assert not {title: ids for title, ids in opened.items() if ids[0] != ids[1]}


def opens(number: str, typed: str) -> tuple[str, str, tuple[str, ...]]:
    texts = passages(DEMO[number])
    starts = list(zip(starts_of(texts)[1:], [step["id"] for step in DEMO[number]["steps"]], strict=True))
    found = Highlighter(parse(typed)).passage("\n".join(texts), starts, DEMO[number]["title"])
    return found.anchor, found.fragment, found.marks


def test_a_pair_that_was_not_asked_for_counts_nothing() -> None:
    anchor, _fragment, marks = opens("SOP-2007", "浮充电压")
    assert (anchor, marks[0]) == ("check-settings", "浮充电压")


def test_what_stands_in_a_cell_is_marked_by_the_cells_beside_it() -> None:
    anchor, fragment, _marks = opens("SOP-2002", "段号S2")
    assert anchor == "read-stage"
    assert "S2,-" in fragment
