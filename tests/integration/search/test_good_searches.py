"""Searches that helped are offered to others."""

from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kb.accounts.models import User
from search.engine import Engine
from search.log import good
from search.log.masking import MASK
from search.log.models import GoodSearch
from tests import factories as make
from tests.integration.search.conftest import Collection
from tests.integration.search.test_log import ask, links, logged, opened, staff

# Offered again


def helped(
    text: str, times: int = 3, *, role: str = "customer", to: str = "calibrate", **fields: Any
) -> None:
    rows = [logged(text, role=role, **fields) for _each in range(times)]
    opened(rows[0], to)


def offered(user: Any, typed: str) -> list[str]:
    GoodSearch.objects.all().delete()
    good.refresh(timezone.now())
    return good.offered(user, typed)


def test_searches_that_helped_are_offered_to_others(engine: Engine, client: Client) -> None:
    for _each in range(3):
        visitor = Client()
        page = links(ask("Calibrate Laser", visitor))
    visitor.get(page[0])
    good.refresh(timezone.now())
    fragment = client.get(reverse("search:suggest"), {"q": "cAli"}).content.decode()
    assert fragment.index("/guide/calibrate/") < fragment.index("/search/?q=Calibrate%20Laser")
    assert "Searched before" in fragment
    assert (
        "Searched before"
        not in client.get(reverse("search:suggest"), {"q": "calibrate laser"}).content.decode()
    )
    assert client.get(reverse("search:suggest"), {"q": ""}).content.strip() == b""


def test_only_what_helped_often_enough_is_offered(engine: Engine) -> None:
    customer = make.make_user()
    helped("las often")
    helped("las seldom", 2)
    helped("las in part", whole=0)
    helped("las filtered", filters={"kind": "repair"})
    helped(f"las secret {MASK}")
    helped("las " + "long " * 30)
    for _each in range(3):
        logged("las unopened")
    assert offered(customer, "las") == ["las often"]
    assert offered(customer, "LAS  o") == ["las often"]
    for typed in ("l", "", "las often", "x" * 500, "%", "_", "la\0", "\\"):
        assert offered(customer, typed) == []


def test_searches_of_the_staff_are_not_for_customers(engine: Engine) -> None:
    helped("laser customers")
    helped("laser engineers", 2, role="field")
    helped("laser engineers", 1, role="owner")
    assert offered(make.make_user(), "laser") == ["laser customers"]
    assert offered(make.field_engineer(), "laser") == ["laser engineers"]


def test_a_search_that_finds_nothing_for_the_reader_is_not_offered(
    engine: Engine, collection: Collection
) -> None:
    helped("laser secrets", role="field", to="secret")
    user = staff()
    insider, outsider = User.objects.get(pk=user.pk), make.field_engineer()
    assert offered(insider, "laser") == ["laser secrets"]
    assert offered(outsider, "laser") == []
    collection.hidden = {"secret"}
    assert good.offered(insider, "laser") == []


def test_the_table_is_made_anew_once_an_hour(engine: Engine) -> None:
    now = timezone.now()
    helped("laser one")
    good.refresh(now)
    helped("laser two")
    good.refresh(now + timedelta(minutes=59))
    assert GoodSearch.objects.count() == 1
    good.refresh(now + timedelta(minutes=61))
    assert GoodSearch.objects.count() == 2


def test_offering_reads_little(engine: Engine, django_assert_max_num_queries: Any) -> None:
    for n in range(20):
        helped(f"laser {n}")
    good.refresh(datetime.now(tz=timezone.get_current_timezone()))
    user = make.make_user()
    user.has_perm("procedures.view_internal")  # read once a request anyway
    with django_assert_max_num_queries(2):
        assert len(good.offered(user, "laser")) == good.OFFERED
