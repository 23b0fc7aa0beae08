"""The canonical content of a procedure: what is approved, frozen, hashed, exported and compared.

Format 1 is a JSON object:

    {"format": 1, "number", "title", "kind", "language", "audience", "product_line": code or "",
     "summary", "safety": Markdown, "tools": [str], "parts": [str], "skills": [str],
     "applies_to": [{"model": code, "from": version or "", "before": version or "", "options": [str]}],
     "error_codes": [{"product_line": code, "code"}],
     "steps": [{"id", "title", "body": Markdown, "expected": Markdown, "caution": Markdown,
                "images": [{"sha256", "alt"}], "minutes": int or null, "importance"}]}

Its bytes are UTF-8 JSON with sorted keys and no spaces. Line ends are LF and no text begins or ends with
an empty line, so what an editor or an operating system does to line ends changes no hash.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from html import unescape
from typing import Any

from procedures.frozen_files import freeze_image

FORMAT = 1
STEP_TEXTS = ("title", "body", "expected", "caution")


def clean_text(text: str | None) -> str:
    """The text with LF line ends and without empty lines or spaces around it."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def clean_line(text: str | None) -> str:
    """A title or a number without what nobody sees in it: format characters, e.g. a zero-width space, make two of one."""
    return "".join(sign for sign in clean_text(text) if unicodedata.category(sign) != "Cf").strip()


def clean_list(values: Iterable[Any] | None) -> list[str]:
    return [text for text in (clean_text(str(value)) for value in values or ()) if text]


def canonical_content(page: Any, *, digest: Callable[[Any], str] = freeze_image) -> dict[str, Any]:
    """The content of a ProcedurePage as it stands in memory (a revision's `as_object()`, or the page itself).

    `digest` gives an image's SHA-256, and by default keeps its bytes for good.
    """
    return {
        "format": FORMAT,
        "number": page.number,
        "title": clean_text(page.title),
        "kind": page.kind,
        "language": page.language,
        "audience": page.audience,
        "product_line": page.product_line.code if page.product_line_id else "",
        "summary": clean_text(page.summary),
        "safety": clean_text(page.safety),
        "tools": clean_list(page.tools),
        "parts": clean_list(page.parts),
        "skills": clean_list(page.skills),
        "applies_to": [
            {
                "model": row.model.code,
                "from": row.release_from.version if row.release_from_id else "",
                "before": row.release_before.version if row.release_before_id else "",
                "options": sorted(clean_list(row.options)),
            }
            for row in page.applicability.all()
        ],
        "error_codes": sorted(
            ({"product_line": code.product_line.code, "code": code.code} for code in page.error_codes.all()),
            key=lambda code: (code["product_line"], code["code"]),
        ),
        "steps": [_step(block.id, block.value, digest) for block in page.steps],
    }


def _step(step_id: str, value: Mapping[str, Any], digest: Callable[[Any], str]) -> dict[str, Any]:
    return {
        "id": step_id,
        **{name: clean_text(value.get(name)) for name in STEP_TEXTS},
        "images": [
            {"sha256": digest(image["image"]), "alt": clean_text(image["alt"])}
            for image in value.get("images") or ()
            if image["image"] is not None
        ],
        "minutes": value.get("minutes"),
        "importance": value.get("importance") or "normal",
    }


def is_step_id(step_id: str | None) -> bool:
    """Whether a step may go by this: it stands in addresses and files."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,64}", step_id or "") is not None


def canonical_bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def content_hash(content: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


_MARKDOWN = ("body", "expected", "caution")


def passages(content: Mapping[str, Any]) -> list[str]:
    """Everything a reader reads, without markup: what stands before the steps, then each step, its title first."""
    opening = [content["summary"], without_markup(content["safety"]), *content["tools"], *content["parts"]]
    steps = [
        [
            *(without_markup(step[name]) if name in _MARKDOWN else step[name] for name in STEP_TEXTS),
            *(image["alt"] for image in step["images"]),
        ]
        for step in content["steps"]
    ]
    return ["\n".join(filter(None, pieces)) for pieces in (opening, *steps)]


def plain_text(content: Mapping[str, Any]) -> str:
    """The same as one text. The index takes the passages, so that it knows where each begins in versions of old, too,
    whose text was put together in another way."""
    return "\n".join(filter(None, passages(content)))


# What a line is by itself: no reader sees its signs, and each stays a line.
_LINES = (
    (re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE), ""),  # a fence and its language
    (re.compile(r"^\s*(?:(?:[-*+]|\d+[.)]|#{1,6}|>)\s+)+", re.MULTILINE), ""),  # what a line begins with
    (re.compile(r"^[|\s:*_-]+$", re.MULTILINE), ""),  # the rule of a table, or across the page
)
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_CELL_BORDER = re.compile(r"[ \t]*(?<!\\)\|[ \t]*")
_CODE = re.compile(r"(`+)(?!`)[ ]?(.{1,400}?)[ ]?(?<!`)\1(?!`)")
# Inside a line: signs go without a blank in their place, or "X71." would be indexed as "X71 .".
_INLINE = (
    (re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)"), r"[\1]"),  # an image, as procedures.rendering shows it
    (re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"<((?:https?://|mailto:)[^<>\s]*)>"), r"\1"),
    (re.compile(r"<br\s*/?>", re.IGNORECASE), "\n"),
    (
        re.compile(
            r"</?(?:a|abbr|b|code|del|em|i|ins|kbd|mark|s|small|span|strong|sub|sup|u|var)(?:\s[^<>]*)?>"
        ),
        "",
    ),
    (re.compile(r"(?<!\\)\*\*"), ""),
    (re.compile(r"(?<!\w)__(?=\S)|(?<=[^\s\\])__(?!\w)"), ""),
    (re.compile(r"(?<![\w\\*])\*(?=[^\s*])([^*\n]*[^\s*\\])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w\\])_(?=[^\s_])([^_\n]*[^\s_\\])_(?!\w)"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()>#+.!|-])"), r"\1"),
)
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)


def without_markup(text: str) -> str:
    """Markdown as the page shows it: for the index, its snippets, and the words that a browser is asked to mark.

    Blanks stand only where the page has them: lines are blocks, and a tab stands between the cells of a table's row.
    """
    text = text.replace("\t", " ")
    if "|" in text and any("|" in rule[0] for rule in _TABLE_RULE.finditer(text)):
        text = "\n".join(map(_cells, text.split("\n")))
    for pattern, replacement in _LINES:
        text = pattern.sub(replacement, text)
    # Between code and code: in code every sign is one that the page shows.
    pieces = _CODE.split(text)
    pieces[::3] = map(_without_signs, pieces[::3])
    del pieces[1::3]
    return re.sub(r" *\n\s*", "\n", re.sub(r" +", " ", "".join(pieces))).strip()


def _cells(line: str) -> str:
    """A row of a table with tabs between its cells; any other line as it is."""
    if "|" not in line or _TABLE_RULE.fullmatch(line):
        return line
    return _CELL_BORDER.sub("\t", line.strip().removeprefix("|").removesuffix("|").strip())


def _without_signs(text: str) -> str:
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text) if "&" in text else text
