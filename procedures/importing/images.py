"""Images that come beside our own files."""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.images import ImageFile
from django.utils.translation import gettext as _
from PIL import Image as Picture
from wagtail.images import get_image_model

from procedures.frozen_files import freeze_image
from procedures.importing.documents import Unreadable


def check_images(images: Mapping[str, Path]) -> None:
    """Raise Unreadable where a file is not an image of a kind we take, or not the one its name says."""
    for digest, path in images.items():
        if path.suffix.lower().lstrip(".") not in settings.WAGTAILIMAGES_EXTENSIONS:
            raise Unreadable(_("The image %(name)s is of a kind that is not taken.") % {"name": path.name})
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise Unreadable(_("The image %(name)s is not the one its name says.") % {"name": path.name})
            with Picture.open(path) as picture:
                picture.verify()
        except (OSError, SyntaxError, ValueError, Picture.DecompressionBombError) as error:
            raise Unreadable(
                _("The image %(name)s cannot be read: %(reason)s") % {"name": path.name, "reason": error}
            ) from None


def store_images(images: Mapping[str, tuple[Path, str]], by: Any) -> dict[str, int]:
    """The ids of Wagtail's images of these bytes, by SHA-256 of (file, title); missing ones are created."""
    model = get_image_model()
    stored = {}
    for digest, (path, title) in images.items():
        data = path.read_bytes()
        sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()  # Wagtail's own file_hash
        image = model.objects.filter(file_hash=sha1).first()
        if image is None:
            file = ImageFile(BytesIO(data), name=path.name)
            image = model(title=title[:255] or path.stem[:12], file=file, uploaded_by_user=by)
            image._set_image_file_metadata()
            image.save()
        freeze_image(image)
        stored[digest] = image.pk
    return stored
