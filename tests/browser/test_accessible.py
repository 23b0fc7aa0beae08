"""axe finds nothing serious on the main pages: phone and desk, dark on the desk; nothing scrolls sideways."""

from typing import Any, Literal

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ViewportSize

from tests.browser.conftest import DESK, PHONE, SignIn

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group(__name__)]

PAGES = [
    "/", "/procedures/", "/procedures/SOP-2001/", "/procedures/SOP-2001/history/", "/codes/LM/E-1042/?model=LM-400",
    "/search/?q=E-1042", "/faq/", "/review/inbox/", "/review/edits/1/", "/review/SOP-2006/working-copy/",
    "/review/SOP-2001/v/1.0/steps/read-bus-voltage/edit/", "/tickets/", "/tickets/T-00001/", "/tickets/new/",
    "/equipment/LM/", "/accounts/profile/", "/copies/SOP-2001/1.0/0123456789abcdef/",
    "/review/queue/", "/review/threads/11/", "/review/figures/", "/review/watches/", "/review/SOP-2001/hold/",
    "/no-such-page/",
]  # fmt: skip
# What the dark changes is colours, so there the rules about colours are enough, and one width.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
SIGNED_OUT = ["/", "/accounts/login/", "/faq/", "/search/?q=alarm", "/no-such-page/"]
SERIOUS = """async (rules) => (await axe.run({...rules, resultTypes: ["violations"]})).violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map(({id, nodes}) => [id, nodes.slice(0, 3).map((node) => node.html.slice(0, 120))])"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(("viewport", "dark"), [(PHONE, False), (DESK, True)], ids=["phone", "desk"])
def test_axe_finds_nothing_serious(
    site: str, chromium: Browser, sign_in: SignIn, viewport: ViewportSize, dark: bool
) -> None:
    schemes: list[tuple[Literal["light", "dark"], dict[str, Any]]] = [("light", {})]
    if dark:
        schemes.append(("dark", COLOURS))
    found = []
    for username, addresses in (("", SIGNED_OUT), ("oscar.owner", PAGES)):
        # axe is put into the page, which the page's policy would refuse.
        context = chromium.new_context(base_url=site, viewport=viewport, bypass_csp=True)
        page = context.new_page()
        if username:
            sign_in(page, username)
        for address in addresses:
            page.goto(address)
            page.evaluate(AXE_SCRIPT)
            for scheme, rules in schemes:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour on its way
                found += [(address, scheme, *violation) for violation in page.evaluate(SERIOUS, rules)]
            if (wide := page.evaluate(WIDER)) > 0:
                found.append((address, "", "scrolls sideways", [f"{wide} px"]))
        context.close()
    assert found == []
