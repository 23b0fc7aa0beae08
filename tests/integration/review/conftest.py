"""An owner and a procedure of theirs, not released yet; a service level for every line."""

import pytest

from kb.accounts.models import User
from procedures.models import ProcedurePage
from review.models import ServiceLevel
from tests import factories as make


@pytest.fixture
def owner(db: None) -> User:
    return make.procedure_owner()


@pytest.fixture
def page(owner: User) -> ProcedurePage:
    return make.working_copy(by=owner, procedure_owner=owner, product_line=make.product_line())


@pytest.fixture
def level(db: None) -> ServiceLevel:
    return ServiceLevel.objects.create(first_answer_days=3, decision_days=10)
