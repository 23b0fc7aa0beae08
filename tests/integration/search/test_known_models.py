"""A model that no text for others names is shown to the staff only, wherever models are named; what is for a whole
product line names none."""

from typing import Any

import pytest
from django.test import Client

from procedures.actions import withdraw_version
from procedures.models import Machine, MachineModel, ProductLine
from search.models import SearchDocument
from search.my_model import COOKIE
from tests import factories as make

pytestmark = pytest.mark.django_db

SECRETS = ("LM-900X", "Zephyrsecret")


def build() -> int:
    """Key of a line with a model that a public guide names, one for customers, and one that nobody outside is told of."""
    line = make.product_line("LM")
    make.releases(line)
    for code in ("LM-400", "LM-500"):
        make.machine_model(line, code)
    MachineModel.objects.create(
        product_line=line, code="LM-900X", name="Zephyrsecret prototype", options=["zephyrsecret"]
    )
    code = make.error_code(line, "E-1318", meaning="The seal leaks")
    people = {"owner": make.procedure_owner(), "approver": make.documentation_staff()}
    steps = [make.step("seal", body="Look at the seal.")]
    make.released(
        number="SOP-OPEN", title="Open seal", audience="public", product_line=line, error_codes=[code],
        applies_to=[{"model": MachineModel.objects.get(code="LM-400")}], steps=steps, **people,
    )  # fmt: skip
    make.released(
        number="SOP-LINE", title="Every seal", audience="public", product_line=line, steps=steps, **people
    )
    make.released(
        number="SOP-CUSTOMER", title="Customer's seal", audience="customer", product_line=line,
        applies_to=[{"model": MachineModel.objects.get(code="LM-500")}], steps=steps, **people,
    )  # fmt: skip
    return line.pk


@pytest.fixture
def line(built: int, db: None) -> ProductLine:
    return ProductLine.objects.get(pk=built)


def release_for(model: str, audience: str = "public", **fields: Any) -> Any:
    found = MachineModel.objects.get(code=model)
    return make.released(audience=audience, applies_to=[{"model": found}], **fields)


def models_of(source: str, number: str) -> list[str]:
    return SearchDocument.objects.get(source=source, number=number).models


PUBLIC_PAGES = [
    "/search/?q=seal",
    "/search/?q=E-1318",
    "/search/?q=seal&kind=warning",
    "/search/suggest/?q=LM",
    "/api/search/?q=seal",
    "/api/search/?q=E-1318",
    "/api/search/suggestions/?q=LM",
    "/equipment/LM/codes/E-1318/",
    "/equipment/LM/codes/E-1318/?model=LM-400",
    "/procedures/",
    "/procedures/?model=LM-400",
]
CUSTOMERS_PAGES = [*PUBLIC_PAGES, "/equipment/", "/equipment/LM/"]


def code_page(line: ProductLine) -> str:
    return line.error_codes.get().get_absolute_url()


def pages(line: ProductLine, addresses: list[str]) -> list[str]:
    return [
        each.replace("/equipment/LM/codes/E-1318/", code_page(line)).replace(
            "/equipment/LM/", line.get_absolute_url()
        )
        for each in addresses
    ]


def test_nobody_outside_is_told_of_it(line: ProductLine) -> None:
    for client, addresses in ((Client(), PUBLIC_PAGES), (make.signed_in(make.make_user()), CUSTOMERS_PAGES)):
        for address in pages(line, addresses):
            response = client.get(address)
            assert response.status_code == 200, address
            assert not [secret for secret in SECRETS if secret in response.content.decode()], address
        # Nor that there is one of a name that somebody guesses.
        assert client.get("/api/search/?q=LM-900X").json()["total"] == 0
        assert client.get("/api/search/?q=seal&model=LM-900X").json()["total"] == 0
        assert "LM-400" in client.get(pages(line, PUBLIC_PAGES)[7]).content.decode()
    guessed = MachineModel.objects.get(code="LM-900X").get_absolute_url()
    assert make.signed_in(make.make_user()).get(guessed).status_code == 404


