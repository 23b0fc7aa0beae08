"""A point of an image: how large the image is shown to be pointed at, and what a template draws of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from django.core.files.storage import default_storage
from PIL import Image

from procedures.frozen_files import frozen_name
from procedures.models import ProcedureVersion
from review.models import Thread

SHOWN_WIDTH = 320  # CSS pixels: fits every phone


@lru_cache(maxsize=512)
def shown_size(sha256: str) -> tuple[int, int]:
    """The width and height in CSS pixels at which a frozen image is pointed at; a square where it cannot be read."""
    if (name := frozen_name(sha256)) is None:
        return SHOWN_WIDTH, SHOWN_WIDTH
    with default_storage.open(name) as file, Image.open(file) as image:
        return SHOWN_WIDTH, max(1, round(SHOWN_WIDTH * image.height / image.width))


@dataclass(frozen=True, slots=True)
class PointedImage:
    """An image with a point on it, for templates/review/_pointed.html: all lengths in CSS pixels."""

    address: str
    alt: str
    width: int
    height: int
    across: int
    down: int

    @classmethod
    def at(cls, version: ProcedureVersion, image: Mapping[str, str], x: int, y: int) -> Self:
        """`image` as frozen in a step of this version; x and y in thousandths."""
        width, height = shown_size(image["sha256"])
        return cls(
            address=f"{version.get_absolute_url()}images/{image['sha256']}/",
            alt=image["alt"],
            width=width,
            height=height,
            across=round(width * x / 1000),
            down=round(height * y / 1000),
        )

    @classmethod
    def typed(cls, step: Mapping[str, Any] | None, version: ProcedureVersion, form: Any) -> Self | None:
        """What a comment's form points at, as sent; None where that is no point of an image of the step."""
        sha256, x, y = (form[name].value() for name in ("image", "x", "y"))
        images = step["images"] if step else []
        image = next((image for image in images if image["sha256"] == sha256), None)
        if image is None or not (str(x).isdecimal() and str(y).isdecimal()) or len(f"{x}{y}") > 8:
            return None
        return cls.at(version, image, int(x), int(y))

    @classmethod
    def of(cls, thread: Thread) -> Self | None:
        """What a thread points at; without the image's caption, which is in the version's frozen text."""
        if thread.image_x is None or thread.image_y is None:
            return None
        image = {"sha256": thread.image_sha256, "alt": ""}
        return cls.at(thread.version, image, thread.image_x, thread.image_y)
