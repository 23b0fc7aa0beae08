"""Takes the screenshots from a running `make demo`: `python docs/screenshots.py http://127.0.0.1:8000 PASSWORD`."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parent / "screenshots"
VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
PAGES = {
    "home": "/",
    "procedure": "/procedures/SOP-2001/",
    "error-code": "/codes/LM/E-1042/?model=LM-400&release=2.4",
    "search": "/search/?q=E-1042",
    "inbox": "/review/inbox/",
    "faq": "/faq/",
}
SIGNED_OUT = {"faq"}


def main(site: str, password: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for device, viewport in VIEWPORTS.items():
            for name, path in PAGES.items():
                context = browser.new_context(base_url=site, viewport=viewport, locale="en")
                page = context.new_page()
                if name not in SIGNED_OUT:
                    page.goto("/accounts/login/")
                    page.locator("#id_username").fill("oscar.owner")
                    page.locator("#id_password").fill(password)
                    page.locator("main button[type=submit]").click()
                page.goto(path)
                page.wait_for_load_state("networkidle")
                picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
                picture.quantize(128).save(FOLDER / f"{name}-{device}.png", optimize=True)
                context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
