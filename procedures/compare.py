"""What changed between two contents, step by step: words, facts, lists, images and places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from procedures.models import Audience, Importance, Kind
from procedures.wording import Part, diff_items, diff_text, in_order, in_order_and_place


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One image of a step: "added", "removed", "replaced" (other bytes, same caption), "captioned" or "same".

    `before` and `after` are frozen images ({"sha256", "alt"}), None where there is none on that side;
    positions count from 1; `moved` says that it changed places with others of the step.
    """

    status: str
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None
    was: int
    position: int
    caption: Sequence[Part]
    moved: bool


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that changed: as a text or a fact (`parts`), as a list (`items`, one part an item) or as `images`."""

    name: str
    label: str | Promise
    parts: Sequence[Part] = ()
    items: Sequence[Part] = ()
    images: Sequence[ImageChange] = ()

    @property
    def is_reordered(self) -> bool:
        """Whether a list holds what it held, in another order."""
        return bool(self.items) and all(item.op == "same" for item in self.items)


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step: "added", "removed", "changed", "moved" (place only) or "same".

    `position` is its place in the later content (in the earlier one where it was removed), `was` its place in
    the earlier one (None where it was added), both from 1. `moved` is true of a changed step that moved, too.
    """

    status: str
    step_id: str
    title: str
    position: int
    fields: Sequence[FieldChange]
    moved: bool
    was: int | None = None


@dataclass(frozen=True, slots=True)
class StepRun:
    """Steps that follow each other, all of them unchanged or none of them."""

    unchanged: bool
    steps: Sequence[StepChange]


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

    @property
    def runs(self) -> list[StepRun]:
        """The steps in reading order, the unchanged ones together: a page folds those."""
        return [
            StepRun(unchanged, list(steps))
            for unchanged, steps in groupby(self.steps, lambda step: step.status == "same")
        ]


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
# Facts: one value takes the other's place, in the reader's own words.
_CHOICES: dict[str, Any] = {"kind": Kind, "audience": Audience, "importance": Importance}
_FACTS = {"language", "product_line", "minutes", *_CHOICES}
_LISTS = {"tools", "parts", "skills", "applies_to", "error_codes"}


def describe_applicability(row: Mapping[str, Any]) -> str:
    """One "applies to" row in a line, e.g. `LM-400 ≥ 2.0 < 3.0 +lithium`."""
    pieces = [row["model"]]
    if row["from"]:
        pieces.append(f"≥ {row['from']}")
    if row["before"]:
        pieces.append(f"< {row['before']}")
    pieces += [f"+{option}" for option in row["options"]]
    return " ".join(pieces)


def _fact(name: str, value: Any) -> str:
    """The value in the reader's language; "" where there is none."""
    if value is None or value == "":
        return ""
    if name in _CHOICES:
        return str(dict(_CHOICES[name].choices).get(value, value))
    if name == "language":
        return str(dict(settings.LANGUAGES).get(value, value))
    return str(value)


def _items(name: str, value: Sequence[Any]) -> list[str]:
    match name:
        case "applies_to":
            return [describe_applicability(row) for row in value]
        case "error_codes":
            return [f"{code['product_line']} {code['code']}" for code in value]
    return list(value)


def _field_change(name: str, label: Any, before: Any, after: Any) -> FieldChange:
    if name == "images":
        return FieldChange(name, label, images=compare_images(before, after))
    if name in _LISTS:
        return FieldChange(name, label, items=diff_items(_items(name, before), _items(name, after)))
    if name in _FACTS:
        facts = [Part("del", _fact(name, before)), Part("ins", _fact(name, after))]
        return FieldChange(name, label, parts=[part for part in facts if part.text])
    return FieldChange(name, label, parts=diff_text(before, after))


def _field_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], labels: Mapping[str, Any]
) -> list[FieldChange]:
    return [
        _field_change(name, label, before[name], after[name])
        for name, label in labels.items()
        if before[name] != after[name]
    ]


