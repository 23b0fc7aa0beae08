"""Our own file format gives back exactly what was written, whatever the text holds."""

from typing import Any

import pytest
from hypothesis import given, settings

from procedures.content import clean_text
from procedures.importing import own_format
from procedures.importing.documents import Defaults, Unreadable
from procedures.importing.readers import parse
from tests.unit.importing.contents import contents


@given(contents())
def test_round_trip(content: dict[str, Any]) -> None:
    text = own_format.write(content, team="Power", owner="oscar")
    document = parse(text.encode(), path="x.md", defaults=Defaults())
    assert document.content == content
    assert (document.team, document.owner) == ("Power", "oscar")


@given(contents())
@settings(max_examples=40)
def test_a_windows_editor_changes_nothing(content: dict[str, Any]) -> None:
    text = own_format.write(content).replace("\n", "\r\n")
    assert parse(text.encode(), path="x.md", defaults=Defaults()).content == content


def _content(body: str, **step: Any) -> dict[str, Any]:
    return {
        "format": 1, "number": "S-1", "title": "T", "kind": "repair", "language": "en",
        "audience": "internal", "product_line": "", "summary": "", "safety": "", "tools": [], "parts": [],
        "skills": [], "applies_to": [], "error_codes": [],
        "steps": [{"id": "a", "title": "Isolate", "body": clean_text(body), "expected": "", "caution": "",
                   "images": [], "minutes": None, "importance": "normal"} | step],
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "## Isolate\n\nbody",
        "<!-- step: a -->",
        "x\n<!-- step: b -->\ny",
        "---",
        "a\u2028b\x0bc\x85d",
        "\ufeffx",
        "-->",
        "",
    ],
)
def test_awkward_bodies(body: str) -> None:
    content = _content(body)
    assert parse(own_format.write(content).encode(), path="x", defaults=Defaults()).content == content


def test_the_file_is_readable() -> None:
    text = own_format.write(_content("Turn **off**.", minutes=5))
    assert text.endswith("---\n<!-- step: a -->\n## Isolate\n\nTurn **off**.\n")
    assert "  - {id: a, title: Isolate, expected: '', caution: '', minutes: 5, importance: normal}\n" in text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("redline: 1", "redline: 2", "format 2"),
        ("<!-- step: a -->", "stray\n<!-- step: a -->", "before the first"),
        ("<!-- step: a -->", "<!-- step: b -->", "step b"),
        ("{id: a,", "{", "needs an id"),
        ("minutes: null", "minutes: -1", "minutes"),
        ("number: S-1", "x: 1", "number"),
        ("importance: normal", "importance: big", "importance"),
    ],
)
def test_a_damaged_file_says_why(old: str, new: str, reason: str) -> None:
    text = own_format.write(_content("x")).replace(old, new)
    with pytest.raises(Unreadable, match=reason):
        parse(text.encode(), path="x", defaults=Defaults())
