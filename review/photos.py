"""Photos that people attach: what they are is told by their content, and they tell nothing of where they were taken.

A photo is decoded and written anew, upright and no larger than a screen needs: whatever else the file held
(scripts in a picture's comment, a second file behind it, the camera's serial number, the place) is gone. The
place stays only where its author says so.
"""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import pillow_heif
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()  # what telephones take

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 2560  # pixels
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
TOO_LARGE, NO_PHOTO = "too_large", "no_photo"  # codes of the errors
_POSITION = ExifTags.IFD.GPSInfo
_MOST_EXIF = 60_000  # bytes; a JPEG holds 65,533
# By what the camera noted of how it was held (EXIF 2.32, 4.6.4.A, Orientation).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A photo fit to be kept: a JPEG, or a PNG where the original was one; `has_position` says that it tells where."""

    data: bytes
    suffix: str
    width: int
    height: int
    sha256: str
    has_position: bool


def clean_photo(file: BinaryIO, *, size: int, keep_position: bool = False) -> CleanPhoto:
    """The photo in this file of `size` bytes. Raises ValidationError with a code and a reason for people."""
    if size > MAX_BYTES:
        raise ValidationError(
            _("The photo has %(size)d MB; at most %(most)d MB can be attached.")
            % {"size": -(-size // 1_000_000), "most": MAX_BYTES // 1_000_000},
            code=TOO_LARGE,
        )
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a damaged file's tags, which are not kept
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(file.read(MAX_BYTES + 1)), formats=FORMATS) as image:
                return _rewritten(image, keep_position)
    except ValidationError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(_too_many_pixels(), code=TOO_LARGE) from error
    except Exception as error:  # a decoder raises whatever it stumbles over in a damaged file
        raise ValidationError(_not_a_photo(), code=NO_PHOTO) from error


def _rewritten(image: Image.Image, keep_position: bool) -> CleanPhoto:
    if image.width * image.height > MAX_PIXELS:
        raise ValidationError(_too_many_pixels(), code=TOO_LARGE)
    place = _place(image) if keep_position else b""
    is_drawing = image.format == "PNG"
    turn = _turn(image)
    upright = image.transpose(turn) if turn is not None else image.copy()
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    upright = upright.convert("RGBA" if is_drawing and "A" in upright.getbands() else "RGB")
    upright.info = {}
    out = BytesIO()
    if is_drawing:
        upright.save(out, "PNG", optimize=True, exif=place)
    else:
        upright.save(out, "JPEG", quality=85, exif=place)
    data = out.getvalue()
    return CleanPhoto(
        data=data,
        suffix=".png" if is_drawing else ".jpg",
        width=upright.width,
        height=upright.height,
        sha256=hashlib.sha256(data).hexdigest(),
        has_position=bool(place),
    )


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What brings it upright, as its camera noted; None where it is, or where the note cannot be read."""
    image.load()  # a PNG may hold the note behind the picture
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # as above; the picture is good without its notes
        return None


def _place(image: Image.Image) -> bytes:
    """The EXIF data that says where it was taken, and nothing else; b"" where it does not say, or not readably."""
    image.load()
    try:
        position = image.getexif().get_ifd(_POSITION)
        kept = Image.Exif()
        kept.get_ifd(_POSITION).update(
            {tag: said for tag, said in position.items() if tag in ExifTags.GPSTAGS}
        )
        written = kept.tobytes() if kept.get_ifd(_POSITION) else b""
    except Exception:  # as above
        return b""
    return written if len(written) <= _MOST_EXIF else b""


def _not_a_photo() -> str:
    return _("This file is not a photo that can be read: attach a JPEG, PNG, WebP or HEIC picture.")


def _too_many_pixels() -> str:
    return _("The photo has more than %(most)d megapixels.") % {"most": MAX_PIXELS // 1_000_000}
