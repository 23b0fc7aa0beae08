"""The bytes of images as approved, kept under their SHA-256: replacing an image changes no version."""

import hashlib
import logging
import mimetypes
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)
FOLDER = "frozen"


def freeze_image(image: Any) -> str:
    """Keep the image's bytes as they are now; returns their SHA-256, 64 hexadecimal digits."""
    with image.open_file() as file:
        file.seek(0)
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    if frozen_name(digest) is None:
        suffix = PurePosixPath(image.file.name).suffix.lower()
        default_storage.save(f"{FOLDER}/{digest}{suffix}", ContentFile(data))
    return digest


def keep_used_image(sender: type, instance: Any, **kwargs: Any) -> None:
    """Refuse to delete an image that a procedure shows or has shown (pre_delete); the desk says why."""
    try:
        with instance.open_file() as file:
            file.seek(0)
            used = frozen_name(hashlib.sha256(file.read()).hexdigest()) is not None
    except OSError:  # its file is gone: nothing is lost with the record
        return
    if used:
        raise PermissionDenied(_("A procedure uses this image, or has used it: it stays."))


def frozen_name(digest: str) -> str | None:
    """The storage name of the frozen file with this SHA-256, or None."""
    for suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp"):
        name = f"{FOLDER}/{digest}{suffix}"
        if default_storage.exists(name):
            return name
    return None


def read_frozen(digest: str) -> tuple[str, bytes] | None:
    """(storage name, bytes) of the image with this SHA-256; None where there is none, or where its file was changed:
    what is shown in a version is what was signed, or nothing."""
    if (name := frozen_name(digest)) is None:
        return None
    with default_storage.open(name) as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != digest:
        logger.error("the frozen image %s does not have the hash that it is named by: it is not shown", name)
        return None
    return name, data


def content_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
