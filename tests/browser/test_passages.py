"""Marking on a phone and at a desk: a passage by selecting it, a place of an image, a photo from the camera."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import DESK, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group(__name__)]

SELECT = """(step) => {
  const paragraph = step.querySelector(".prose p, .prose li");
  const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  const node = walker.nextNode();
  const range = document.createRange();
  range.setStart(node, 0);
  range.setEnd(node, Math.min(node.data.length, 24));
  document.getSelection().removeAllRanges();
  document.getSelection().addRange(range);
  return range.toString();
}"""


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, "JPEG")
    return out.getvalue()


def first_step(page: Page):
    page.goto("/procedures/SOP-2004/")
    return page.locator(".step").first


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_a_selected_passage_is_commented_on_where_it_stands(visit: Visit, viewport: ViewportSize) -> None:
    said = f"Said at {viewport['width']} pixels."
    with visit("fiona.field", viewport=viewport) as page:
        step = first_step(page)
        passage = step.evaluate(SELECT)
        page.get_by_role("button", name="Comment on this passage").click()
        form = step.locator(".mark-form form")
        expect(form.locator("[name=quote]")).to_have_value(passage.strip())
        form.locator("[name=text]").fill(said)
        form.locator("summary", has_text="Attach photos").click()
        form.locator("[name=photos]").set_input_files(
            {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": photo()}
        )
        form.get_by_role("button", name="Send comment").click()
        thread = page.locator(".thread", has_text=said)
        expect(thread.locator(".passage")).to_have_text(passage.strip())
        expect(thread.locator(".photo-list img")).to_be_visible()
        marked = page.evaluate("CSS.highlights.get('passages').size")
        assert marked >= 1


def test_without_javascript_the_passage_is_copied_and_told_where_it_is_wrong(visit: Visit) -> None:
    with visit("fiona.field", script=False) as page:
        step = first_step(page)
        words = " ".join(step.locator(".prose p, .prose li").first.inner_text().split()[:4])
        step.locator(".step-actions a").first.click()
        page.locator("[name=text]").fill("Said without a script.")
        page.locator("[name=quote]").fill("This stands nowhere")
        page.get_by_role("button", name="Send comment").click()
        expect(page.get_by_text("The passage is not in this step")).to_be_visible()
        expect(page.locator("[name=text]")).to_have_value("Said without a script.")
        page.locator("[name=quote]").fill(words)
        page.get_by_role("button", name="Send comment").click()
        expect(page.locator(".thread", has_text="Said without a script.").locator(".passage")).to_have_text(
            words
        )


def test_a_request_that_brings_nothing_says_so(visit: Visit) -> None:
    with visit("feng.field", expected=["500", "Failed to load", "net::", "htmx:"]) as page:
        page.goto("/procedures/SOP-1004/")
        page.route("**/comment/**", lambda route: route.fulfill(status=500, body="x"))
        page.locator(".step-actions a").first.click()
        expect(page.locator("#messages [data-request-failed]")).to_contain_text("没有成功")
        page.unroute("**/comment/**")
        page.route("**/comment/**", lambda route: route.abort())
        page.locator(".step-actions a").first.click()
        expect(page.locator("#messages [data-request-failed]")).to_have_count(1)
        page.unroute("**/comment/**")
        page.locator(".step-actions a").first.click()
        expect(page.locator(".mark-form textarea").first).to_be_visible()
        expect(page.locator("#messages [data-request-failed]")).to_have_count(0)
