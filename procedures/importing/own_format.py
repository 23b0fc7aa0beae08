"""Redline's own file format: a procedure as Markdown with front matter, there and back without loss."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from django.utils.translation import gettext as _

from procedures.content import clean_text
from procedures.importing import front_matter
from procedures.importing.documents import Unreadable

KEY = front_matter.OWN_KEY
VERSION = 1
_MARKER = re.compile(r"^<!-- step: (\S+) -->[ \t]*$", re.MULTILINE)
_MARKER_ID = re.compile(r"[\w.-]+")
_SINGLE = ("number", "title", "kind", "language", "audience", "product_line")
_LISTS = ("tools", "parts", "skills")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as readable blocks, what YAML would misread in quotes, lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out: reading refuses aliases."""
        return True


class _Flow(dict[str, Any]):
    """A mapping to be written on one line."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # YAML breaks lines at U+0085 and U+2028 as well; in double quotes such characters are escaped.
    plain = all(character == "\n" or character.isprintable() for character in text)
    style = '"' if not plain else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)


def read(meta: Mapping[str, Any], body: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the fields as front_matter.fields gives them, the steps). Raises Unreadable."""
    if meta[KEY] != VERSION:
        raise Unreadable(
            _("It is in format %(found)s of Redline; this Redline reads format 1.") % {"found": meta[KEY]}
        )
    rows = meta.get("steps") or []
    if not isinstance(rows, list):
        raise Unreadable(_("Its steps are not a list."))
    steps = [front_matter.step_fields(row) for row in rows]
    ids = [step["id"] for step in steps]
    if repeated := sorted({step_id for step_id in ids if ids.count(step_id) > 1}):
        raise Unreadable(_("Two steps have the same id: %(ids)s.") % {"ids": ", ".join(repeated)})
    bodies = _bodies(body, {step["id"]: step["title"] for step in steps})
    for step, row in zip(steps, rows, strict=True):
        written = row.get("body")
        step["body"] = clean_text(str(written)) if written is not None else bodies.get(step["id"], "")
    return front_matter.fields(meta), steps


def _bodies(text: str, titles: Mapping[str, str]) -> dict[str, str]:
    """The body of each step by its id. Raises Unreadable for text that belongs to no step of the list."""
    before, *pieces = _MARKER.split(text)
    if before.strip():
        raise Unreadable(_("There is text before the first step's marker."))
    bodies: dict[str, str] = {}
    for step_id, section in zip(pieces[::2], pieces[1::2], strict=True):
        if step_id not in titles or step_id in bodies:
            raise Unreadable(
                _("A marker names the step %(id)s, which is not in the list or was named before.")
                % {"id": step_id}
            )
        section = clean_text(section)
        first, _newline, rest = section.partition("\n")
        if titles[step_id] and first.rstrip() == f"## {titles[step_id]}":
            section = rest
        bodies[step_id] = clean_text(section)
    return bodies


def write(content: Mapping[str, Any], *, team: str = "", owner: str = "") -> str:
    """The file of this canonical content; `read` gives the same content back."""
    meta: dict[str, Any] = {KEY: VERSION} | {name: content[name] for name in _SINGLE}
    meta |= {"team": team, "owner": owner, "summary": content["summary"], "safety": content["safety"]}
    meta |= {name: content[name] for name in _LISTS}
    meta["applies_to"] = [
        _Flow({name: value for name, value in row.items() if value or name in ("model", "options")})
        for row in content["applies_to"]
    ]
    meta["error_codes"] = [
        code["code"] if code["product_line"] == content["product_line"] else _Flow(code)
        for code in content["error_codes"]
    ]
    sections = [_section(step) for step in content["steps"]]
    meta["steps"] = [
        _step_row(step, in_text=_survives(section, step))
        for step, section in zip(content["steps"], sections, strict=True)
    ]
    head = yaml.dump(meta, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**31)
    body = "\n".join(
        section for section, step in zip(sections, content["steps"], strict=True) if _survives(section, step)
    )
    return f"---\n{head}---\n{body}"


def _section(step: Mapping[str, Any]) -> str:
    heading = f"## {step['title']}\n" if step["title"] and "\n" not in step["title"] else ""
    text = f"\n{step['body']}\n" if step["body"] else ""
    return f"<!-- step: {step['id']} -->\n{heading}{text}"


def _survives(section: str, step: Mapping[str, Any]) -> bool:
    """Whether reading this section gives the step's body back; one with a marker line in it would not."""
    if not _MARKER_ID.fullmatch(step["id"]) or len(_MARKER.findall(section)) != 1:
        return False
    return _bodies(section, {step["id"]: step["title"]}) == {step["id"]: step["body"]}


def _step_row(step: Mapping[str, Any], *, in_text: bool) -> dict[str, Any]:
    names: Sequence[str] = ("id", "title", "expected", "caution", "minutes", "importance")
    row: dict[str, Any] = {name: step[name] for name in names}
    if step["images"]:
        row["images"] = [_Flow(image) for image in step["images"]]
    if not in_text:
        row["body"] = step["body"]
    return _Flow(row) if in_text and not any("\n" in str(value) for value in row.values()) else row
