"""From a proposal over two steps, through a three-way choice and a batch of decisions, to the credits of a version."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import DESK, PASSWORD, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group(__name__)]


@pytest.mark.parametrize(
    ("number", "viewport", "script"),
    [("SOP-1002", PHONE, True), ("SOP-1008", DESK, False)],
    ids=["phone", "desk-without-javascript"],
)
def test_two_proposals_meet_and_both_authors_are_credited(
    visit: Visit, number: str, viewport: ViewportSize, script: bool
) -> None:
    with visit("fiona.field", viewport=viewport, script=script) as page:
        page.goto(f"/procedures/{number}/")
        first = (
            page.locator("[id^='step-'] .step-actions a[href*='/edit/']").first.get_attribute("href") or ""
        )
        page.goto(first)
        page.locator("#id_body").fill("Measure it twice.")
        page.locator("[name=reason]").fill("Met it at two sites.")
        page.locator("button[name=from]").click()  # on the page of all steps the text is still there
        expect(page.locator("[name=s1-body]")).to_have_value("Measure it twice.")
        page.locator("details.propose-step > summary").nth(1).click()
        page.locator("[name=s2-title]").fill("Second, checked again")
        page.locator("button[name=preview]").click()
        expect(page.locator(".preview .card")).to_have_count(2)
        page.locator("main .button--primary").last.click()
        expect(page.locator("section.change")).to_have_count(2)
        proposal = page.url

    with visit("feng.field", viewport=viewport, script=script) as page:
        page.goto(proposal)
        page.locator("form[action$='/met-too/'] button").click()
        expect(page.locator("#votes-title .count")).to_have_text("1")
        page.goto(first)
        page.locator("#id_body").fill("Measure it with a cold machine.")
        page.locator("[name=reason]").fill("A warm one reads high.")
        page.locator("form .button--primary").last.click()
        other = page.url

    with visit("oscar.owner", viewport=viewport, script=script) as page:
        page.goto(f"/review/{number}/edits/")
        expect(page.locator("section.change")).to_have_count(3)
        for change in page.locator("section.change", has_text="Met it at two sites.").all():
            change.locator("[value=accept]").check()
        record(page)
        expect(page.locator("section.change")).to_have_count(1)
        three = page.locator(".three-way-choice")
        expect(three).to_contain_text("Measure it twice.")
        expect(three).to_contain_text("Measure it with a cold machine.")
        page.locator("[value=accept]").check()
        record(page)  # nobody wrote what lands
        expect(page.locator("section.change [role=alert]")).to_be_visible()
        page.locator("[name$=-final-body]").fill("Measure it twice, with a cold machine.")
        record(page)
        expect(page.locator("section.change")).to_have_count(0)
        page.goto(f"/review/{number}/working-copy/")
        page.locator("[name=change_summary]").fill("How to measure.")
        page.get_by_role("button", name="Submit for release").click()
        expect(page.locator("#stages-title")).to_be_visible()

    with visit("dora.docs", viewport=viewport, script=script) as page:
        page.goto(f"/review/{number}/working-copy/")
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Sign", exact=True).click()
        expect(page.get_by_text("Version 1.1 is in force.")).to_be_visible()
        page.goto(f"/procedures/{number}/history/")
        log = page.locator("#v1\\.1")
        expect(log).to_contain_text("Met it at two sites.")
        expect(log).to_contain_text("A warm one reads high.")
        page.goto(other)
        expect(page.locator("section.change")).to_contain_text("Measure it twice, with a cold machine.")


def record(page: Page) -> None:
    page.get_by_role("button", name="Record the decisions").click()
    page.wait_for_load_state()
