"""Finding by keyboard, and narrowing on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Visit

SMALL = {"width": 360, "height": 740}

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
        page.locator(".facets summary").click()
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


def test_suggestions_do_not_come_after_the_answer(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page:
        page.goto("/search/")
        box, list_ = page.locator("#search-text"), page.locator("#suggestions")
        for pause in (0, 60, 110, 140):
            box.fill("")
            box.press_sequentially("battery")
            page.wait_for_timeout(pause)
            box.press("Enter")
            expect(page).to_have_title("Search: battery · Redline")
            page.wait_for_timeout(600)  # longer than the suggestions take to be asked for and to come
            expect(list_.locator("a")).to_have_count(0)
            expect(box).to_have_attribute("aria-expanded", "false")
        box.fill("")
        box.press_sequentially("batt")
        box.press("Escape")
        page.wait_for_timeout(600)
        expect(box).to_have_value("batt")
        expect(list_.locator("a")).to_have_count(0)
        box.press("ArrowDown")
        expect(list_.locator("[role=option]").first).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        box.press_sequentially("e")
        page.locator("main button[type=submit]").first.focus()
        page.wait_for_timeout(600)
        expect(list_.locator("a")).to_have_count(0)
        expect(box).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("text", ["battery", "batery", "calibraton chek zzqx", "电池压力"])
def test_the_first_result_stands_in_a_phones_first_screen(visit: Visit, text: str) -> None:
    with visit("fiona.field", viewport=SMALL) as page:
        page.goto(f"/search/?q={text}")
        top = (page.locator(".hit").first.bounding_box() or {})["y"]
        assert top < SMALL["height"] * 0.6
        chosen = page.locator("#my-model-choice")
        expect(chosen).not_to_be_visible()
        page.locator(".facets summary").click()
        expect(chosen).to_be_visible()
        expect(page.locator("#order-newest")).to_be_visible()


def test_suggestions_are_as_wide_as_a_phone(visit: Visit) -> None:
    with visit("fiona.field", viewport=SMALL) as page:
        for address, box in (("/search/", "#search-text"), ("/faq/", "#site-search"), ("/", "#home-search")):
            page.goto(address)
            page.locator(box).press_sequentially("batt", delay=20)
            option = page.locator("[data-suggestions] [role=option]").first
            expect(option).to_be_visible()
            shown, form = option.bounding_box(), page.locator(f"form:has({box})").bounding_box()
            typed = page.locator(box).bounding_box()
            assert shown
            assert form
            assert typed
            assert shown["width"] >= form["width"] - 4
            assert 0 <= shown["y"] - typed["y"] - typed["height"] < 12


def test_focus_and_title_go_with_the_results(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page:
        page.goto("/search/?q=battery")
        newest = page.locator("#order-newest")
        newest.focus()
        newest.press("Enter")
        expect(page.locator("#order-newest[aria-current]")).to_be_focused()
        page.locator(".pagination [rel=next]").press("Enter")
        expect(page.locator("#result-count")).to_be_focused()
        assert "page=2" in page.url
        page.locator(".filters-chosen a").press("Enter")
        expect(page.locator("#result-count")).to_be_focused()
        box = page.locator("#search-text")
        box.fill("laser")
        box.press("Enter")
        expect(page).to_have_title("Search: laser · Redline")
        expect(box).to_be_focused()


def test_long_words_leave_the_numbers_of_the_report_in_sight(visit: Visit) -> None:
    with visit("dora.docs", viewport=DESK) as page:
        page.goto(f"/search/?q={'batteryfault-' * 30}")
        page.goto("/review/searches/")
        expect(page.locator("tbody th", has_text="batteryfault-batteryfault-")).to_be_visible()
        number = page.locator("tbody td").first.bounding_box()
        assert number
        assert number["x"] < DESK["width"] / 2


def test_the_first_result_is_a_few_keys_from_the_box(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page:
        page.goto("/search/?q=battery")
        page.locator("#search-text").focus()
        for _each in range(2):  # past the button
            page.keyboard.press("Tab")
        skip = page.locator(".found .skip-link")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport(ratio=1)
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator(".hits a").first).to_be_focused()