def test_customers_know_more_than_visitors(line: ProductLine) -> None:
    assert "LM-500" not in Client().get(code_page(line)).content.decode()
    customer = make.signed_in(make.make_user())
    assert "LM-500" in customer.get(code_page(line)).content.decode()
    facets = customer.get("/api/search/?q=seal").json()["facets"]["model"]
    assert {row["value"] for row in facets} == {"LM-400", "LM-500"}
    # A code that everybody may find says to nobody what only customers may know.
    assert models_of("error_code", "E-1318") == ["LM-400", "LM *"]


def test_the_staff_see_all(line: ProductLine) -> None:
    staff = make.signed_in(make.field_engineer())
    for address in (code_page(line), "/equipment/", line.get_absolute_url(), "/procedures/"):
        assert "LM-900X" in staff.get(address).content.decode()
    release_for("LM-900X", "internal", title="Seal inside")
    facets = staff.get("/api/search/?q=seal").json()["facets"]["model"]
    assert {"LM-400", "LM-500", "LM-900X"} == {row["value"] for row in facets}


def test_what_is_for_the_line_is_for_a_model_that_is_not_named(line: ProductLine) -> None:
    staff = make.signed_in(make.field_engineer())
    make.machine_model(make.product_line("VX"), "VX-1")
    for model, applies in (("LM-900X", {"SOP-LINE": "yes", "SOP-OPEN": "no"}), ("VX-1", {"SOP-LINE": "no"})):
        staff.cookies[COOKIE] = model
        shown = staff.get("/search/?q=seal").context["search"].hits
        found = {hit.hit.document.number: hit for hit in shown}
        assert {number: found[number].applies for number in applies} == applies
        assert found["SOP-LINE"].models == ["LM-400"]


def test_whoever_looks_after_one_knows_its_model(line: ProductLine) -> None:
    customer = make.make_user()
    model = MachineModel.objects.get(code="LM-900X")
    customer.machines.add(Machine.objects.create(serial="LM9-1", model=model, release=line.releases.first()))
    client = make.signed_in(customer)
    assert "LM-900X" in client.get(code_page(line)).content.decode()
    client.post("/search/my-model/", {"model": "LM-900X"})
    assert client.cookies[COOKIE].value == "LM-900X"


def test_a_text_that_names_it_tells_of_it(line: ProductLine) -> None:
    assert models_of("error_code", "E-1318") == models_of("procedure", "SOP-LINE") == ["LM-400", "LM *"]
    customers = release_for("LM-900X", "customer")
    assert models_of("error_code", "E-1318") == ["LM-400", "LM *"]
    assert "LM-900X" in make.signed_in(make.make_user()).get(code_page(line)).content.decode()
    version = release_for("LM-900X")
    assert models_of("error_code", "E-1318") == ["LM-400", "LM-900X", "LM *"]
    assert "LM-900X" in Client().get(code_page(line)).content.decode()
    release_for("LM-500")
    assert models_of("procedure", "SOP-LINE") == ["LM-400", "LM-500", "LM-900X", "LM *"]
    withdraw_version(version=version, by=make.documentation_staff(), reason="No longer sold.")
    assert (
        models_of("error_code", "E-1318")
        == models_of("procedure", "SOP-LINE")
        == ["LM-400", "LM-500", "LM *"]
    )
    assert "LM-900X" not in Client().get(code_page(line)).content.decode()
    assert customers.is_effective


def test_a_line_of_which_no_model_is_named_stays_apart_from_others(line: ProductLine) -> None:
    other = make.product_line("VX")
    make.machine_model(other, "VX-1")
    make.released(number="SOP-VX", title="Seal of VX", audience="public", product_line=other)
    assert models_of("procedure", "SOP-VX") == ["VX *"]
    found = Client().get("/api/search/?q=seal&model=LM-400").json()["hits"]
    assert "SOP-VX" not in {hit["number"] for hit in found}
    (hit,) = Client().get("/api/search/?q=SOP-VX").json()["hits"]
    assert hit["models"] == ["VX *"]  # an empty list would say that it is for every machine
    page = Client().get("/search/?q=seal").content.decode()
    assert " *" not in page
