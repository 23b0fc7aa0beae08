"""What people search for, as those see it who look after the documentation: three reports, and nobody's secrets."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import ADMINISTRATOR
from procedures.models import ProcedureIndexPage
from search.log import reports
from search.log.reports import Kind, Scope, report
from tests import factories as make
from tests.factories import signed_in
from tests.integration.search.test_log import logged, opened

pytestmark = pytest.mark.django_db
ADDRESS, CSV = "/review/searches/", "/review/searches.csv"


@pytest.fixture
def docs() -> User:
    return make.documentation_staff()


@pytest.fixture
def administrator() -> User:
    return make.make_user("", ADMINISTRATOR)


def asked(text: str, *roles: str, led: int = 0, **fields: Any) -> None:
    for n, role in enumerate(roles):
        row = logged(text, role=role, **fields)
        if n < led:
            opened(row, "a")


def texts(kind: Kind, *, single: bool = True, **scope: Any) -> list[str]:
    found = report(kind, Scope(**scope), now=timezone.now(), may_read_single=single)
    return [row.text for row in found.rows]


def build_log() -> None:
    asked("often", "field", "field", "owner", "customer", led=2)
    asked("some", "docs", "customer")
    asked("nobody opens", "field", "field", "field", found=5)
    asked("missing", "field", "customer", found=0, whole=0)
    asked("no guide", "field", found=0, whole=0, language="zh-hans")
    asked("long ago", "field", asked_at=timezone.now() - timedelta(days=60))


def test_the_three_reports() -> None:
    build_log()
    assert texts(Kind.ASKED)[:2] == ["often", "nobody opens"]
    assert set(texts(Kind.ASKED)[2:]) == {"some", "missing", "no guide", "long ago"}
    assert texts(Kind.NOTHING) == ["missing", "no guide"]
    assert texts(Kind.UNOPENED)[0] == "nobody opens"
    assert "often" not in texts(Kind.UNOPENED)
    assert "missing" not in texts(Kind.UNOPENED)
    assert texts(Kind.NOTHING, language="zh-hans") == ["no guide"]
    assert texts(Kind.ASKED, role="owner") == ["often"]
    assert "long ago" not in texts(Kind.ASKED, days=30)
    assert "long ago" in texts(Kind.ASKED, days=90)
    asked("by a program", "field", channel="api")
    assert "by a program" not in texts(Kind.UNOPENED)
    row = report(Kind.ASKED, Scope(), now=timezone.now(), may_read_single=False).rows[0]
    assert (row.times, row.found, row.opened) == (4, 2, 2)


def test_what_was_kept_is_shown_without_what_no_page_may_have(docs: User) -> None:
    asked("be\x07fore\u202e \x1b the \ufffe\x9brules, tel 030 1234567", *["field"] * 3)
    for address in (ADDRESS, CSV):
        said = signed_in(docs).get(address).content.decode()
        assert "before  the rules, tel •••" in said
        assert not [character for character in "\x07\x1b\x9b\u202e\ufffe" if character in said]


def test_programs_are_left_out_unless_asked_for(docs: User) -> None:
    asked("pump", "field")
    asked("by ticket", "field", channel="ticket")
    asked("by a program", *["field"] * 9, channel="api", found=0, whole=0)
    asked("pump", *["field"] * 9, channel="api")
    assert [
        row.times for row in report(Kind.ASKED, Scope(), now=timezone.now(), may_read_single=True).rows
    ] == [
        1,
        1,
    ]
    assert texts(Kind.NOTHING) == []
    assert texts(Kind.NOTHING, channel="api") == ["by a program"]
    assert texts(Kind.ASKED, channel="ticket") == ["by ticket"]
    assert texts(Kind.ASKED, channel=reports.EVERY)[0] == "pump"
    client = signed_in(docs)
    assert "by a program" not in client.get(ADDRESS).content.decode()
    assert "by a program" not in client.get(CSV).content.decode()
    page = client.get(ADDRESS, {"channel": "api"}).content.decode()
    assert "by a program" in page
    assert '<option value="api" selected>' in page
    assert "by a program" in client.get(CSV, {"channel": "api"}).content.decode()


def test_what_single_customers_asked_is_for_administrators() -> None:
    asked("Smith's pump", "customer", "customer", found=0, whole=0)
    asked("pump", "customer", "customer", "customer", found=0, whole=0)
    asked("valve", "customer", "field", found=0, whole=0)
    assert texts(Kind.NOTHING, single=False) == ["pump", "valve"]
    assert "Smith's pump" in texts(Kind.NOTHING)
    found = report(Kind.NOTHING, Scope(), now=timezone.now(), may_read_single=False)
    assert (found.total, found.hidden) == (2, 1)
    # Narrowed down to the customers, a single one of them stays hidden.
    assert texts(Kind.NOTHING, single=False, role="customer") == ["pump"]


def test_a_report_is_bounded(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch, docs: User
) -> None:
    for n in range(12):
        asked(f"pump {n}", "field")
    with django_assert_num_queries(2):
        found = report(Kind.ASKED, Scope(), now=timezone.now(), may_read_single=False, limit=10)
    assert (len(found.rows), found.total) == (10, 12)
    monkeypatch.setattr("review.views.searches.SHOWN", 10)
    assert "The first 10 of 12" in signed_in(docs).get(ADDRESS).content.decode()
    assert reports.EXPORTED > reports.SHOWN


def test_the_page(docs: User, administrator: User) -> None:
    build_log()
    asked("Pump Müller & <b>", "customer", found=0, whole=0)
    page = signed_in(docs).get(ADDRESS, {"report": "nothing-found"}).content.decode()
    assert 'href="/search/?q=no%20guide&amp;unlogged=1"' in page
    folder = ProcedureIndexPage.objects.get()
    assert f"/admin/pages/add/procedures/procedurepage/{folder.pk}/" in page
    assert "Müller" not in page
    assert "1 more was asked by customers only" in page
    assert "?report=asked-most" in page
    whole = signed_in(administrator).get(ADDRESS, {"report": "nothing-found"}).content.decode()
    assert "Pump Müller &amp; &lt;b&gt;" in whole
    assert "asked by customers only" not in whole
    for given in ({}, {"report": "nothing-opened", "days": "7", "language": "zh-hans", "role": "field"}):
        chinese = signed_in(docs).get(ADDRESS, given, headers={"Accept-Language": "zh-hans"})
        assert chinese.status_code == 200


def test_the_filters_stay_with_the_reports(docs: User) -> None:
    page = signed_in(docs).get(ADDRESS, {"report": "nothing-found", "role": "field"}).content.decode()
    assert "?report=nothing-opened&amp;role=field" in page
    assert "/review/searches.csv?report=nothing-found&amp;role=field" in page
    assert '<option value="field" selected>' in page


def test_csv(docs: User) -> None:
    build_log()
    asked("=cmd|' /C calc'!A0", "field", "field", "field", "field", "field")
    asked("private", "customer")
    response = signed_in(docs).get(CSV)
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["text", "times_asked", "most_found", "times_opened", "last_asked"]
    assert rows[1][0].startswith("'=")  # no formula for a spreadsheet
    assert rows[2][:4] == ["often", "4", "2", "2"]
    assert "private" not in response.content.decode()


@pytest.mark.parametrize("address", [ADDRESS, CSV])
def test_who_may_read_it(address: str, docs: User, administrator: User) -> None:
    asked("private", "customer")
    anonymous = Client().get(address)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/")
    assert signed_in(make.make_user()).get(address).status_code == 404
    for colleague in (make.field_engineer(), make.procedure_owner()):
        assert signed_in(colleague).get(address).status_code == 403
    for reader in (docs, administrator):
        assert signed_in(reader).get(address).status_code == 200
        assert signed_in(reader).post(address).status_code == 405


@pytest.mark.parametrize(
    "given",
    [
        {"report": "all"}, {"days": "-1"}, {"days": "1e9"}, {"days": "٣"}, {"language": "xx"}, {"role": "'"},
        {"report": ""}, {"role": "🤷"}, {"channel": "all"},
    ],
)  # fmt: skip
def test_a_choice_that_there_is_not(docs: User, given: dict[str, str]) -> None:
    for address in (ADDRESS, CSV):
        assert signed_in(docs).get(address, given).status_code == 404


def test_it_is_found_from_the_inbox_and_the_desk(docs: User) -> None:
    client = signed_in(docs)
    assert ADDRESS in client.get("/review/inbox/").content.decode()
    assert ADDRESS in client.get("/admin/").content.decode()
    assert ADDRESS not in signed_in(make.procedure_owner()).get("/review/inbox/").content.decode()
