"""What a photo is is told by its content; nothing of its file survives but the picture."""

import contextlib
import random
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from PIL import ExifTags, Image, PngImagePlugin

from review import photos
from review.photos import clean_photo

GPS = ExifTags.IFD.GPSInfo


def taken(
    form: str = "JPEG", size: tuple[int, int] = (400, 300), *, place: bool = True, turned: int = 1
) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    exif[ExifTags.Base.BodySerialNumber] = "SECRET-SERIAL"
    if place:
        exif.get_ifd(GPS).update({1: "N", 2: (31.0, 13.0, 50.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    out = BytesIO()
    Image.new("RGB", size, "navy").save(out, form, exif=exif)
    return out.getvalue()


def clean(data: bytes, **options: bool) -> photos.CleanPhoto:
    return clean_photo(BytesIO(data), size=len(data), **options)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_what_telephones_take_is_written_anew_without_the_place(form: str) -> None:
    photo = clean(taken(form))
    with Image.open(BytesIO(photo.data)) as image:
        assert image.format == ("PNG" if form == "PNG" else "JPEG")
        assert image.size == (photo.width, photo.height) == (400, 300)
        assert not image.getexif()
    assert not photo.has_position
    assert b"SECRET-SERIAL" not in photo.data


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIF"])
def test_the_place_stays_on_request_and_nothing_else_does(form: str) -> None:
    photo = clean(taken(form), keep_position=True)
    with Image.open(BytesIO(photo.data)) as image:
        assert image.getexif().get_ifd(GPS)[1] == "N"
    assert photo.has_position
    assert b"SECRET-SERIAL" not in photo.data
    assert not clean(taken(form, place=False), keep_position=True).has_position


def test_a_photo_stands_upright_and_is_no_larger_than_a_screen() -> None:
    photo = clean(taken(size=(4000, 3000), turned=6))
    assert (photo.width, photo.height) == (1920, 2560)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        taken()[:400],
        b"GIF89a" + bytes(50),
    ],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="not a photo"):
        clean(data)


def test_what_hides_behind_or_in_a_picture_is_gone() -> None:
    out = BytesIO()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<script>alert(1)</script>")
    Image.new("RGB", (9, 9)).save(out, "PNG", pnginfo=text)
    for data in (
        out.getvalue(),
        out.getvalue() + b"<html>PK\x03\x04",
        taken() + b"<script>alert(1)</script>",
    ):
        assert b"script" not in clean(data).data
        assert b"PK" not in clean(data).data


def test_too_many_bytes_or_pixels_are_told_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="51 MB"):
        clean_photo(BytesIO(b""), size=50_000_001)
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)  # instead of a picture of a gigabyte
    with pytest.raises(ValidationError, match="megapixels"):
        clean(taken())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # twice as many are an error of Pillow's
    with pytest.raises(ValidationError, match="megapixels"):
        clean(taken())


def test_random_bytes_are_refused_and_nothing_worse() -> None:
    """Most of them where files say what they hold: Pillow and libheif trip there over more than they declare."""
    chance = random.Random(1)
    for form in ("JPEG", "PNG", "WEBP", "HEIF"):
        whole = taken(form, size=(40, 30), turned=6)
        heads = [
            at
            for sign in (b"Exif", b"eXIf", b"EXIF", b"II*\0", b"MM\0*", b"ispe")
            if (at := whole.find(sign)) > 0
        ]
        for turn in range(600):
            data = bytearray(whole)
            first = chance.choice(heads)
            for _byte in range(chance.randint(1, 3)):
                at = chance.randrange(len(data)) if turn % 4 == 0 else first + chance.randrange(150)
                data[min(at, len(data) - 1)] = chance.randrange(256)
            for keep in (True, False):
                with contextlib.suppress(ValidationError):
                    clean(bytes(data), keep_position=keep)


def test_a_photo_whose_notes_are_damaged_comes_without_them() -> None:
    data = taken(size=(40, 30), turned=6)
    # The tag's type becomes one that Pillow cannot write again: it is read as bytes.
    orientation = data.index(b"\x01\x12\x00\x03")
    damaged = data[: orientation + 2] + b"\x00\x07" + data[orientation + 4 :]
    photo = clean(damaged, keep_position=True)
    assert (photo.width, photo.height) == (40, 30)
    place = damaged.index(b"\x88\x25\x00\x04")
    nowhere = damaged[: place + 8] + b"\xff\xff\xff\xf0" + damaged[place + 12 :]
    assert not clean(nowhere, keep_position=True).has_position


def test_a_picture_that_says_it_is_gigantic_is_refused() -> None:
    data = taken("HEIF", size=(40, 30))
    at = data.index(b"ispe") + 8
    for width in (0x50000050, 0xB0000050):
        with pytest.raises(ValidationError):
            clean(data[:at] + width.to_bytes(4, "big") + data[at + 4 :])
