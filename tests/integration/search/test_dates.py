"""A rebuild changes no date: what the search sorts by and counts is when a record last changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures import reindexing
from procedures.models import ErrorCode
from search import queries
from search.engine import NEWEST, SearchQuery
from search.indexing import rebuild
from search.models import SearchDocument
from search.registry import get_source
from tests import factories as make

# A rebuild commits by itself where the index lies beside the database.
pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def age(*records: Any) -> None:
    for record in records:
        record.history.update(history_date=LONG_AGO)


def dates() -> dict[str, datetime]:
    return dict(SearchDocument.objects.values_list("source", "updated_at"))


@pytest.fixture
def records() -> dict[str, Any]:
    line = make.product_line("LM")
    model = make.machine_model(line, "LM-500")
    machine = make.machine(model, make.releases(line)[0])
    return {"error_code": make.error_code(line, "E-1", meaning="quokka"), "model": model, "machine": machine}


def test_a_rebuild_changes_no_date(records: dict[str, Any]) -> None:
    age(*records.values())
    rebuild()
    assert dates() == dict.fromkeys(records, LONG_AGO)
    rebuild()
    assert dates() == dict.fromkeys(records, LONG_AGO)
    user = make.User(is_superuser=True, is_active=True)
    asked = SearchQuery(text="quokka", scopes=frozenset(), sort=NEWEST)
    assert queries.find(user, asked).facets["updated"] == {}


def test_a_change_is_one(records: dict[str, Any]) -> None:
    age(*records.values())
    rebuild()
    records["error_code"].meaning = "wombat"
    records["error_code"].save()
    assert dates()["error_code"] > LONG_AGO + timedelta(days=1)
    assert dates()["model"] == LONG_AGO


def test_without_a_history_the_date_stays_that_is_stored(records: dict[str, Any]) -> None:
    code = records["error_code"]
    ErrorCode.history.all().delete()  # type: ignore[attr-defined]  # simple_history's
    SearchDocument.objects.filter(source="error_code").update(updated_at=LONG_AGO)
    reindexing.changed(ErrorCode, [], [code.pk], ())
    assert dates()["error_code"] == LONG_AGO


def test_all_dates_take_one_query(records: dict[str, Any]) -> None:
    for n in range(3):
        make.error_code(records["error_code"].product_line, f"F-{n}")
    source = get_source("error_code")
    assert source is not None
    with CaptureQueriesContext(connection) as captured:
        assert len(list(source.documents(None))) == 4
    assert sum("historicalerrorcode" in query["sql"] for query in captured) == 1
