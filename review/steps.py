"""The steps of a working copy in the editor's own shape, changed by their ids."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from wagtail.blocks import StreamValue
from wagtail.blocks.list_block import ListValue
from wagtail.images import get_image_model
from wagtail.models import Revision

from procedures.frozen_files import freeze_image
from procedures.models import ProcedurePage
from review.models import SuggestedImage
from review.wanted import FIRST

_STEP = "step"  # the name of the block in ProcedurePage.steps


class Steps:
    """Read from a page, changed here, and put back into it; the page is saved by the caller."""

    def __init__(self, page: ProcedurePage) -> None:
        self._block = page.steps.stream_block
        self._values: dict[str, Any] = {block.id: block.value for block in page.steps}
        self._removed: set[str] = set()

    def __contains__(self, step_id: object) -> bool:
        return step_id in self._values and step_id not in self._removed

    def put_back(self, page: ProcedurePage) -> None:
        kept = [(_STEP, self._values[step_id], step_id) for step_id in self.order]
        page.steps = StreamValue(self._block, kept)

    @property
    def order(self) -> list[str]:
        return [step_id for step_id in self._values if step_id not in self._removed]

    def is_place(self, step_id: str) -> bool:
        """Whether something can be put behind it: it is there, or was until just now."""
        return step_id == FIRST or step_id in self._values

    def remove(self, step_id: str) -> None:
        """Its place is known until the steps are put back."""
        self._removed.add(step_id)

    def add(self, step_id: str, stood_in: Revision | None) -> None:
        """At the end: the step as this revision had it, images and all, or an empty one."""
        empty = self._block.child_blocks[_STEP].to_python({})
        blocks = stood_in.as_object().steps if stood_in is not None else ()
        self._values[step_id] = next((block.value for block in blocks if block.id == step_id), empty)

    def write(self, step_id: str, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self._values[step_id][name] = text

    def move(self, step_id: str, after: str, along: Sequence[str] = ()) -> None:
        """To where it follows the step with this id, or FIRST, or stands in the place of one removed here; with it
        go those `along`."""
        moved = {one: self._values.pop(one) for one in (step_id, *along) if one in self._values}
        order = list(self._values.items())
        place = 0 if after == FIRST else list(self._values).index(after) + 1
        self._values = dict([*order[:place], *moved.items(), *order[place:]])

    def show_images(
        self, step_id: str, wanted: Sequence[Mapping[str, str]], proposed: Sequence[SuggestedImage], by: Any
    ) -> None:
        """Let the step show these: of those that it has, and of those proposed, which come into the library."""
        images = self._values[step_id]["images"]
        there = {freeze_image(item["image"]): item["image"] for item in images if item["image"] is not None}
        for new in proposed:
            if new.sha256 not in there and any(image["sha256"] == new.sha256 for image in wanted):
                new.landed_as = there[new.sha256] = _kept(new, by)
        shown = [{"image": there[image["sha256"]], "alt": image["alt"]} for image in wanted]
        self._values[step_id]["images"] = ListValue(images.list_block, values=shown)


def _kept(proposed: SuggestedImage, by: Any) -> Any:
    with proposed.file.open() as file:
        image = get_image_model()(
            title=proposed.alt, file=ContentFile(file.read(), proposed.file.name), uploaded_by_user=by
        )
    image.save()
    return image
