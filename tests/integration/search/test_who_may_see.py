"""Nothing of what is not for somebody: no hit, count, label, suggestion, similar document, by page or by program."""

from dataclasses import dataclass, replace

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.tickets.actions import open_ticket
from kb.tickets.models import Ticket
from search import registry
from search.engine import get_engine
from search.my_model import COOKIE
from tests import factories as make
from tests.integration.search.conftest import document

pytestmark = pytest.mark.django_db

SECRETS = ("ZQ-SECRET", "ZQ-9000", "9.9-alpha", "E-6666", "SOP-SECRET", "Sealed seal")


@dataclass(frozen=True)
class World:
    """A public procedure and an internal one about the same, of a line, model, release and code of its own."""

    anonymous: Client
    customer: Client
    field: Client
    owner: Client
    ticket: Ticket


def build() -> dict[str, int]:
    """Keys of the people and of the ticket."""
    owner, approver, field = make.procedure_owner(), make.documentation_staff(), make.field_engineer()
    line = make.product_line("LM")
    release = make.releases(line)[0]
    model = make.machine_model(line, "LM-400")
    code = make.error_code(line, "E-1042", meaning="The seal leaks")
    secret_line = make.product_line("ZQ-SECRET")
    secret_release = make.releases(secret_line, "9.9-alpha")[0]
    secret_model = make.machine_model(secret_line, "ZQ-9000")
    secret_code = make.error_code(secret_line, "E-6666", meaning="The seal leaks inside")
    shared = {"owner": owner, "approver": approver, "steps": [make.step("seal", body="Look at the seal.")]}
    make.released(
        number="SOP-OPEN", title="Open seal", audience="public", product_line=line, error_codes=[code],
        applies_to=[{"model": model}], **shared,
    )  # fmt: skip
    make.released(
        number="SOP-CUSTOMER", title="Customer's seal", audience="customer", product_line=line, **shared
    )
    make.released(
        number="SOP-SECRET", title="Sealed seal", audience="internal", product_line=secret_line,
        error_codes=[secret_code], applies_to=[{"model": secret_model, "release_from": secret_release}], **shared,
    )  # fmt: skip
    ticket = open_ticket(
        machine=make.machine(model, release),
        error_code=code,
        symptom="The seal leaks",
        severity="low",
        by=field,
    )
    return {"customer": make.make_user().pk, "field": field.pk, "owner": owner.pk, "ticket": ticket.pk}


@pytest.fixture
def world(built: dict[str, int], db: None) -> World:
    people = {
        name: make.signed_in(User.objects.get(pk=built[name])) for name in ("customer", "field", "owner")
    }
    return World(anonymous=Client(), ticket=Ticket.objects.get(pk=built["ticket"]), **people)


ADDRESSES = [
    "/search/?q=seal",
    "/search/?q=seal&line=LM",
    "/search/?q=Sealed&sort=newest",
    "/search/?q=secret",
    "/search/suggest/?q=seal",
    "/search/suggest/?q=SOP",
    "/search/suggest/?q=E-66",
    "/api/search/?q=seal",
    "/api/search/?q=ZQ",
    "/api/search/suggestions/?q=s",
    "/api/search/suggestions/?q=ZQ",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_customers_see_nothing_internal(world: World, address: str) -> None:
    for client in (world.anonymous, world.customer):
        said = client.get(address).content.decode().replace("<mark>", "").replace("</mark>", "")
        assert not [secret for secret in SECRETS if secret in said]
        assert world.ticket.number not in said


@pytest.mark.parametrize("address", ["/search/?q=seal", "/api/search/?q=seal"])
def test_staff_see_it(world: World, address: str) -> None:
    for client in (world.field, world.owner):
        said = client.get(address).content.decode().replace("<mark>", "").replace("</mark>", "")
        assert [secret for secret in SECRETS if secret not in said] == []
        assert world.ticket.number in said


def test_counts_are_of_what_is_seen(world: World) -> None:
    def counts(client: Client, facet: str) -> dict[str, int]:
        facets = client.get("/api/search/?q=seal").json()["facets"][facet]
        return {row["value"]: row["count"] for row in facets}

    assert counts(world.anonymous, "line") == {"LM": 2}  # the guide and its code
    assert counts(world.customer, "line") == {"LM": 3}
    assert counts(world.anonymous, "audience") == {"public": 2}
    assert counts(world.anonymous, "code") == {"E-1042": 2}
    assert counts(world.field, "line") == {"LM": 4, "ZQ-SECRET": 2}
    assert counts(world.field, "release")["ZQ-SECRET 9.9-alpha"] == 2
    assert counts(world.field, "status") == {"open": 1}


@pytest.mark.parametrize(
    "filters",
    ["line=ZQ-SECRET", "model=ZQ-9000", "release=ZQ-SECRET 9.9-alpha", "code=E-6666", "audience=internal"],
)
def test_a_filter_that_is_guessed_tells_nothing(world: World, filters: str) -> None:
    """It answers as one that there never was: with nothing, and without the name it goes by."""
    said = world.anonymous.get(f"/search/?q=seal&{filters}").content.decode()
    assert "SOP-OPEN" not in said or "audience" in filters
    assert 'class="no-results"' in said
    for name in ("产品线 ZQ", "Line ZQ", "Model ZQ", "The seal leaks inside", "SOP-SECRET"):
        assert name not in said
    unknown = world.anonymous.get("/search/?q=seal&line=nothing").content.decode()
    assert 'class="no-results"' in unknown
    assert "Search without filters" in unknown


def test_a_model_that_only_internal_guides_name_cannot_be_chosen(world: World) -> None:
    for client in (world.anonymous, world.customer):
        client.post("/search/my-model/", {"model": "ZQ-9000"})
        assert COOKIE not in client.cookies
        client.cookies[COOKIE] = "ZQ-9000"
        said = client.get("/search/?q=seal").content.decode()
        assert "ZQ-9000" not in said
        assert "LM-400" in said
    assert "ZQ-9000" in world.field.get("/search/?q=seal").content.decode()


def test_similar_guides_are_asked_for_again(world: World) -> None:
    page = world.field.get(world.ticket.get_absolute_url())
    numbers = [guide.hit.document.number for guide in page.context["guides"]]
    assert numbers[0] == "SOP-OPEN"  # what is for the ticket's model stands first
    assert set(numbers) == {"SOP-OPEN", "SOP-CUSTOMER", "SOP-SECRET"}
    assert [str(guide.not_for) for guide in page.context["guides"]] == ["", "", "For other models"]
    # What is in the index by mistake is not shown.
    get_engine().index([document("999999", "Leaking seal", "The seal leaks", source="procedure")])
    assert "Leaking seal" not in world.field.get(world.ticket.get_absolute_url()).content.decode()
    assert world.customer.get(world.ticket.get_absolute_url()).status_code in (302, 403)


def test_what_is_on_hold_shows_no_text_to_programs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = registry.get_source("procedure")
    assert source is not None
    stopped = replace(source, warnings=lambda ids: dict.fromkeys(ids, "On hold"))
    monkeypatch.setitem(registry._sources, "procedure", stopped)
    hits = world.anonymous.get("/api/search/?q=seal&type=procedure").json()["hits"]
    assert [(h["warning"], h["snippet"], h["marks"], h["opens_at"]) for h in hits] == [
        ("On hold", "", [], "/procedures/SOP-OPEN/")
    ]
