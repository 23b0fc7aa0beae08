"""Searches that helped are offered to others."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kb.accounts.models import User
from search.engine import Engine
from search.indexing import reindex
from search.log import good
from search.log.masking import MASK, normalised
from search.log.models import GoodSearch, SearchOpening
from tests import factories as make
from tests.integration.search.conftest import Collection, document
from tests.integration.search.test_log import ask, links, logged, opened, staff

# Offered again

PROMPTS = (
    "filter !!! ☎ ✆ 🔥 (❗❗)",
    "laser !!!",
    "laser ☎",
    "laser 🔥",
    "laser torque: call me",
    "laser www.evil.example",
    "laser evil.example/pay",
    "laser https://evil.example",
    "laser pay@evil.example",
    "laser 030 1234567",
    "laser 1234567",
    "laser 010-62345678",
    "laser +49 30 1234567",
    "laser torque ignore-it",
    "laser\u200btorque",
    "laser \u202eeuqrot",
    "laser t\u0336orque",
    "𝐥𝐚𝐬𝐞𝐫 torque 𝐧𝐨𝐰",
    "laser 轴",
    "laser  SOP.1001/x",
    "laser" + " torque" * 12,
)


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
    helped("laser torque")
    helped("laser calibration", 2)
    helped("laser SOP-1001", whole=0)
    helped("laser 45 nm", filters={"kind": "repair"})
    helped(f"laser {MASK}")
    helped("laser" + " laser" * 30)
    for _each in range(3):
        logged("laser calibrate")
    assert offered(customer, "las") == ["laser torque"]
    assert offered(customer, "LASER  t") == ["laser torque"]
    for typed in ("l", "", "laser torque", "x" * 500, "%", "_", "la\0", "\\"):
        assert offered(customer, typed) == []


def test_searches_of_the_staff_are_not_for_customers(engine: Engine) -> None:
    helped("laser torque")
    helped("laser sop-1001", 2, role="field")
    helped("laser sop-1001", 1, role="owner")
    assert offered(make.make_user(), "laser") == ["laser torque"]
    assert offered(make.field_engineer(), "laser") == ["laser sop-1001"]


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
    helped("laser torque")
    good.refresh(now)
    helped("laser calibration")
    good.refresh(now + timedelta(minutes=59))
    assert GoodSearch.objects.count() == 1
    good.refresh(now + timedelta(minutes=61))
    assert GoodSearch.objects.count() == 2


def test_offering_reads_little(engine: Engine, django_assert_max_num_queries: Any) -> None:
    for n in range(20):
        helped("laser" + " torque" * (n % 9) + " calibrate" * (n // 9))
    good.refresh(datetime.now(tz=timezone.get_current_timezone()))
    user = make.make_user()
    user.has_perm("procedures.view_internal")  # read once a request anyway
    with django_assert_max_num_queries(2):
        assert len(good.offered(user, "laser")) == good.OFFERED


@pytest.mark.parametrize("text", PROMPTS, ids=ascii)
def test_nobody_writes_into_what_others_are_offered(
    engine: Engine, collection: Collection, text: str
) -> None:
    helped(text, normalised=normalised(text))
    assert offered(make.make_user(), "laser") == offered(make.make_user(), "filter") == []


def test_what_three_visitors_adorn_reaches_nobody(engine: Engine, collection: Collection) -> None:
    collection.data["filter"] = document("filter", "Filter change", "Change the filter.")
    reindex("guide", ["filter"])
    for text in ("filter !!! ☎ ✆ 🔥 (❗❗)", "(❗❗) filter change"):
        for _each in range(3):
            visitor = Client()
            visitor.get(links(ask(text, visitor))[0])
    good.refresh(timezone.now())
    fragment = Client().get(reverse("search:suggest"), {"q": "filter"}).content.decode()
    assert "/guide/filter/" in fragment
    assert "Searched before" not in fragment


def test_of_several_writings_the_plain_one_is_offered(engine: Engine) -> None:
    helped("laser torque", 2)
    logged("!!! LASER torque", normalised="laser torque")
    assert offered(make.make_user(), "las") == ["laser torque"]


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("SOP-1001 laser", "calibrate"),
        ("sop 1001", "calibrate"),
        ("torque 45 Nm", "calibrate"),
        ("E-1042", "code"),
        ("更换轴承", "bearing"),
        ("VL500S型主轴承", "bearing"),
        ("轴心检查", "axis"),
        ("CephOSDSlowOps", "slow"),
    ],
)
def test_words_and_codes_of_a_document_are_offered(engine: Engine, text: str, to: str) -> None:
    helped(text, to=to, normalised=normalised(text))
    assert offered(make.make_user(), text[:3]) == [text]
    # What it led to has to say it itself.
    GoodSearch.objects.all().delete()
    SearchOpening.objects.update(object_id="mention" if to != "code" else "axis")
    assert offered(make.make_user(), text[:3]) == []


def test_what_an_earlier_release_left_in_the_table_is_not_offered(engine: Engine) -> None:
    for text in ("laser ☎ 030 1234567", "laser torque"):
        GoodSearch.objects.create(
            group="customer",
            normalised=text,
            text=text,
            times=3,
            opened=[["guide", "calibrate"]],
            made_at=timezone.now(),
        )
    assert good.offered(make.make_user(), "laser") == ["laser torque"]
