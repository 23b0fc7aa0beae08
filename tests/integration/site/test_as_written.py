"""An address that names one thing in other capitals, separators or widths leads on to that thing."""

from urllib.parse import quote

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.tickets.actions import open_ticket
from procedures.models import Machine
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine() -> Machine:
    line = make.product_line("LM")
    make.error_code(line, "E-1042")
    make.error_code(line, "1-12")
    make.error_code(make.product_line("NX"), "E-1042")
    machine = make.machine(make.machine_model(line, "LM-200"), make.releases(line)[0])
    Machine.objects.filter(pk=machine.pk).update(serial="LM2-23-0041")
    return machine


@pytest.fixture
def engineer() -> User:
    return make.field_engineer()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/codes/LM/e-1042/", "/codes/LM/E-1042/"),
        ("/codes/LM/E1042/", "/codes/LM/E-1042/"),
        ("/codes/lm/E-1042/", "/codes/LM/E-1042/"),
        ("/codes/lm/Ｅ １０４２/", "/codes/LM/E-1042/"),
        ("/codes/nx/e1042/?model=A&release=1", "/codes/NX/E-1042/?model=A&release=1"),
        ("/models/lm-200/", "/models/LM-200/"),
        ("/models/LM200/", "/models/LM-200/"),
        ("/machines/lm2-23-0041/?kind=x", "/machines/LM2-23-0041/?kind=x"),
        ("/equipment/lm/", "/equipment/LM/"),
    ],
)
def test_it_leads_on(machine: Machine, engineer: User, typed: str, meant: str) -> None:
    staff = make.signed_in(engineer)
    response = staff.get(quote(typed, safe="/?=&"))
    assert (response.status_code, response.headers.get("Location")) == (302, meant)
    assert staff.get(meant).status_code == 200


@pytest.mark.parametrize(
    "address", ["/codes/LM/E-1043/", "/codes/LM/11-2/", "/codes/LM/-/", "/models/lm-3/", "/machines/x/"]
)
def test_what_means_nothing_stays_unknown(machine: Machine, engineer: User, address: str) -> None:
    assert make.signed_in(engineer).get(address).status_code == 404


def test_what_means_two_things_leads_nowhere(machine: Machine, engineer: User) -> None:
    make.error_code(machine.model.product_line, "E_1042")
    make.machine_model(machine.model.product_line, "lm_200")
    staff = make.signed_in(engineer)
    assert staff.get("/codes/LM/E1042/").status_code == 404
    assert staff.get("/codes/LM/e-1042/")["Location"] == "/codes/LM/E-1042/"
    assert staff.get("/models/LM200/").status_code == 404


def test_what_somebody_may_not_see_is_unknown_however_written(machine: Machine) -> None:
    for who in (Client(), make.signed_in(make.make_user())):
        assert who.get("/codes/LM/e1042/").status_code == 404
    assert make.signed_in(make.make_user()).get("/machines/lm2-23-0041/").status_code == 404


@pytest.mark.parametrize("typed", ["SOP2003", "ＳＯＰ－２００３", "sop.2003"])
def test_a_procedures_number_may_be_spelled_otherwise(db: None, typed: str) -> None:
    version = make.released(number="SOP-2003")
    staff = make.signed_in(version.page.procedure_owner)
    response = staff.get(f"/procedures/{quote(typed)}/history/?page=1")
    assert (response.status_code, response["Location"]) == (302, "/procedures/SOP-2003/history/?page=1")
    assert Client().get(f"/procedures/{quote(typed)}/").status_code == 404  # it is internal
    make.released(number="SOP_2003")
    assert staff.get(f"/procedures/{quote('sop 2003')}/").status_code == 404  # never a guess between two
    make.released(number="SOP-1.12")
    assert staff.get("/procedures/SOP-11.2/").status_code == 404


@pytest.mark.parametrize("typed", ["T00001", "Ｔ－０００01", "t-1"])
def test_a_tickets_number_may_be_spelled_otherwise(machine: Machine, engineer: User, typed: str) -> None:
    ticket = open_ticket(machine=machine, error_code=None, symptom="x", severity="minor", by=engineer)
    digits = ticket.number.removeprefix("T-")
    typed = typed.replace("00001", digits).replace("０００01", digits).replace("-1", f"-{int(digits)}")
    response = make.signed_in(engineer).get(f"/tickets/{quote(typed)}/")
    assert response.context["ticket"] == ticket


def test_a_code_is_asked_about_for_a_model_in_any_spelling(machine: Machine, engineer: User) -> None:
    staff = make.signed_in(engineer)
    shown = staff.get("/codes/LM/E-1042/?model=lm200")
    assert shown.context["page"].question.situation.model == machine.model
    make.machine_model(machine.model.product_line, "LM_200")
    assert staff.get("/codes/LM/E-1042/?model=lm200").context["page"].question.problems
