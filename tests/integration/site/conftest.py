"""A small world that every page of the site has something to say about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from kb.accounts.models import User
from procedures.models import Audience, ErrorCode, Machine, MachineModel, ProcedureVersion, ProductLine
from tests import factories
from tests.pristine import as_stored, built_once


@dataclass(frozen=True)
class World:
    line: ProductLine
    small: MachineModel
    large: MachineModel
    machine: Machine
    shared_code: ErrorCode  # cited by an internal guide and by one for customers
    internal_code: ErrorCode
    old_guide: ProcedureVersion  # small, before 2.0
    new_guide: ProcedureVersion  # small, 2.0 and later
    customer_guide: ProcedureVersion  # large
    public: ProcedureVersion
    engineer: User
    customer: User
    owner: User


def build() -> World:
    owner, approver = factories.procedure_owner(), factories.documentation_staff()
    line = factories.product_line("UPS")
    first, second, _third = factories.releases(line, "1.0", "2.0", "3.0")
    small = factories.machine_model(line, "U-100", ["lithium"])
    large = factories.machine_model(line, "U-200")
    module = factories.module(line, "FAN")
    shared = factories.error_code(line, "E-77/A", module=module)
    internal = factories.error_code(line, "E-99")

    def release(title: str, codes: list[ErrorCode], audience: str, **row: Any) -> ProcedureVersion:
        return factories.released(
            owner=owner,
            approver=approver,
            title=title,
            audience=audience,
            kind="error_handling",
            product_line=line,
            error_codes=codes,
            applies_to=[row] if row else [],
        )

    return World(
        line=line,
        small=small,
        large=large,
        machine=factories.machine(small, first, customer="Harbour Clinic"),
        shared_code=shared,
        internal_code=internal,
        old_guide=release(
            "Secret old guide", [shared, internal], Audience.INTERNAL, model=small, release_before=second
        ),
        new_guide=release("Secret new guide", [shared], Audience.INTERNAL, model=small, release_from=second),
        customer_guide=release("Guide for customers", [shared], Audience.CUSTOMER, model=large),
        public=release("Clean the filter", [], Audience.PUBLIC),
        engineer=factories.field_engineer(),
        customer=factories.make_user(),
        owner=owner,
    )


@pytest.fixture(scope="module")
def built_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with built_once(django_db_blocker, build) as world:
        yield world


@pytest.fixture
def world(built_world: World, db: None) -> World:
    return as_stored(built_world)


@pytest.fixture
def address(world: World) -> str:
    """Where a comment on the guide is sent."""
    return f"/review/{world.new_guide.number}/v/1.0/comment/"


def client_of(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client
