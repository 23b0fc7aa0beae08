"""The steps of a working copy in the editor's own shape, changed by their ids."""

from collections.abc import Mapping
from typing import Any

from django.core.files.base import ContentFile
from wagtail.blocks import StreamValue
from wagtail.images import get_image_model

from procedures.frozen_files import freeze_image
from procedures.models import ProcedurePage, ProcedureVersion
from review.landing import FIRST
from review.models import SuggestedImage

_STEP = "step"  # the name of the block in ProcedurePage.steps


class Steps:
    """Read from a page, changed here, and put back into it; the page is saved by the caller."""

    def __init__(self, page: ProcedurePage) -> None:
        self._block = page.steps.stream_block
        self._values: dict[str, Any] = {block.id: block.value for block in page.steps}

    def __contains__(self, step_id: object) -> bool:
        return step_id in self._values

    def put_back(self, page: ProcedurePage) -> None:
        page.steps = StreamValue(
            self._block, [(_STEP, value, step_id) for step_id, value in self._values.items()]
        )

    def remove(self, step_id: str) -> None:
        self._values.pop(step_id, None)

    def add(self, step_id: str, version: ProcedureVersion) -> None:
        """At the end: the step as this version had it, images and all, or an empty one."""
        self._values[step_id] = self._as_in(version, step_id) or self._block.child_blocks[_STEP].to_python({})

    def _as_in(self, version: ProcedureVersion, step_id: str) -> Any:
        if version.revision is None:
            return None
        earlier = version.revision.as_object()
        return next((block.value for block in earlier.steps if block.id == step_id), None)

    def write(self, step_id: str, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self._values[step_id][name] = text

    def move(self, step_id: str, after: str) -> None:
        """To where it follows the step with this id, or FIRST."""
        value = self._values.pop(step_id)
        order = list(self._values.items())
        place = 0 if after == FIRST else list(self._values).index(after) + 1
        self._values = dict([*order[:place], (step_id, value), *order[place:]])

    def replace_image(self, step_id: str, proposed: SuggestedImage, by: Any) -> Any:
        """Put it in the place of the one that it replaces, or, where that is gone, after the others.

        Returns the image in the library.
        """
        with proposed.file.open() as file:
            image = get_image_model()(
                title=proposed.alt, file=ContentFile(file.read(), proposed.file.name), uploaded_by_user=by
            )
        image.save()
        images = self._values[step_id]["images"]
        for shown in images:
            if shown["image"] is not None and freeze_image(shown["image"]) == proposed.replaces:
                shown["image"], shown["alt"] = image, proposed.alt
                return image
        images.append({"image": image, "alt": proposed.alt})
        return image
