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


def passages(content: Mapping[str, Any]) -> list[str]:
    """Everything a reader reads, without markup: what stands before the steps, then each step, its title first."""
    opening = [content["summary"], content["safety"], *content["tools"], *content["parts"]]
    steps = [
        [*(step[name] for name in STEP_TEXTS), *(image["alt"] for image in step["images"])]
        for step in content["steps"]
    ]
    return ["\n".join(filter(None, map(without_markup, pieces))) for pieces in (opening, *steps)]


def plain_text(content: Mapping[str, Any]) -> str:
    """The same as one text. The index takes the passages, so that it knows where each begins in versions of old, too,
    whose text was put together in another way."""
    return "\n".join(filter(None, passages(content)))


_MARKUP = (
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),  # links and images: what they say
    (re.compile(r"^\s*(?:[-*+]|\d+[.)]|#{1,6}|>)\s+", re.MULTILINE), ""),  # what a line begins with
    (re.compile(r"^[|\s:-]+$", re.MULTILINE), ""),  # the rule of a table
    (re.compile(r"[`|]|\*\*|__|~~~"), " "),
)


def without_markup(text: str) -> str:
    """Markdown as a reader would read it aloud: for the index and its snippets, not for display."""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return re.sub(r"[ \t]+", " ", text).strip()
