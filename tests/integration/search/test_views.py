"""The results page for people: what they may see, without JavaScript and in fragments, whatever they type."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from search.engine import Engine, SearchQuery, get_engine
from search.indexing import rebuild
from search.queries import find, suggest
from tests.factories import results_lead_to
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
    assert results_lead_to(client, page)[0] == "/guide/code/"
    assert "?q=E-1042&amp;kind=repair" in page
    assert "secret" not in page
    assert "style=" not in page.split('id="results"')[1]


def test_fragment_has_the_results_only(engine: Engine, client: Client) -> None:
    response = client.get(reverse(RESULTS), {"q": "E-1042", "kind": "repair"}, headers=FRAGMENT)
    fragment = response.content.decode()
    assert "<html" not in fragment
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
    for given in (
        {"q": text},
        {"q": "laser", "type": text, "kind": text, "model": text, "language": text, "page": text},
    ):
        for name in (RESULTS, "search:suggest"):
            assert client.get(reverse(name), given).status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1e9", "9" * 40, "٣", ""])
def test_any_page_number_answers(engine: Engine, client: Client, page: str) -> None:
    assert client.get(reverse(RESULTS), {"q": "laser", "page": page}).status_code == 200
