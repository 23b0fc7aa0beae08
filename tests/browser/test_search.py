"""Finding by keyboard, and narrowing on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group(__name__)]


def test_suggestions_go_by_the_arrow_keys(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page:
        page.goto("/search/")
        box = page.locator("#search-text")
        box.press_sequentially("E-10", delay=20)
        options = page.locator("#suggestions [role=option]")
        expect(options.first).to_be_visible()
        expect(box).to_have_attribute("role", "combobox")
        expect(box).to_have_attribute("aria-expanded", "true")
        box.press("ArrowDown")
        expect(box).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "")
        expect(options.first).to_have_attribute("aria-selected", "true")
        box.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("E-10")
        expect(box).to_have_attribute("aria-expanded", "false")
        box.press_sequentially("4", delay=20)
        expect(options.first).to_be_visible()
        box.press("ArrowDown")
        leads_to = options.first.get_attribute("href") or ""
        box.press("Enter")
        page.wait_for_url(f"**{leads_to}")


def test_a_phone_folds_the_filters_and_a_hit_opens_at_the_step(visit: Visit) -> None:
    with visit("fiona.field", viewport=PHONE) as page:
        page.goto("/search/?q=bus+voltage")
        folded = page.locator(".facets details")
        expect(folded).not_to_have_attribute("open", "")
        page.locator(".facets summary").click()
        page.locator("#facet-type + ul a").first.click()
        chosen = page.locator(".filters-chosen a")
        expect(chosen).to_have_count(1)
        assert "type=" in page.url
        chosen.first.click()
        expect(chosen).to_have_count(0)
        page.locator("#my-model-choice").select_option("LM-400")
        page.locator("#my-model button").click()
        expect(page.locator(".badge--ok").first).to_contain_text("LM-400")
        assert "q=bus" in page.url
        page.locator(".only-mine").click()
        expect(page.locator(".hit--other")).to_have_count(0)
        opens = page.locator(".hit-title a[href*='#step-']").first
        anchor = (opens.get_attribute("href") or "").partition("#")[2].partition(":~:")[0]
        opens.click()
        # Where the browser finds the words as well, what they stand in is the target.
        expect(page.locator(f"#{anchor}:target, #{anchor}:has(:target)")).to_be_in_viewport()
