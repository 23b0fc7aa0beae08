"""What the tests of a module share is made once: its `build`."""

from collections.abc import Iterator
from typing import Any

import pytest

from procedures.models import ProcedureVersion
from tests.pristine import built_once


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """What the module's own `build` makes, once for all of its tests."""
    with built_once(django_db_blocker, request.module.build) as made:
        yield made


@pytest.fixture
def version(built: int, db: None) -> ProcedureVersion:
    """The version whose key the module's own `build` gives, as it is in the database now."""
    return ProcedureVersion.objects.get(pk=built)
