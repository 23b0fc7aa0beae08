"""The pages of tickets, as a person and a browser without JavaScript use them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from kb.tickets import actions
from kb.tickets.models import ProcedureUse, Ticket, TicketEntry
from procedures.models import ProcedurePage
from review import releasing
from search.engine import _engine
from tests import factories
from tests.integration.tickets.conftest import Scene

HTMX = {"HX-Request": "true"}


def form_data(scene: Scene, **changes: str) -> dict[str, str]:
    return {
        "machine": scene.machine.serial,
        "error_code": scene.code.code,
        "symptom": "Fan is loud",
        "severity": "high",
    } | changes


def addresses(scene: Scene) -> list[str]:
    number = scene.ticket.number
    return [
        reverse("tickets:list"),
        reverse("tickets:create"),
        reverse("tickets:detail", args=[number]),
        reverse("tickets:edit", args=[number]),
        reverse("tickets:for_procedure", args=["SOP-1001"]),
    ]


def test_everything_asks_the_anonymous_to_sign_in_and_refuses_a_customer(
    scene: Scene, client: Client
) -> None:
    for address in addresses(scene):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("accounts:login"))
    assert client.get(addresses(scene)[-1], headers=HTMX).status_code == 403
    client.force_login(factories.make_user())
    for address in addresses(scene):
        assert client.get(address).status_code == 403
    for name in ("add_entry", "attach", "edit"):
        assert client.post(reverse(f"tickets:{name}", args=[scene.ticket.number])).status_code == 403


@pytest.fixture
def engine_away(settings: Any) -> Iterator[None]:
    settings.REDLINE_SEARCH_ENGINE = "elasticsearch"
    settings.REDLINE_ELASTICSEARCH_URL = "http://127.0.0.1:9"  # nobody listens there
    _engine.cache_clear()
    yield
    _engine.cache_clear()


@pytest.mark.usefixtures("engine_away")
def test_every_page_opens_while_the_search_engine_is_away(scene: Scene, browser: Client) -> None:
    for address in addresses(scene):
        assert browser.get(address).status_code == 200
    opened = browser.post(reverse("tickets:create"), form_data(scene), follow=True)
    assert opened.status_code == 200
    assert "Fan is loud" in opened.content.decode()


def test_every_page_opens(scene: Scene, browser: Client) -> None:
    for address in addresses(scene):
        assert browser.get(address).status_code == 200
    assert browser.get(reverse("tickets:detail", args=["T-99999"])).status_code == 404
    assert browser.get(reverse("tickets:for_procedure", args=["NONE-1"])).status_code == 404


def test_opening_a_ticket_with_the_procedure_used(scene: Scene, browser: Client) -> None:
    data = form_data(scene, error_code="e-1042", procedure="sop-1001", outcome="solved", note="Fine")
    response = browser.post(reverse("tickets:create"), data)
    ticket = Ticket.objects.exclude(pk=scene.ticket.pk).get()
    assert response["Location"] == ticket.get_absolute_url()
    assert ticket.error_code == scene.code
    use = ProcedureUse.objects.get(ticket=ticket)
    assert (use.version, use.outcome, use.recorded_by) == (scene.old, "solved", scene.engineer)


def test_what_is_too_long_is_said_and_kept(scene: Scene, browser: Client) -> None:
    too_long = "The fan hums. " * 2_000
    page = browser.post(reverse("tickets:create"), form_data(scene, symptom=too_long)).content.decode()
    assert "at most" in page
    assert too_long.strip() in page
    assert not re.search("<textarea[^>]* maxlength", page)


def test_the_form_is_filled_from_the_page_that_led_here(scene: Scene, browser: Client) -> None:
    response = browser.get(
        reverse("tickets:create"),
        {"machine": scene.machine.serial, "code": "E-1042", "version": str(scene.old.pk)},
    )
    assert response.context["form"].initial == {
        "machine": scene.machine.serial,
        "error_code": "E-1042",
        "procedure": "SOP-1001 1.0",
    }
    assert browser.get(reverse("tickets:create") + "?version=x&machine=nothing").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"machine": "NOPE"}, "machine", "There is no machine"),
        ({"error_code": "X-1"}, "error_code", "X-1 is a code of NX, not of LM"),
        ({"error_code": "E-9"}, "error_code", "has no error code “E-9”"),
        ({"symptom": " "}, "symptom", "required"),
        ({"procedure": "SOP-1001 9.9"}, "procedure", "has no version 9.9"),
        ({"procedure": "SOP-404"}, "procedure", "no procedure SOP-404"),
        ({"severity": "terrible"}, "severity", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    scene: Scene, browser: Client, changes: dict[str, str], field: str, reason: str
) -> None:
    response = browser.post(reverse("tickets:create"), form_data(scene, **changes))
    assert response.status_code == 200
    assert reason in " ".join(response.context["form"].errors[field])
    assert Ticket.objects.count() == 1


def test_htmx_asks_what_the_inputs_offer(scene: Scene, browser: Client) -> None:
    response = browser.get(reverse("tickets:create"), {"machine": scene.machine.serial}, headers=HTMX)
    text = response.content.decode()
    assert "<html" not in text
    assert '<option value="E-1042">' in text
    assert '<option value="SOP-1001 1.0">' in text


def test_a_stale_form_is_shown_again_with_what_changed_and_all_that_was_typed(
    scene: Scene, browser: Client
) -> None:
    address = reverse("tickets:edit", args=[scene.ticket.number])
    edition = browser.get(address).context["form"].initial["edition"]
    theirs = form_data(scene, status="open", severity="critical", edition=str(edition))
    assert browser.post(address, theirs).status_code == 302
    mine = form_data(scene, status="waiting", symptom="Only mine", edition=str(edition))
    response = browser.post(address, mine)
    text = response.content.decode()
    assert response.status_code == 200
    assert "Only mine" in text
    assert "<ins>Critical</ins>" in text
    again = mine | {"edition": response.context["form"]["edition"].value()}
    assert browser.post(address, again).status_code == 302
    scene.ticket.refresh_from_db()
    assert (scene.ticket.symptom, scene.ticket.status) == ("Only mine", "waiting")


def test_the_log_and_the_procedures(scene: Scene, browser: Client) -> None:
    number = scene.ticket.number
    browser.post(reverse("tickets:add_entry", args=[number]), {"text": "<b>Ordered</b> a fan"})
    assert TicketEntry.objects.get().author == scene.engineer
    browser.post(
        reverse("tickets:attach", args=[number]), {"procedure": "SOP-1001", "outcome": "wrong", "note": ""}
    )
    new = scene.release_next()
    text = browser.get(scene.ticket.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Ordered&lt;/b&gt;" in text
    assert "is no longer in force." in text
    assert f'href="{scene.old.get_absolute_url()}"' in text
    assert f'href="{new.get_absolute_url()}"' in text
    bad = browser.post(reverse("tickets:attach", args=[number]), {"procedure": "SOP-0", "outcome": "wrong"})
    assert "no procedure SOP-0" in bad.content.decode()


def test_a_ticket_on_a_withdrawn_version_names_what_to_use_instead(scene: Scene, browser: Client) -> None:
    actions.record_use(ticket=scene.ticket, version=scene.old, outcome="wrong", note="", by=scene.engineer)
    other = factories.released(owner=scene.owner, approver=scene.approver, number="SOP-1002")
    releasing.withdraw(
        version=scene.old, by=scene.approver, password=factories.PASSWORD, reason="It melts.",
        replaced_by=other.page,
    )  # fmt: skip
    text = browser.get(scene.ticket.get_absolute_url()).content.decode()
    assert "It melts." in text
    assert f'Use <a href="{other.get_absolute_url()}">SOP-1002 1.0</a> instead.' in text


def test_a_version_that_does_not_apply_is_recorded_and_said(scene: Scene, browser: Client) -> None:
    factories.released(
        owner=scene.owner,
        approver=scene.approver,
        number="SOP-2",
        applies_to=[{"model": factories.machine_model(scene.foreign_code.product_line)}],
    )
    response = browser.post(
        reverse("tickets:attach", args=[scene.ticket.number]),
        {"procedure": "SOP-2", "outcome": "helped"},
        follow=True,
    )
    assert "does not apply to" in response.content.decode()
    assert ProcedureUse.objects.count() == 1
    # The message goes, the mark stays.
    again = browser.get(reverse("tickets:detail", args=[scene.ticket.number])).content.decode()
    assert "does not apply to" not in again
    assert "Not for this machine as it is now" in again
    opened = browser.post(
        reverse("tickets:create"),
        {"machine": scene.ticket.machine.serial, "symptom": "Hums", "severity": "low", "procedure": "SOP-2"},
        follow=True,
    )
    assert "does not apply to" in opened.content.decode()


def test_tickets_of_a_procedure_as_page_and_as_fragment(scene: Scene, browser: Client) -> None:
    actions.record_use(ticket=scene.ticket, version=scene.old, outcome="solved", note="", by=scene.engineer)
    scene.release_next()
    address = reverse("tickets:for_procedure", args=["SOP-1001"])
    page = browser.get(address).content.decode()
    fragment = browser.get(address, headers=HTMX).content.decode()
    assert "<html" in page
    assert "<html" not in fragment
    assert scene.ticket.number in page
    assert scene.ticket.number in fragment


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("", True),
        ("status=open", True),
        ("status=unresolved", True),
        ("status=resolved", False),
        ("severity=medium", True),
        ("severity=low", False),
        ("machine=SN-", True),
        ("machine=ZZ", False),
        ("model=LM-200", True),
        ("code=1042", True),
        ("code=9", False),
        ("q=异响", True),
        ("q=河湾 noise", True),
        ("q=%22", False),
        ("status=nonsense", True),
        ("page=99", True),
    ],
)
def test_the_filters_of_the_list(scene: Scene, browser: Client, question: str, found: bool) -> None:
    response = browser.get(reverse("tickets:list") + "?" + question)
    assert (scene.ticket.number in response.content.decode()) is found


def test_a_long_list_takes_few_queries(
    scene: Scene, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(40):
        actions.open_ticket(
            machine=scene.machine, error_code=None, symptom=f"s {number}", severity="low", by=scene.engineer
        )
    browser.get(reverse("tickets:list"))
    # Session, person, two for permissions, models of the filter, count, page; the rest is the site's header.
    with django_assert_max_num_queries(12):
        response = browser.get(reverse("tickets:list"))
    assert len(response.context["page_obj"]) == 25


@pytest.mark.parametrize(
    "said", [{"note": "Fan was stuck"}, {"outcome": "solved"}, {"outcome": "solved", "note": "Fan was stuck"}]
)
def test_a_note_or_an_outcome_without_a_procedure_is_not_lost(
    scene: Scene, browser: Client, said: dict[str, str]
) -> None:
    response = browser.post(reverse("tickets:create"), form_data(scene, **said))
    assert response.status_code == 200
    form = response.context["form"]
    assert list(form.errors) == ["procedure"]
    assert "Name the procedure" in form.errors["procedure"][0]
    for name, value in said.items():
        assert form[name].value() == value
    assert Ticket.objects.count() == 1
    assert not ProcedureUse.objects.exists()


def test_an_untouched_outcome_needs_no_procedure(scene: Scene, browser: Client) -> None:
    data = form_data(scene, outcome="not_known", note="", procedure="")
    assert browser.post(reverse("tickets:create"), data).status_code == 302


@pytest.mark.parametrize(
    "typed", ["lm4 24 0117", "LM4240117", " lm4_24-0117 ", "ＬＭ4-24-0117", "lm4-24-0117"]
)
def test_a_serial_number_is_found_however_it_is_typed(scene: Scene, browser: Client, typed: str) -> None:
    scene.machine.serial = "LM4-24-0117"
    scene.machine.save()
    response = browser.post(reverse("tickets:create"), form_data(scene, machine=typed))
    assert response.status_code == 302
    assert Ticket.objects.filter(machine=scene.machine).count() == 2


def test_a_serial_number_that_two_machines_fit_is_refused(scene: Scene, browser: Client) -> None:
    for serial in ("AB-1", "A-B1"):
        machine = factories.machine(scene.machine.model, scene.machine.release)
        machine.serial = serial
        machine.save()
    response = browser.post(reverse("tickets:create"), form_data(scene, machine="ab1"))
    assert list(response.context["form"].errors) == ["machine"]
    assert browser.post(reverse("tickets:create"), form_data(scene, machine="a-b1")).status_code == 302


# ---------- two forms on one page ----------


def test_a_refused_form_keeps_the_other_ones_text(scene: Scene, browser: Client) -> None:
    typed = {"text": "Smells of <fish>", "procedure": "SOP-9999", "outcome": "solved", "note": "Half a turn"}
    address = scene.ticket.get_absolute_url()
    refused = browser.post(f"{address}procedures/", typed).content.decode()
    assert "Smells of &lt;fish&gt;</textarea>" in refused
    refused = browser.post(f"{address}entries/", {**typed, "text": " "}).content.decode()
    assert 'value="SOP-9999"' in refused
    assert "Half a turn</textarea>" in refused
    assert '<details class="card" open' in refused


def test_a_form_that_went_through_leaves_the_other_ones_text_on_the_page_once(
    scene: Scene, browser: Client
) -> None:
    address = scene.ticket.get_absolute_url()
    typed = {"text": "Smells", "procedure": "SOP-1001", "outcome": "not_known", "note": "Half a turn"}
    page = browser.post(f"{address}entries/", typed, follow=True).content.decode()
    assert scene.ticket.entries.get().text == "Smells"
    assert 'value="SOP-1001"' in page
    assert "Half a turn</textarea>" in page
    assert "Smells</textarea>" not in page
    assert "Half a turn" not in browser.get(address).content.decode()
    page = browser.post(f"{address}procedures/", typed, follow=True).content.decode()
    assert scene.ticket.uses.count() == 1
    assert "Smells</textarea>" in page


@pytest.mark.parametrize("reference", ["SOP-1001", "sop-1001", "SOP-1001 1.1"])
def test_an_old_number_takes_the_version_under_the_new_one_and_says_so(
    scene: Scene, browser: Client, reference: str
) -> None:
    page = ProcedurePage.objects.get(pk=scene.old.page_id)
    page.number = "SOP-9100"
    page.save_revision(user=scene.owner)
    new = factories.release(page, by=scene.owner, approver=scene.approver, summary="Renumbered")
    typed = form_data(scene, procedure=reference, outcome="solved")
    said = browser.post(reverse("tickets:create"), typed, follow=True).content.decode()
    assert "has become SOP-9100: SOP-9100 1.1 is recorded." in said
    assert ProcedureUse.objects.get().version == new
    attached = reverse("tickets:attach", args=[scene.ticket.number])
    said = browser.post(attached, {"procedure": reference, "outcome": "solved"}, follow=True)
    assert "has become SOP-9100" in said.content.decode()
