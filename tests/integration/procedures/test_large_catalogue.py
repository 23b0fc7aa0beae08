"""A customer's page of a product line with thousands of codes: a few queries, and no row more than it shows."""

from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from procedures.models import Audience, ErrorCode, ProcedureVersion
from procedures.queries import codes_visible_to
from procedures.views.equipment import CODES_A_PAGE
from tests import factories as make

CODES = 5_000


@pytest.mark.django_db
def test_five_thousand_codes_cost_no_more_than_a_page_of_them() -> None:
    line = make.product_line("LM")
    made = ErrorCode.objects.bulk_create(
        ErrorCode(product_line=line, code=f"E-{n:05d}", meaning=f"Fault {n}") for n in range(CODES)
    )
    version = make.released(audience=Audience.CUSTOMER, product_line=line, error_codes=made[:1])
    through = ProcedureVersion.error_codes.through
    rest = ErrorCode.objects.exclude(pk__in=[code.pk for code in (made[0], made[-1])])
    internal = make.released(product_line=line, error_codes=made[-1:])
    with connection.cursor() as cursor:  # as an import of as many would leave it
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the commit holds the table
        for trigger in _triggers(cursor, through._meta.db_table):
            cursor.execute(trigger)
    through.objects.bulk_create(
        through(procedureversion_id=version.pk, errorcode_id=pk) for pk in rest.values_list("pk", flat=True)
    )
    customer = make.make_user()
    client = make.signed_in(customer)
    seen: list[Any] = []

    def note(sender: Any, instance: Any, **kwargs: Any) -> None:
        seen.append(instance)

    post_init.connect(note, sender=ErrorCode)
    try:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            shown = client.get("/equipment/LM/?page=7")
    finally:
        post_init.disconnect(note, sender=ErrorCode)
    assert shown.context["page_obj"].paginator.count == CODES - 1
    assert len(shown.context["page_obj"].object_list) == CODES_A_PAGE
    assert len(seen) <= 2 * CODES_A_PAGE
    assert len(asked) <= 20
    assert internal.error_codes.get() not in codes_visible_to(customer)
    if connection.vendor == "sqlite":
        assert "CORRELATED" not in codes_visible_to(customer).explain().split("LIST SUBQUERY")[0]


def _triggers(cursor: Any, table: str) -> list[str]:
    """What drops the triggers of the table."""
    if connection.vendor == "postgresql":
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER"]
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
    return [f"DROP TRIGGER {name}" for (name,) in cursor.fetchall()]
