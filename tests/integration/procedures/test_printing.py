"""What WeasyPrint is let to reach while a PDF is made: nothing but the frozen images that were named."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image
from pypdf import PdfReader

from procedures.printing import html_to_pdf

pytestmark = pytest.mark.printing


@pytest.fixture
def frozen() -> Iterator[str]:
    data = BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    sha256 = hashlib.sha256(data.getvalue()).hexdigest()
    name = default_storage.save(f"frozen/{sha256}.png", ContentFile(data.getvalue()))
    yield sha256
    default_storage.delete(name)


def image_count(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(BytesIO(pdf)).pages)


def test_only_images_that_were_named_are_shown(frozen: str) -> None:
    html = f'<img src="frozen:{frozen}" alt="x">'
    assert image_count(html_to_pdf(html, "http://localhost/", images={frozen})) == 1
    assert image_count(html_to_pdf(html, "http://localhost/")) == 0


def test_a_photo_is_printed_upright_with_no_more_pixels_than_paper_shows() -> None:
    lying = Image.new("RGB", (3200, 1600), "red")
    exif = lying.getexif()
    exif[0x0112] = 6  # orientation: turn it by 90 degrees to see it upright
    data = BytesIO()
    lying.save(data, "JPEG", exif=exif)
    sha256 = hashlib.sha256(data.getvalue()).hexdigest()
    name = default_storage.save(f"frozen/{sha256}.jpg", ContentFile(data.getvalue()))
    try:
        pdf = html_to_pdf(f'<img src="frozen:{sha256}" alt="x">', "http://localhost/", images={sha256})
    finally:
        default_storage.delete(name)
    (image,) = PdfReader(BytesIO(pdf)).pages[0].images
    assert image.image
    assert image.image.size == (800, 1600)


def test_no_address_and_no_file_is_read(frozen: str, tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}"
    picture = tmp_path / "picture.png"
    Image.new("RGB", (8, 8), "blue").save(picture)
    html = (
        f'<link rel="stylesheet" href="{here}/a.css"><link rel="attachment" href="{picture.as_uri()}">'
        f'<style>@import "{here}/b.css"; @font-face {{ font-family: f; src: url({here}/c.woff) }}'
        f"p {{ font-family: f; background: url({here}/d.png) }}</style><p>Text</p>"
        f'<img src="{here}/e.png"><img src="/f.png"><img src="{picture.as_uri()}"><object data="{here}/g.svg"></object>'
        f'<svg><image href="{here}/h.png"/></svg><embed src="{here}/i.png">'
    )
    try:
        pdf = html_to_pdf(html, f"{here}/", images={frozen})
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []
    assert image_count(pdf) == 0
    assert not PdfReader(BytesIO(pdf)).attachments
    assert "Text" in PdfReader(BytesIO(pdf)).pages[0].extract_text()


def test_relative_links_lead_to_the_site() -> None:
    pdf = html_to_pdf('<a href="/procedures/SOP-1/">x</a>', "https://redline.example.com/copies/")
    (note,) = PdfReader(BytesIO(pdf)).pages[0]["/Annots"]
    assert note.get_object()["/A"]["/URI"] == "https://redline.example.com/procedures/SOP-1/"
