"""An owner and a procedure of theirs, not released yet; a service level for every line."""

from collections.abc import Iterator
from typing import Any

import pytest

from kb.accounts.models import User
from procedures.models import ProcedurePage
from review.models import ServiceLevel
from tests import factories as make
from tests.pristine import built_once


@pytest.fixture
def owner(db: None) -> User:
    return make.procedure_owner()


@pytest.fixture
def page(owner: User) -> ProcedurePage:
    return make.working_copy(by=owner, procedure_owner=owner, product_line=make.product_line())


@pytest.fixture
def level(db: None) -> ServiceLevel:
    return ServiceLevel.objects.create(first_answer_days=3, decision_days=10)


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """What the module's own `build` makes, once for all of its tests."""
    with built_once(django_db_blocker, request.module.build) as made:
        yield made
