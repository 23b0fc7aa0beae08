"""axe finds nothing serious on the main pages: phone and desk, light and dark; nothing scrolls sideways."""

from typing import Any, Literal

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import DESK, PASSWORD, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = [
    "/", "/procedures/", "/procedures/SOP-2001/", "/procedures/SOP-2001/history/", "/codes/LM/E-1042/?model=LM-400",
    "/search/?q=E-1042", "/faq/", "/review/inbox/", "/review/edits/1/", "/review/SOP-2006/working-copy/",
    "/review/SOP-2001/v/1.0/steps/read-bus-voltage/edit/", "/tickets/", "/tickets/T-00001/", "/tickets/new/",
    "/equipment/LM/", "/accounts/profile/", "/copies/SOP-2001/1.0/0123456789abcdef/",
    "/no-such-page/",
]  # fmt: skip
# What the dark changes is colours, so there the rules about colours are enough.
SCHEMES: list[tuple[Literal["light", "dark"], dict[str, Any]]] = [
    ("light", {}),
    ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]}),
]
SIGNED_OUT = ["/", "/accounts/login/", "/faq/", "/search/?q=alarm", "/no-such-page/"]


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_serious(site: str, chromium: Browser, viewport: dict[str, int]) -> None:
    found = []
    for username, addresses in (("", SIGNED_OUT), ("oscar.owner", PAGES)):
        # Playwright's own type of a viewport is private; axe is put into the page, which its policy would refuse.
        context = chromium.new_context(base_url=site, viewport=viewport, bypass_csp=True)  # type: ignore[arg-type]
        page = context.new_page()
        if username:
            page.goto("/accounts/login/")
            page.locator("#id_username").fill(username)
            page.locator("#id_password").fill(PASSWORD)
            page.locator("main button[type=submit]").click()
            page.wait_for_load_state("networkidle")
        for address in addresses:
            page.goto(address)
            for scheme, rules in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour on its way
                found += [
                    (
                        address,
                        scheme,
                        violation["id"],
                        [node["html"][:120] for node in violation["nodes"][:3]],
                    )
                    for violation in Axe().run(page, options=rules)["violations"]
                    if violation["impact"] in ("serious", "critical")
                ]
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                found.append((address, "", "scrolls sideways", [f"{wide} px"]))
        context.close()
    assert found == []
