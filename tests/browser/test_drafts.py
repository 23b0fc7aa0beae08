"""What is typed on a telephone survives the session, the language switch and the page's other form."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PASSWORD, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group(__name__)]

PROCEDURE = "/procedures/SOP-2001/"
COMMENT = "form[action*='/comment/']"


def open_comment(page: Page) -> None:
    page.locator(".step-actions a", has_text="Comment").first.click()
    expect(page.locator(f"{COMMENT} [name=text]")).to_be_visible()


def sign_in(page: Page, username: str = "fiona.field") -> None:
    page.locator("#id_username").fill(username)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page.locator("details.account-menu")).to_be_attached()


def sign_out(page: Page) -> None:
    page.locator("details.account-menu summary").click()
    page.locator("form[action='/accounts/logout/'] button").click()
    expect(page.locator("details.account-menu")).to_have_count(0)


def drafts(page: Page) -> int:
    return int(
        page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('redline-draft:')).length")
    )


def lose(page: Page, *names: str) -> None:
    for name in names:
        page.context.clear_cookies(name=name)


def test_a_comment_outlives_the_session(visit: Visit) -> None:
    words = "The fuse was hot: 保险丝很烫."
    with visit("fiona.field", viewport=PHONE, expected=["403"]) as page:
        page.goto(PROCEDURE)
        open_comment(page)
        page.locator(f"{COMMENT} [name=text]").fill(words)
        lose(page, "sessionid")
        page.locator(f"{COMMENT} button[type=submit]").click()
        expect(page.locator("h1")).to_have_text("You are signed out")
        expect(page.get_by_label("Comment")).to_have_value(words)
        # Signed in here or elsewhere, the form opens again with the text in it.
        page.goto(f"/accounts/login/?next={PROCEDURE}")
        sign_in(page)
        expect(page.locator(f"{COMMENT} [name=text]")).to_have_value(words)
        expect(page.locator(f"{COMMENT} [role=status]")).to_contain_text("it was not sent")
        expect(page.get_by_role("button", name="Put my text in")).to_have_count(0)
        page.locator(f"{COMMENT} button[type=submit]").click()
        expect(page.locator(".comment-text", has_text=words)).to_be_visible()
        assert drafts(page) == 0


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_without_its_cookies_a_ticket_is_sent_again_from_the_answer(visit: Visit, script: bool) -> None:
    words = f"Ticks when cold (script: {script})"
    with visit("fiona.field", script=script, expected=["403"]) as page:
        page.goto("/tickets/new/")
        page.locator("#id_machine").fill("no such machine")
        page.locator("#id_symptom").fill(words)
        lose(page, "sessionid", "csrftoken")
        page.get_by_role("button", name="Open the ticket").click()
        expect(page.locator("h1")).to_have_text("This form has expired")
        expect(page.get_by_label("Symptom")).to_have_value(words)
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Sign in (opens a new tab)").click()
        sign_in(opened.value)
        page.get_by_role("button", name="Send it again").click()
        if not script:  # the sign-in changed the token
            page.get_by_role("button", name="Send it again").click()
        expect(page.locator("#id_symptom")).to_have_value(words)
        expect(page.locator("#id_machine")).to_have_value("no such machine")


def test_the_language_switch_keeps_a_form(visit: Visit) -> None:
    with visit("fiona.field") as page:
        page.goto("/tickets/new/")
        page.locator("#id_symptom").fill("Half a sent")
        page.locator("#id_severity").select_option("high")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        expect(page.locator("#id_symptom")).to_have_value("Half a sent")
        expect(page.locator("#id_severity")).to_have_value("high")
        page.locator("[data-draft-discard]").click()
        expect(page.locator("#id_symptom")).to_have_value("")
        expect(page.locator("#id_severity")).to_have_value("medium")
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.locator("#id_symptom")).to_have_value("")
        assert drafts(page) == 0


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_tickets_other_form_keeps_its_text(visit: Visit, script: bool) -> None:
    words = f"Still humming (script: {script})"
    with visit("fiona.field", script=script) as page:
        page.goto("/tickets/T-00001/")
        page.locator("#id_text").fill(words)
        page.get_by_text("Record a procedure that was used").click()
        page.locator("#id_procedure").fill("SOP-9999")
        page.locator("#id_note").fill("Half a turn")
        page.get_by_role("button", name="Record").click()
        expect(page.locator(".errorlist")).to_be_visible()
        expect(page.locator("#id_text")).to_have_value(words)
        page.get_by_role("button", name="Add to the log").click()
        expect(page.locator("#log li", has_text=words)).to_have_count(1)
        expect(page.locator("#id_text")).to_have_value("")
        expect(page.locator("#id_procedure")).to_have_value("SOP-9999")
        expect(page.locator("#id_note")).to_have_value("Half a turn")
        if script:  # the server gives it once, the device until it is sent
            page.goto("/tickets/T-00001/")
            expect(page.locator("#id_note")).to_have_value("Half a turn")
            expect(page.locator("#id_text")).to_have_value("")


def test_signing_out_leaves_nothing_on_the_device(visit: Visit) -> None:
    with visit("oscar.owner", viewport=DESK) as page:
        page.goto("/tickets/new/")
        page.locator("#id_symptom").fill("Mine")
        assert drafts(page) == 1
        sign_out(page)
        page.wait_for_load_state()
        assert drafts(page) == 0


def test_htmx_shows_a_refused_form_as_the_page(visit: Visit) -> None:
    with visit("fiona.field", expected=["403"]) as page:
        page.goto("/tickets/new/")
        lose(page, "sessionid")
        page.evaluate(
            "htmx.ajax('POST', '/tickets/new/', {values: {symptom: 'Sent by htmx'}, target: '#messages'})"
        )
        expect(page.get_by_label("Symptom")).to_have_value("Sent by htmx")
        expect(page.locator("h1")).to_have_text("You are signed out")
        expect(page.locator("main")).to_have_count(1)


def test_what_another_person_typed_is_not_shown(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page:
        page.goto("/tickets/new/")
        page.locator("#id_symptom").fill("Fiona's")
        lose(page, "sessionid")
        page.goto("/accounts/login/?next=/tickets/new/")
        sign_in(page, "oscar.owner")
        expect(page.locator("#id_symptom")).to_have_value("")


def test_a_text_that_was_overtaken_waits_for_a_decision(visit: Visit) -> None:
    with visit("fiona.field", viewport=DESK) as page, visit("oscar.owner", viewport=DESK) as other:
        for one, words in ((page, "Fiona's words"), (other, "Oscar's words")):
            one.goto("/tickets/T-00002/edit/")
            one.locator("#id_symptom").fill(words)
        other.locator("main button[type=submit]").last.click()
        expect(other).to_have_url(re.compile("/tickets/T-00002/$"))
        page.reload()
        expect(page.locator("#id_symptom")).to_have_value("Oscar's words")
        page.get_by_role("button", name="Put my text in").click()
        expect(page.locator("#id_symptom")).to_have_value("Fiona's words")


def test_a_double_press_sends_once(visit: Visit) -> None:
    words = "Pressed twice"
    with visit("fiona.field") as page:
        page.goto("/tickets/T-00003/")
        page.locator("#id_text").fill(words)
        page.get_by_role("button", name="Add to the log").dblclick()
        expect(page.locator("#log li", has_text=words)).to_have_count(1)
        page.reload()
        expect(page.locator("#log li", has_text=words)).to_have_count(1)


def test_what_was_typed_for_one_machine_does_not_turn_up_at_another(visit: Visit) -> None:
    with visit("fiona.field") as page:
        page.goto("/tickets/new/?machine=LM2-23-0041")
        page.locator("#id_symptom").fill("Fan noise in the first one.")
        page.goto("/tickets/new/?machine=LM4-24-0117")
        expect(page.locator("#id_symptom")).to_have_value("")
        page.goto("/tickets/new/?machine=LM2-23-0041")
        expect(page.locator("#id_symptom")).to_have_value("Fan noise in the first one.")


def test_two_tabs_keep_two_texts_and_each_can_be_had_in_the_other(visit: Visit) -> None:
    with visit("feng.field") as one:
        address = "/tickets/T-00003/"
        one.goto(address)
        one.locator("[name=text]").fill("From the first tab.")
        other = one.context.new_page()
        other.goto(address)
        expect(other.locator("[name=text]")).to_have_value("")
        expect(other.locator("[data-draft-text]")).to_have_text("From the first tab.")
        other.locator("[name=text]").fill("From the second tab.")
        other.locator("#ticket-forms button[type=submit]:not([formaction])").click()
        expect(other.get_by_text("From the second tab.")).to_be_visible()
        one.reload()
        expect(one.locator("[name=text]")).to_have_value("From the first tab.")
        one.locator("[data-draft-discard]").click()
        expect(one.locator("[name=text]")).to_have_value("")


def test_a_text_taken_back_by_its_button_is_kept_again(visit: Visit) -> None:
    address = "/tickets/T-00004/edit/"
    with visit("fiona.field") as page:
        page.goto(address)
        page.locator("#id_symptom").fill("My words.")
        with visit("feng.field") as other:
            other.goto(address)
            other.locator("#id_symptom").fill("Newer words.")
            other.locator("main form button[type=submit]").last.click()
            expect(other.get_by_text("Newer words.").first).to_be_visible()
        page.reload()
        symptom = page.locator("#id_symptom")
        expect(symptom).to_have_value("Newer words.")
        symptom.press_sequentially("!")
        page.reload()
        expect(page.locator("[data-draft-text]")).to_have_text("My words.")
        page.get_by_role("button", name="Put my text in").click()
        page.reload()
        expect(page.locator("#id_symptom")).to_have_value("My words.")
