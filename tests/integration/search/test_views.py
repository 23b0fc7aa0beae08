"""The results page for people: what they may see, without JavaScript and in fragments, whatever they type."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from search import registry
from search.engine import Engine, SearchQuery, get_engine
from search.forms import PARAMS
from search.indexing import rebuild
from search.my_model import COOKIE
from search.queries import find, suggest
from tests import factories as make
from tests.integration.search.conftest import Collection, document
from tests.integration.search.test_engine import HOSTILE

RESULTS = "search:results"
FRAGMENT = {"HX-Request": "true", "HX-Target": "results"}


def asked(text: str, **filters: str) -> SearchQuery:
    return SearchQuery(text=text, scopes=frozenset(), **filters)


def test_scopes_come_from_the_person(engine: Engine) -> None:
    nobody, staff = AnonymousUser(), get_user_model()(is_staff=True)
    assert "secret" not in [hit.document.object_id for hit in find(nobody, asked("laser")).hits]
    assert "secret" in [hit.document.object_id for hit in find(staff, asked("laser")).hits]


def test_a_hit_that_became_invisible_is_dropped_everywhere(engine: Engine, collection: Collection) -> None:
    collection.hidden = {"mention"}
    results = find(AnonymousUser(), asked("E-1042"))
    assert [hit.document.object_id for hit in results.hits] == ["code", "bearing"]
    assert results.total == 2
    assert results.facets["kind"] == {"repair": 1, "error": 1}
    assert results.facets["model"] == {"VL500S": 2, "NX-2000": 1}
    assert [hit.document.object_id for hit in suggest(AnonymousUser(), "E-10")] == ["code"]


def test_a_hit_whose_source_is_gone_is_dropped(engine: Engine) -> None:
    get_engine().index([document("orphan", "Laser", source="removed")])
    assert {hit.document.source for hit in find(AnonymousUser(), asked("laser")).hits} == {"guide"}


def test_page(engine: Engine, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "E-1042"}).content.decode()
    assert page.count("<h1") == 1
    assert 'role="status"' in page
    assert "<mark>E-1042</mark>" in page
    assert make.results_lead_to(page)[0].startswith("/guide/code/")
    assert "?q=E-1042&amp;kind=repair" in page
    assert "secret" not in page
    assert "style=" not in page.split('id="results"')[1]


def test_fragment_has_the_results_only(engine: Engine, client: Client) -> None:
    response = client.get(reverse(RESULTS), {"q": "E-1042", "kind": "repair"}, headers=FRAGMENT)
    fragment = response.content.decode()
    assert "<html" not in fragment
    assert "<title>Search: E-1042 · Redline</title>" in fragment, "htmx gives it to the page"
    assert '<input type="hidden" form="search-form" name="kind" value="repair">' in fragment
    assert "HX-Request" in response.headers["Vary"]
    restored = client.get(reverse(RESULTS), headers=FRAGMENT | {"HX-History-Restore-Request": "true"})
    assert b"<html" in restored.content


def test_pages_keep_the_filters(engine: Engine, client: Client, collection: Collection) -> None:
    collection.data = {str(n): document(str(n), f"guide {n:03}", kind="repair") for n in range(45)}
    rebuild()
    page = client.get(reverse(RESULTS), {"q": "guide", "kind": "repair", "page": "2"}).content.decode()
    assert "?q=guide&amp;kind=repair&amp;page=3" in page
    assert 'start="21"' in page


def test_nothing_found_says_what_was_tried(engine: Engine, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "zzzz", "kind": "repair"}).content.decode()
    assert 'class="no-results"' in page
    assert 'href="?q=zzzz"' in page


def test_suggestions(engine: Engine, client: Client) -> None:
    fragment = client.get(reverse("search:suggest"), {"q": "cali"}).content.decode()
    assert 'href="/guide/calibrate/"' in fragment
    assert "secret" not in fragment
    assert client.get(reverse("search:suggest")).content.strip() == b""


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 1_000 and text.isprintable()])
def test_any_address_answers(engine: Engine, client: Client, text: str) -> None:
    for fields in (
        {"q": text},
        dict.fromkeys([*PARAMS.values(), "sort", "page"], text) | {"q": "laser"},
    ):
        for name in (RESULTS, "search:suggest"):
            assert client.get(reverse(name), fields).status_code == 200
        for name in ("search_api:search", "search_api:suggestions"):
            assert client.get(reverse(name), fields).status_code in (200, 400)


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1e9", "9" * 40, "٣", ""])
def test_any_page_number_answers(engine: Engine, client: Client, page: str) -> None:
    assert client.get(reverse(RESULTS), {"q": "laser", "page": page}).status_code == 200


def test_several_filters_at_once_each_taken_back_alone(engine: Engine, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "E-1042", "kind": "repair", "language": "en", "sort": "newest"})
    search = page.context["search"]
    assert [hit.hit.document.object_id for hit in search.hits] == ["mention"]
    assert {facet.param: facet.chosen.address for facet in search.chosen} == {
        "kind": "?q=E-1042&language=en&sort=newest",
        "language": "?q=E-1042&kind=repair&sort=newest",
    }
    assert '<input type="hidden" form="search-form" name="sort" value="newest">' in page.content.decode()


def test_the_newest_first(engine: Engine, client: Client, collection: Collection) -> None:
    days = {"old": 1, "new": 28, "middle": 14}
    collection.data = {
        key: document(key, "guide", updated_at=datetime(2026, 2, day, tzinfo=UTC))
        for key, day in days.items()
    }
    rebuild()
    hits = client.get(reverse(RESULTS), {"q": "guide", "sort": "newest"}).context["search"].hits
    assert [shown.hit.document.object_id for shown in hits] == ["new", "middle", "old"]


def test_why_it_was_found(engine: Engine, client: Client, collection: Collection) -> None:
    source = registry.get_source("guide")
    assert source is not None
    registry._sources["guide"] = replace(source, passage="Step %(number)s")
    collection.data["steps"] = document(
        "steps", "Purge", "First.\nOpen the vent.", passages=[(0, "one"), (7, "two")], codes=["E-7"]
    )
    rebuild()
    shown = client.get(reverse(RESULTS), {"q": "E-7 purge vent"}).context["search"].hits[0]
    assert shown.why == ["code E-7", "title", "Step 2"]
    assert make.results_lead_to(f'href="{shown.url}"')[0].startswith("/guide/steps/#two")
    assert client.get(reverse(RESULTS), {"q": "torque"}).context["search"].hits[0].why == ["text"]


@pytest.fixture
def machines(engine: Engine, collection: Collection) -> None:
    source = registry.get_source("guide")
    assert source is not None
    registry._sources["guide"] = replace(
        source, models=lambda user: {"VL500S": "VL500S", "NX-2000": "NX-2000"}
    )


@pytest.mark.usefixtures("machines")
def test_my_machine_is_kept_and_hits_say_whether_they_apply(client: Client) -> None:
    answer = client.post(
        reverse("search:my_model"), {"model": "VL500S", "search": "q=E-1042&kind=repair&q=x"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/search/?q=E-1042&q=x&kind=repair")
    page = client.get(reverse(RESULTS), {"q": "E-1042"})
    said = {shown.hit.document.object_id: shown.applies for shown in page.context["search"].hits}
    assert said == {"code": "yes", "mention": "no", "bearing": "every"}
    assert 'href="?q=E-1042&amp;model=VL500S"' in page.content.decode()
    only = client.get(reverse(RESULTS), {"q": "E-1042", "model": "VL500S"})
    assert {shown.hit.document.object_id for shown in only.context["search"].hits} == {"code", "bearing"}
    client.post(reverse("search:my_model"), {"model": ""})
    assert not client.get(reverse(RESULTS), {"q": "E-1042"}).context["search"].mine.chosen


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    "given", [{"model": "X9"}, {"model": '"\r\n'}, {}, {"search": "q=\r\nSet-Cookie: a"}]
)
def test_a_model_that_there_is_not_changes_nothing(client: Client, given: dict[str, str]) -> None:
    answer = client.post(reverse("search:my_model"), given)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/search/")
    assert COOKIE not in client.cookies
    assert client.get(reverse("search:my_model")).status_code == 302


def test_a_program_is_answered_as_a_person(engine: Engine, client: Client) -> None:
    said = client.get(
        reverse("search_api:search"), {"q": "E-1042", "kind": "repair", "page_size": "1"}
    ).json()
    assert said["query"]["filters"] == {"kind": "repair"}
    assert (said["total"], len(said["hits"])) == (2, 1)
    assert said["facets"]["kind"] == [
        {"value": "repair", "label": "Repair", "count": 2},
        {"value": "error", "label": "error", "count": 1},
    ]
    first = client.get(reverse("search_api:search"), {"q": "torque 45"}).json()["hits"][0]
    assert first["url"] == "/guide/calibrate/"
    assert first["opens_at"].startswith("/guide/calibrate/#:~:text=")
    assert first["snippet"] == "Calibrate the laser; torque 45 Nm."
    assert first["marks"] == ["torque", "45"]
    typed = client.get(reverse("search_api:suggestions"), {"q": "calib"}).json()["suggestions"]
    assert [row["url"] for row in typed] == ["/guide/calibrate/"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=a&page=0", "page"),
        ("q=a&page=x", "page"),
        ("q=a&page_size=101", "page_size"),
        ("q=a&sort=best", "sort"),
        ("q=a&changed=decade", "changed"),
        ("q=a&q=b", "q"),
        ("q=a&modell=b", "query"),
    ],
)
def test_a_program_that_asks_wrongly_is_told(engine: Engine, client: Client, given: str, field: str) -> None:
    answer = client.get(f"{reverse('search_api:search')}?{given}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert list(answer.json()["fields"]) == [field]
    assert client.post(reverse("search_api:search")).status_code == 405


def test_a_nul_is_answered_like_any_text(engine: Engine, client: Client) -> None:
    for text in ("\0laser", "laser\0calibration", "laser\0"):
        assert "/guide/calibrate/" in client.get("/search/", {"q": text}).content.decode()
        answer = client.get("/api/search/", {"q": text})
        assert answer.status_code == 200
        assert [hit["url"] for hit in answer.json()["hits"]] == ["/guide/calibrate/"]
        assert client.get("/api/search/suggestions/", {"q": text}).status_code == 200
    assert client.get("/api/search/", {"q": "\0"}).status_code == 400, "as a blank is"
    assert client.get("/search/", {"q": "laser", "kind": "\0"}).status_code == 400


def test_nothing_found_offers_what_this_person_can_do(db: None, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "zzzz"}).content.decode()
    assert "Sign in" in page.split('class="no-results"')[1]
    staff = make.signed_in(make.field_engineer())
    page = staff.get(reverse(RESULTS), {"q": "zzzz & 漏"}).content.decode()
    assert "/tickets/new/?symptom=zzzz%20%26%20%E6%BC%8F" in page
    form = staff.get("/tickets/new/?symptom=zzzz%20%26%20%E6%BC%8F").context["form"]
    assert form.initial["symptom"] == "zzzz & 漏"


def test_signing_in_leads_back_by_an_address_that_servers_take(db: None, client: Client) -> None:
    short = client.get(reverse(RESULTS), {"q": "zzzz 漏"}).content.decode()
    assert short.count("?next=%2Fsearch%2F%3Fq%3Dzzzz%2B%25E6%25BC%258F") == 2
    page = client.get(reverse(RESULTS), {"q": "漏" * 9_980}).content.decode()
    links = re.findall(r'href="(/accounts/login/[^"]*)"', page)
    assert links == ["/accounts/login/"] * 2
    assert 'target="_blank"' in page.split('class="no-results"')[1], "the text stays in this page"


def test_lines_of_a_document_are_told_apart_in_a_snippet(
    engine: Engine, client: Client, collection: Collection
) -> None:
    text = "Broken probe\nProbe input configured\nIt is <wet>.\nDry it\n潮湿"
    collection.data["probe"] = document("probe", "Cause", text)
    rebuild()
    shown = client.get(reverse(RESULTS), {"q": "probe"}).context["search"].hits[0]
    assert shown.snippet == (
        "Broken <mark>probe</mark> · <mark>Probe</mark> input configured · It is &lt;wet&gt;.\nDry it · 潮湿"
    )


def test_what_is_said_of_the_results_is_said_apart(engine: Engine, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "laser zzzz"}).content.decode()
    said = re.search(r'<p class="result-count".*?</p>', page, re.DOTALL)
    assert said
    assert said[0].count("<span>") == 2


def test_an_order_that_was_chosen_is_taken_back_as_a_filter_is(engine: Engine, client: Client) -> None:
    page = client.get(reverse(RESULTS), {"q": "laser", "sort": "newest"})
    order = page.context["search"].order
    assert (order.value, order.back) == ("newest", "?q=laser")
    assert client.get(reverse(RESULTS), {"q": "laser"}).context["search"].order is None


def test_from_the_box_a_link_leads_past_the_filters(engine: Engine, client: Client) -> None:
    page = client.get("/search/", {"q": "laser E-1042"}).content.decode()
    box, link, facets, hits = (
        page.index(part) for part in ('id="search-text"', 'href="#hits"', '<div class="facets">', 'id="hits"')
    )
    assert box < link < facets < hits
    assert 'href="#hits"' not in client.get("/search/", {"q": "zzzz"}).content.decode()


def test_a_box_that_suggests_is_one_that_may_be_a_combobox(engine: Engine, client: Client) -> None:
    """Its script makes it one (WAI-ARIA allows that of a text field, not of type=search)."""
    for address in ("/", "/search/"):
        boxes = re.findall(r"<input [^>]*data-suggest=[^>]*>", client.get(address).content.decode())
        assert boxes
        for box in boxes:
            assert 'type="text" inputmode="search" enterkeyhint="search"' in box
