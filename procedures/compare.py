"""What changed between two contents, step by step and word by word; Chinese by character."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from procedures.models import Audience, Importance, Kind

# A whole run of Chinese is one \w+ to a naive tokeniser; here each character is its own token.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|.", re.DOTALL)


def tokens(text: str) -> list[str]:
    """The text cut into CJK characters, words, white space and single punctuation marks; joined they are the text."""
    return _TOKEN.findall(text)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text that is in both texts ("same"), only in the later ("ins") or only in the earlier ("del")."""

    op: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    name: str
    label: str | Promise
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step: "added", "removed", "changed", "moved" (place only) or "same"; `before`/`after` are frozen steps."""

    status: str
    step_id: str
    title: str
    position: int
    fields: Sequence[FieldChange]
    moved: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    fields: Sequence[FieldChange]
    steps: Sequence[StepChange]

    @property
    def is_empty(self) -> bool:
        return not self.fields and all(step.status == "same" for step in self.steps)

    @property
    def changed_steps(self) -> list[StepChange]:
        return [step for step in self.steps if step.status != "same"]


FIELD_LABELS: dict[str, Any] = {
    "number": _("Number"),
    "title": _("Title"),
    "kind": _("Kind"),
    "language": _("Language"),
    "audience": _("Audience"),
    "product_line": _("Product line"),
    "summary": _("Summary"),
    "safety": _("Safety notes"),
    "tools": _("Tools"),
    "parts": _("Parts"),
    "skills": _("Skills"),
    "applies_to": _("Applies to"),
    "error_codes": _("Error codes"),
}
STEP_LABELS: dict[str, Any] = {
    "title": _("Title"),
    "body": _("What to do"),
    "expected": _("Expected result"),
    "caution": _("Caution"),
    "images": _("Images"),
    "minutes": _("Minutes"),
    "importance": _("Importance"),
}


def diff_text(before: str, after: str) -> list[Part]:
    """The runs that turn `before` into `after`, in reading order, deletions before insertions."""
    if before == after:
        return [Part("same", before)] if before else []
    old, new = tokens(before), tokens(after)
    parts: list[Part] = []
    for op, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            parts.append(Part("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            parts.append(Part("del", "".join(old[i1:i2])))
        if j2 > j1:
            parts.append(Part("ins", "".join(new[j1:j2])))
    return parts


def describe_applicability(row: Mapping[str, Any]) -> str:
    """One "applies to" row in a line, e.g. `LM-400 ≥ 2.0 < 3.0 +lithium`."""
    pieces = [row["model"]]
    if row["from"]:
        pieces.append(f"≥ {row['from']}")
    if row["before"]:
        pieces.append(f"< {row['before']}")
    pieces += [f"+{option}" for option in row["options"]]
    return " ".join(pieces)


def _as_text(name: str, value: Any) -> str:
    match name:
        case "applies_to":
            return "\n".join(describe_applicability(row) for row in value)
        case "error_codes":
            return "\n".join(code["code"] for code in value)
        case "images":
            return "\n".join(f"{image['alt']} ({image['sha256'][:8]})" for image in value)
        case "kind":
            return str(dict(Kind.choices).get(value, value))
        case "audience":
            return str(dict(Audience.choices).get(value, value))
        case "importance":
            return str(dict(Importance.choices).get(value, value))
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else str(value)


def _field_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], labels: Mapping[str, Any]
) -> list[FieldChange]:
    return [
        FieldChange(name, label, diff_text(_as_text(name, before[name]), _as_text(name, after[name])))
        for name, label in labels.items()
        if before[name] != after[name]
    ]


_NO_STEP: dict[str, Any] = {
    "title": "", "body": "", "expected": "", "caution": "", "images": [], "minutes": None, "importance": "normal",
}  # fmt: skip


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """What turns canonical content `before` into `after`: fields of the whole, then steps in the later order.

    A removed step stands where it stood, after the step that came before it.
    """
    old = {step["id"]: step for step in before["steps"]}
    new = {step["id"]: step for step in after["steps"]}
    kept_old = [step_id for step_id in old if step_id in new]
    kept_new = [step_id for step_id in new if step_id in old]
    in_place = _unmoved(kept_old, kept_new)

    changes: list[StepChange] = []
    removed_after: dict[str | None, list[str]] = {}
    previous: str | None = None
    for step_id in old:
        if step_id in new:
            previous = step_id
        else:
            removed_after.setdefault(previous, []).append(step_id)

    def removed(anchor: str | None) -> None:
        for step_id in removed_after.get(anchor, ()):
            step = old[step_id]
            position = list(old).index(step_id) + 1
            fields = _field_changes(step, _NO_STEP, STEP_LABELS)
            changes.append(StepChange("removed", step_id, step["title"], position, fields, False))

    removed(None)
    for position, (step_id, step) in enumerate(new.items(), 1):
        moved = step_id in old and step_id not in in_place
        fields = _field_changes(old.get(step_id, _NO_STEP), step, STEP_LABELS)
        if step_id not in old:
            status = "added"
        elif fields:
            status = "changed"
        else:
            status = "moved" if moved else "same"
        changes.append(StepChange(status, step_id, step["title"], position, fields, moved))
        removed(step_id)
    return Comparison(_field_changes(before, after, FIELD_LABELS), changes)


def _unmoved(old: list[str], new: list[str]) -> set[str]:
    """The steps that kept their order: a longest run common to both orders."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return {
        step_id for block in matcher.get_matching_blocks() for step_id in old[block.a : block.a + block.size]
    }
