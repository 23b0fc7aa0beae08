"""The log of searches: what is kept of them and of what was opened, and that it is never in anybody's way."""

import logging
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core import signing
from django.core.signals import request_finished
from django.db import DatabaseError, IntegrityError, close_old_connections, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils import timezone

from kb.accounts.models import User
from search.engine import Engine, SearchQuery
from search.log import good, keeping
from search.log.keeping import COOKIE, Opening
from search.log.masking import MASK
from search.log.models import Channel, GoodSearch, SearchLog, SearchOpening
from search.log.tidying import tidy
from search.queries import find
from tests import factories as make
from tests.factories import signed_in

RESULTS = "/search/"
NOTHING = override_settings(REDLINE_SEARCH_LOG_DAYS=0)


def ask(text: str, client: Client | None = None, **more: str) -> str:
    """The page, asked in a visit of its own unless a client is given."""
    response = (client or Client()).get(RESULTS, {"q": text, **more})
    assert response.status_code == 200
    return response.content.decode()


def links(page: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'href="([^"]+from-search=[^"]+)"', page)]


def sent(response: HttpResponse) -> None:
    """As the server does after the last byte, but that the test goes on with the connection."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def staff() -> User:
    """Sees what is internal, too."""
    user = make.field_engineer()
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return user


def logged(text: str = "laser", **fields: Any) -> SearchLog:
    n = SearchLog.objects.count()
    values: dict[str, Any] = {
        "key": f"key-{n}",
        "asked_at": timezone.now(),
        "text": text,
        "normalised": text.casefold(),
        "found": 2,
        "whole": 2,
        "language": "en",
        "role": "customer",
        "channel": Channel.PAGE,
    }
    return SearchLog.objects.create(**values | fields)


def opened(search: SearchLog, object_id: str) -> SearchOpening:
    return SearchOpening.objects.create(search=search, source="guide", object_id=object_id, rank=1)


# What is kept


def test_a_search_is_kept_without_a_person(engine: Engine) -> None:
    client = signed_in(staff())
    client.get(RESULTS, {"q": "Laser  E-1042?", "kind": "secret"}, headers={"Accept-Language": "zh-hans"})
    (row,) = SearchLog.objects.all()
    assert (row.text, row.normalised) == ("Laser  E-1042?", "laser e-1042")
    assert row.filters == {"kind": "secret"}
    assert (row.found, row.whole, row.language) == (1, 1, "zh-hans")
    assert (row.role, row.channel) == ("field", "page")
    assert row.asked_at.microsecond == 0
    names = {field.name for field in SearchLog._meta.get_fields()} - {"openings"}
    assert names == {
        "id", "key", "asked_at", "text", "normalised", "filters", "found", "whole", "language", "role", "channel",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (make.make_user, "customer"),
        (make.procedure_owner, "owner"),
        (make.documentation_staff, "docs"),
        (lambda: make.make_user("", "Administrator"), "admin"),
        (None, "customer"),
    ],
)
def test_the_role_is_one_word(engine: Engine, who: Any, role: str) -> None:
    ask("laser", signed_in(who()) if who else None)
    assert SearchLog.objects.get().role == role


def test_pages_and_filters_of_a_search_are_part_of_it(engine: Engine, client: Client) -> None:
    first = links(ask("E-1042", client))
    for more in ({"kind": "repair"}, {"page": "2"}, {"q": " e-1042 "}):
        again = links(client.get(RESULTS, {"q": "E-1042", **more}).content.decode())
    assert SearchLog.objects.count() == 1
    key = SearchLog.objects.get().key
    assert {
        keeping.read(link.partition("from-search=")[2].partition("#")[0])[0].key for link in [*first, *again]
    } == {key}
    ask("laser", client)
    ask("E-1042", client)
    assert SearchLog.objects.count() == 2
    ask("E-1042")  # somebody else
    assert SearchLog.objects.count() == 3


def test_searches_of_one_browser_are_not_tied_together(engine: Engine, client: Client) -> None:
    for n in range(7):
        ask(f"laser {n}", client)
    assert len(set(SearchLog.objects.values_list("key", flat=True))) == 7
    cookie = client.cookies[COOKIE]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["max-age"]) == (RESULTS, 1800)
    assert cookie.value.count("~") == 4
    assert "laser" not in cookie.value


def test_what_is_not_a_search_is_not_kept(engine: Engine, client: Client) -> None:
    ask("", client)
    ask("   ", client)
    ask("，，，", client)
    ask("laser", client, page="3")  # a further page that was handed on
    client.head(RESULTS, {"q": "laser"})
    ask("laser", client, unlogged="1")  # whoever reads the reports looks what others saw
    client.get(RESULTS, {"q": "laser"}, headers={"Sec-Purpose": "prefetch;prerender"})
    client.get(reverse("search:suggest"), {"q": "las"})
    assert not SearchLog.objects.exists()
    with NOTHING:
        page = ask("laser", client)
    assert "/guide/calibrate/" in page
    assert "from-search" not in page
    assert not SearchLog.objects.exists()
    assert COOKIE not in client.cookies


def test_secrets_are_masked(engine: Engine) -> None:
    ask("laser password: hunter2")
    assert SearchLog.objects.get().text == f"laser password: {MASK}"


def test_a_log_that_cannot_be_written_breaks_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("database is locked")

    link = links(ask("laser"))[0]
    monkeypatch.setattr(SearchLog, "save", fail)
    monkeypatch.setattr(SearchOpening.objects, "bulk_create", fail)
    with caplog.at_level(logging.ERROR):
        assert links(ask("laser"))
        assert Client().get(link).status_code == 302
    assert caplog.text.count("a search could not be logged") == 2


def test_it_is_written_after_the_answer(engine: Engine) -> None:
    request = RequestFactory().get(RESULTS, {"q": "laser"})
    request.user = make.make_user()
    query = SearchQuery(text="laser", scopes=frozenset())
    asked = keeping.begin(request, query, find(request.user, query), Channel.API)
    assert asked is not None
    response = HttpResponse()
    asked.keep(response)
    assert not SearchLog.objects.exists()
    assert COOKIE not in response.cookies  # a program's searches each count
    sent(response)
    assert SearchLog.objects.get().channel == "api"


@pytest.mark.parametrize(
    "text",
    ["a\0b", "a\ud800", "x" * 10_000, "'; DROP TABLE", "a" + "🤷" * 900, "‮abc", "%00"],
    ids=lambda text: ascii(text[:12]),
)
def test_any_text_is_kept_or_not(engine: Engine, text: str) -> None:
    """As it comes from a program's JSON, too, where no address is in the way."""
    request = RequestFactory().get(RESULTS)
    request.user = make.make_user()
    query = SearchQuery(text=text[:2_000], kind=text, scopes=frozenset())
    asked = keeping.begin(request, query, find(request.user, SearchQuery(text="laser", scopes=frozenset())))
    assert asked is not None
    response = HttpResponse()
    asked.keep(response)
    sent(response)
    assert SearchLog.objects.count() == 1


