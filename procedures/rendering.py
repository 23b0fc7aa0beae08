"""Markdown to the HTML that is frozen into a version: cleaned once, served as it is ever after."""

import re
import threading
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import markdown
import nh3
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from procedures.commonmark import CommonMarkLists

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h4", "h5", "h6", "hr",
    "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_DROP_CONTENT = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math"}


class _NoForeignImages(Treeprocessor):
    """An image in Markdown becomes its description: images live in a step's own list, nothing is fetched elsewhere."""

    def run(self, root: ElementTree.Element) -> None:
        for image in root.iter("img"):
            alt = image.get("alt", "")
            image.clear()
            image.tag = "span"
            image.text = f"[{alt}]" if alt else ""


class _DemotedHeadings(Treeprocessor):
    """A step's title is a third-level heading; what its text calls a heading comes below that."""

    def run(self, root: ElementTree.Element) -> None:
        for element in root.iter():
            if isinstance(element.tag, str) and len(element.tag) == 2 and element.tag in _HEADINGS:
                element.tag = _HEADINGS[element.tag]


_HEADINGS = {"h1": "h4", "h2": "h4", "h3": "h4", "h4": "h5", "h5": "h6"}


class _Redline(Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:
        # After "inline" (20): image elements exist only from there on.
        md.treeprocessors.register(_NoForeignImages(md), "redline-images", 15)
        md.treeprocessors.register(_DemotedHeadings(md), "redline-headings", 14)


_local = threading.local()


def make_converter() -> markdown.Markdown:
    return markdown.Markdown(
        extensions=[
            CommonMarkLists(),
            "tables",
            "sane_lists",
            "pymdownx.superfences",
            "pymdownx.highlight",
            _Redline(),
        ],
        extension_configs={"pymdownx.highlight": {"use_pygments": False}},
    )


def _converter() -> markdown.Markdown:
    """One converter a thread: making one costs about as much as a short step."""
    if not hasattr(_local, "converter"):
        _local.converter = make_converter()
    return _local.converter


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Keep a link only where it can lead somewhere: a web or mail address, a page of this site, a step."""
    if name != "href":
        return value
    if value.startswith(("http://", "https://", "mailto:", "#step-")) or (
        value.startswith("/") and not value.startswith("//")
    ):
        return value
    return None


def render_markdown(text: str) -> str:
    """Clean HTML: no script, style, event handler, foreign image or unknown address survives."""
    if not text.strip():
        return ""
    html = nh3.clean(
        _converter().reset().convert(_without_bracket_bombs(text)),
        tags=_TAGS,
        clean_content_tags=_DROP_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    html = _DEAD_LINK.sub(r"\1", html)
    html = html.replace("<table>", '<div class="table-wrap" tabindex="0"><table>')
    return html.replace("</table>", "</table></div>")


# What was a link before its address was refused would still look like one.
_DEAD_LINK = re.compile(r"<a(?![^>]*\shref=)[^>]*>(.*?)</a>", re.DOTALL)
_MANY_BRACKETS = 1_000  # in one paragraph: no prose, and the converter's time grows with their square


def _without_bracket_bombs(text: str) -> str:
    if text.count("[") <= _MANY_BRACKETS:
        return text
    paragraphs = re.split(r"(\n\s*\n)", text)
    return "".join(p.replace("[", "&#91;") if p.count("[") > _MANY_BRACKETS else p for p in paragraphs)


def render_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """The HTML of a canonical content: {"safety": html, "steps": {id: {"body", "expected", "caution"}}}."""
    return {
        "safety": render_markdown(content["safety"]),
        "steps": {
            step["id"]: {name: render_markdown(step[name]) for name in ("body", "expected", "caution")}
            for step in content["steps"]
        },
    }
