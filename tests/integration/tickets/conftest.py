"""A machine, its code, and a procedure that has been replaced once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.tickets import actions
from kb.tickets.models import Ticket
from procedures.models import ErrorCode, Machine, ProcedurePage, ProcedureVersion
from tests import factories
from tests.pristine import as_stored, built_once


@dataclass
class Scene:
    engineer: User
    owner: User
    approver: User
    machine: Machine
    code: ErrorCode
    foreign_code: ErrorCode
    old: ProcedureVersion
    ticket: Ticket

    def release_next(self) -> ProcedureVersion:
        page = ProcedurePage.objects.get(pk=self.old.page_id)
        page.title = "Replace the fan, better"
        page.save_revision(user=self.owner)
        return factories.release(page, by=self.owner, approver=self.approver, summary="Better")


def build() -> Scene:
    line, other = factories.product_line("LM"), factories.product_line("NX")
    model = factories.machine_model(line, "LM-200")
    machine = factories.machine(model, factories.releases(line)[0], customer="河湾印刷厂")
    code = factories.error_code(line, "E-1042")
    foreign = factories.error_code(other, "X-1")
    owner, approver, engineer = (
        factories.procedure_owner(),
        factories.documentation_staff(),
        factories.field_engineer("mei"),
    )
    old = factories.released(
        owner=owner,
        approver=approver,
        number="SOP-1001",
        product_line=line,
        applies_to=[{"model": model}],
        error_codes=[code],
    )
    ticket = actions.open_ticket(
        machine=machine, error_code=code, symptom="风扇异响 fan noise", severity="medium", by=engineer
    )
    return Scene(engineer, owner, approver, machine, code, foreign, old, ticket)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    with built_once(django_db_blocker, build) as scene:
        yield scene


@pytest.fixture
def scene(built: Scene, db: None) -> Scene:
    return as_stored(built)


@pytest.fixture
def browser(scene: Scene, client: Client) -> Client:
    client.force_login(scene.engineer)
    return client
