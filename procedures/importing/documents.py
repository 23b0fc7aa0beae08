"""What a reader makes of one file, and why it could not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from procedures.content import FORMAT
from procedures.models import Audience, Importance, Kind

MAX_TITLE = 255


class Unreadable(Exception):
    """Why a file, or one revision of it, cannot be imported; the text is for people."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a file that says nothing of it gets; `applies_to` and `error_codes` as in procedures.content."""

    kind: str = Kind.ERROR_HANDLING
    language: str = "en"
    audience: str = Audience.INTERNAL
    product_line: str = ""
    applies_to: Sequence[Mapping[str, Any]] = ()
    error_codes: Sequence[Mapping[str, str]] = ()
    owner: str = ""
    team: str = ""
    title_from: str = "heading"
    codes_from: str = "none"


@dataclass(slots=True)
class Document:
    """A procedure as a file tells it.

    `content` is canonical (procedures.content) but for what only the set and the database know: `number` is
    "" where the file names none, a foreign file's steps have the id "" and its links are as written.
    """

    content: dict[str, Any]
    own_format: bool = False
    owner: str = ""
    team: str = ""
    change_summary: str = ""
    images: Mapping[str, Path] = field(default_factory=dict)
    new_codes: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def new_step(title: str, body: str = "") -> dict[str, Any]:
    """A step in canonical form, its identity still to be given."""
    return {
        "id": "",
        "title": title,
        "body": body,
        "expected": "",
        "caution": "",
        "images": [],
        "minutes": None,
        "importance": str(Importance.NORMAL),
    }


def empty_content() -> dict[str, Any]:
    """A canonical content that says nothing yet."""
    return {
        "format": FORMAT,
        "number": "",
        "title": "",
        "kind": "",
        "language": "",
        "audience": "",
        "product_line": "",
        "summary": "",
        "safety": "",
        "tools": [],
        "parts": [],
        "skills": [],
        "applies_to": [],
        "error_codes": [],
        "steps": [],
    }