@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "\u202e \u200b", "，，，", "--", ". . .", "?", "“”", "🤷", "4111 1111 1111 1111"],
    ids=ascii,
)
def test_what_has_no_letter_and_no_digit_to_be_kept_asks_nothing(engine: Engine, text: str) -> None:
    request = RequestFactory().get(RESULTS)
    request.user = make.make_user()
    found = find(request.user, SearchQuery(text="laser", scopes=frozenset()))
    assert keeping.begin(request, SearchQuery(text=text, scopes=frozenset()), found) is None


@pytest.mark.parametrize("cookie", ["x", "~" * 50, "a.b~c.d", "é" * 16 + ".0123456789abcdef", "A" * 9_000])
def test_a_forged_cookie_is_nothing(engine: Engine, cookie: str) -> None:
    client = Client(headers={"cookie": f"{COOKIE}={cookie}"})
    assert client.get(RESULTS, {"q": "laser"}).status_code == 200
    assert SearchLog.objects.count() == 1


def test_the_database_holds_what_must_be(db: None) -> None:
    for wrong in ({"found": 1, "whole": 2}, {"normalised": ""}, {"channel": "radio"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            logged(**wrong)
    search = logged()
    opened(search, "a")
    with pytest.raises(IntegrityError), transaction.atomic():
        opened(search, "a")


# What was opened


def test_opening(engine: Engine, client: Client) -> None:
    page = links(ask("E-1042", client))
    for _twice in range(2):
        response = client.get(page[1])
    assert response.status_code == 302
    assert response["Location"] == "/guide/mention/"
    assert "no-store" in response["Cache-Control"]
    (opening,) = SearchOpening.objects.all()
    assert (opening.source, opening.object_id, opening.rank) == ("guide", "mention", 2)
    assert opening.search == SearchLog.objects.get()
    client.head(page[0])
    client.get(page[0], headers={"Sec-Purpose": "prefetch"})
    assert SearchOpening.objects.count() == 1


def test_it_opens_at_the_passage(engine: Engine) -> None:
    """A browser keeps what follows # when it is led on."""
    address = Opening("none", "guide", "code", 1).added_to("/guide/code/?x=1#step-3")
    assert address.startswith("/guide/code/?x=1&from-search=")
    assert address.endswith("#step-3")
    assert Client().get(address)["Location"] == "/guide/code/?x=1"
    assert not SearchOpening.objects.exists()  # of a search that is not in the log


def test_a_link_that_was_handed_on_leads_there_and_is_not_counted(
    engine: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = links(ask("E-1042", client))[0]
    monkeypatch.setattr(keeping, "COUNTED", -1)
    assert client.get(link).status_code == 302
    assert not SearchOpening.objects.exists()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "a:b:c",
        "é:ü:ß",
        "x" * 5_000,
        signing.dumps(["key", "guide", "code", 1, "https://evil.example/"], salt="another"),
        signing.dumps(["key", "guide", "code", 1, ""]),
        "%00",
    ],
    ids=["empty", "address", "no scheme", "colons", "not ASCII", "long", "another salt", "no salt", "NUL"],
)
def test_a_forged_link_is_not_counted(engine: Engine, client: Client, token: str) -> None:
    for given in ({keeping.PARAMETER: token}, {keeping.PARAMETER: token, "next": "https://evil.example/"}):
        response = client.get("/guide/code/", given)
        # NUL is refused before anything looks at it.
        assert response.status_code == 400 or response["Location"].startswith("/guide/code/")
    assert not SearchOpening.objects.exists()


def test_a_changed_link_is_not_counted(engine: Engine, client: Client) -> None:
    link = links(ask("E-1042", client))[0].partition("#")[0]
    for changed in (link[:-1], link + "x", link.replace("from-search=", "from-search=W")):
        assert client.get(changed)["Location"] == "/guide/code/"
    assert client.get(link + "%00").status_code == 400
    assert not SearchOpening.objects.exists()


def test_a_link_leads_to_no_other_site(engine: Engine, client: Client) -> None:
    link = links(ask("E-1042", client))[0].partition("?")[2].partition("#")[0]
    assert client.get(f"http://testserver//evil.example/?{link}")["Location"].startswith("/%2Fevil.example/")


# How long


def test_what_is_old_is_forgotten(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr("search.log.tidying._AT_ONCE", 2)
    kept = logged(asked_at=now - timedelta(days=179))
    for _each in range(5):
        opened(logged(asked_at=now - timedelta(days=181)), "a")
    assert list(tidy(now)) == ["5 searches forgotten"]
    assert list(SearchLog.objects.all()) == [kept]
    assert not SearchOpening.objects.exists()
    assert list(tidy(now)) == []


def test_where_nothing_is_kept_all_goes(engine: Engine) -> None:
    for _each in range(3):
        opened(logged("calibrate"), "calibrate")
    good.refresh(timezone.now())
    with NOTHING:
        assert list(tidy(timezone.now())) == ["3 searches forgotten"]
        assert list(tidy(timezone.now())) == []
    assert not SearchLog.objects.exists()
    assert not GoodSearch.objects.exists()


def test_the_schedule_does_it(db: None) -> None:
    from review import scheduling

    logged(asked_at=timezone.now() - timedelta(days=200))
    assert "1 search forgotten" in list(scheduling.run(timezone.now()))