def compare_images(
    before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]
) -> list[ImageChange]:
    """Each image of the later list in its order, then those that went; alike by bytes first, then by caption."""
    partner = _image_partners(before, after)
    kept = in_order([partner[there] for there in range(len(after)) if there in partner])
    changes = []
    for there, image in enumerate(after):
        if there not in partner:
            changes.append(
                ImageChange("added", None, image, 0, there + 1, diff_text("", image["alt"]), False)
            )
            continue
        here = partner[there]
        old = before[here]
        status = _image_status(old, image)
        caption = diff_text(old["alt"], image["alt"])
        changes.append(ImageChange(status, old, image, here + 1, there + 1, caption, here not in kept))
    gone = set(range(len(before))) - set(partner.values())
    for here in sorted(gone):
        old = before[here]
        changes.append(
            ImageChange("removed", old, None, here + 1, here + 1, diff_text(old["alt"], ""), False)
        )
    return changes


def _image_status(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if before["sha256"] != after["sha256"]:
        return "replaced"
    return "same" if before["alt"] == after["alt"] else "captioned"


def _image_partners(
    before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]
) -> dict[int, int]:
    """Which earlier image (by index) each later one was; an image that is there twice has two partners."""
    partner: dict[int, int] = {}
    free = list(range(len(before)))
    for names in (("sha256", "alt"), ("sha256",), ("alt",)):
        for there, image in enumerate(after):
            if there in partner:
                continue
            for here in free:
                if all(before[here][name] == image[name] for name in names):
                    partner[there] = here
                    free.remove(here)
                    break
    return partner


def _nothing(step: Mapping[str, Any]) -> dict[str, Any]:
    """What a step that is there is compared with where it was not; that it is of normal importance is no news."""
    return {
        "title": "", "body": "", "expected": "", "caution": "", "images": [], "minutes": None,
        "importance": "normal" if step["importance"] == "normal" else "",
    }  # fmt: skip


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """What turns canonical content `before` into `after`: fields of the whole, then steps in the later order.

    A removed step stands where it stood, after the step that came before it. A step has moved where it is not
    one of the most that kept their order: what was put in or taken out above a step moves nothing. Of several ways
    to say it, the one that calls the fewest steps moved which have the number they had.
    """
    old = {step["id"]: step for step in before["steps"]}
    new = {step["id"]: step for step in after["steps"]}
    places = {step_id: place for place, step_id in enumerate(old, 1)}
    still = {place for place, step_id in enumerate(new, 1) if places.get(step_id) == place}
    kept = in_order_and_place([places[step_id] for step_id in new if step_id in old], still)
    removed_after = _removed_after(list(old), new)

    def removed(anchor: str | None) -> Iterator[StepChange]:
        for step_id in removed_after.get(anchor, ()):
            step, place = old[step_id], places[step_id]
            fields = _field_changes(step, _nothing(step), STEP_LABELS)
            yield StepChange("removed", step_id, step["title"], place, fields, False, was=place)

    changes = list(removed(None))
    for position, (step_id, step) in enumerate(new.items(), 1):
        was = places.get(step_id)
        moved = was is not None and was not in kept
        fields = _field_changes(old[step_id] if was else _nothing(step), step, STEP_LABELS)
        if was is None:
            status = "added"
        elif fields:
            status = "changed"
        else:
            status = "moved" if moved else "same"
        changes.append(StepChange(status, step_id, step["title"], position, fields, moved, was=was))
        changes += removed(step_id)
    return Comparison(_field_changes(before, after, FIELD_LABELS), changes)


def _removed_after(old: Sequence[str], new: Mapping[str, Any]) -> dict[str | None, list[str]]:
    """The steps that went, under the last step before them that is still there; None: they stood first."""
    removed: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for step_id in old:
        if step_id in new:
            anchor = step_id
        else:
            removed.setdefault(anchor, []).append(step_id)
    return removed
