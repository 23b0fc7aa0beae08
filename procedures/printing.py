"""Copies for paper: PDF made from what is frozen, by WeasyPrint, which fetches nothing from anywhere.

WeasyPrint needs system libraries (Pango) and, for Chinese, a font. Without them everything else of the site
works, so it is imported when the first PDF is asked for, and `PrintingUnavailable` says what to install.
"""

import ctypes
import ctypes.util
import re
from collections.abc import Collection
from datetime import datetime
from io import BytesIO
from types import ModuleType
from typing import Any

import segno
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from procedures.access import may_read_internal
from procedures.compare import describe_applicability
from procedures.extensions import paper_notes
from procedures.frozen_files import content_type, read_frozen
from procedures.models import ProcedureVersion
from procedures.reading import read_steps
from procedures.wording import CJK

# Debian's names; the Makefile and .ci/run install the same (tests/unit/procedures/test_printing.py compares them).
DEBIAN_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-noto-cjk")
LONGEST_SIDE = (
    1600  # pixels: 230 dpi at the width of the text; a photo of 12 megapixels would cost 600 ms more
)
_CHINESE = re.compile(f"[{CJK}]")


class PrintingUnavailable(Exception):
    """No PDF can be made on this machine; the message says what is missing, `packages` what to install."""

    packages = DEBIAN_PACKAGES


def html_to_pdf(html: str, base: str, *, images: Collection[str] = ()) -> bytes:
    """The HTML as PDF. Relative links are resolved against the address `base`.

    `images`: the SHA-256 of the frozen files that it may show, as `<img src="frozen:SHA256">`. Nothing else
    is fetched: no address, no file, no data. Raises PrintingUnavailable.
    """
    weasyprint = _weasyprint()
    if _CHINESE.search(html) and not _has_chinese_font():
        raise PrintingUnavailable(_("A font with Chinese characters is missing."))
    document = weasyprint.HTML(string=html, base_url=base, url_fetcher=_frozen_only(weasyprint, images))
    return document.write_pdf(pdf_tags=True)


def version_pdf(
    version: ProcedureVersion, *, address: str, language: str, printed_at: datetime, printed_by: Any
) -> bytes:
    """A copy of the version on A4, labelled in `language` and marked on each page unless it is in force.

    `address`: where the QR code leads, absolute. `printed_by`: a user; it also decides whether the copy
    names who approved. Raises PrintingUnavailable.
    """
    images = {image["sha256"] for step in version.steps for image in step["images"]}
    with translation.override(language):
        html = version_html(version, address=address, printed_at=printed_at, printed_by=printed_by)
        return html_to_pdf(html, address, images=images)


def version_html(version: ProcedureVersion, *, address: str, printed_at: datetime, printed_by: Any) -> str:
    """What `version_pdf` prints, in the active language."""
    steps = read_steps(version.content, version.html)
    internal = may_read_internal(printed_by)
    shown = {image["sha256"] for step in steps for image in step.images}
    return render_to_string(
        "procedures/print.html",
        {
            "version": version,
            "safety": mark_safe(
                version.html["safety"]
            ),  # cleaned by nh3 when it was rendered, like the steps
            "steps": steps,
            "minutes": sum(step.minutes or 0 for step in steps),
            "applies_to": [describe_applicability(row) for row in version.content["applies_to"]],
            "missing_images": {sha256 for sha256 in shown if read_frozen(sha256) is None},
            "notes": paper_notes(version, internal),
            "ended": version.withdrawn_at or version.superseded_at,
            "internal": internal,
            "called_off": version.was_called_off,
            "current": ProcedureVersion.objects.visible_to(printed_by)
            .effective()
            .filter(page=version.page_id)
            .first(),
            "address": address,
            "qr": mark_safe(segno.make(address, error="m", micro=False).svg_inline(omitsize=True)),
            "printed_at": printed_at,
            "printed_by": printed_by if printed_by.is_authenticated else None,
        },
    )


def _weasyprint() -> ModuleType:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # OSError: Python finds the package, but not Pango
        raise PrintingUnavailable(_("WeasyPrint or the libraries that it needs are missing.")) from error
    return weasyprint


def _has_chinese_font() -> bool:
    """Whether fontconfig knows a font for Simplified Chinese: without one the text would be empty boxes."""
    name = ctypes.util.find_library("fontconfig")
    if name is None:
        return True  # not a system that we can ask; WeasyPrint itself has found its libraries
    fontconfig = ctypes.CDLL(name)

    class FontSet(ctypes.Structure):
        _fields_ = [("count", ctypes.c_int)]  # the first member of FcFontSet is all that is asked for

    for function in (fontconfig.FcNameParse, fontconfig.FcObjectSetBuild):
        function.restype = ctypes.c_void_p
    fontconfig.FcFontList.restype = ctypes.POINTER(FontSet)
    pattern = ctypes.c_void_p(fontconfig.FcNameParse(b":lang=zh-cn"))
    properties = ctypes.c_void_p(fontconfig.FcObjectSetBuild(b"family", None))
    fonts = fontconfig.FcFontList(None, pattern, properties)
    found = bool(fonts) and fonts.contents.count > 0
    fontconfig.FcFontSetDestroy(fonts)
    fontconfig.FcObjectSetDestroy(properties)
    fontconfig.FcPatternDestroy(pattern)
    return found


def _frozen_only(weasyprint: ModuleType, images: Collection[str]) -> Any:
    """A fetcher that answers `frozen:SHA256` for these images and refuses every other address."""

    class FrozenOnly(weasyprint.URLFetcher):  # type: ignore[name-defined]  # imported where it is used, and without types
        def fetch(self, url: str, headers: Any = None) -> Any:
            scheme, _colon, sha256 = url.partition(":")
            frozen = read_frozen(sha256) if scheme == "frozen" and sha256 in images else None
            if frozen is None:
                raise ValueError("a printed copy fetches nothing but its own images")
            name, data = frozen
            body = _for_paper(data)
            return weasyprint.urls.URLFetcherResponse(url, body, {"Content-Type": content_type(name)})

    return FrozenOnly()


def _for_paper(data: bytes) -> bytes:
    """The image, upright, with no more pixels than paper shows; as it is where it has no more."""
    with Image.open(BytesIO(data)) as image:
        if max(image.size) <= LONGEST_SIDE:
            return data
        image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is read at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        smaller = BytesIO()
        upright.save(smaller, format=image.format, quality=85)
        return smaller.getvalue()
