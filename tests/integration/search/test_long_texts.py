"""A pasted log or ticket: what of it is looked for, and what the page's links carry of it."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from search.beyond import codes_beyond
from search.engine import MAX_TEXT, Engine
from search.forms import SearchForm
from tests.integration.search.conftest import Collection, document


def test_a_code_at_the_end_of_a_long_log_is_looked_for(engine: Engine, client: Client) -> None:
    typed = "设备运行日志" * 400 + "显示E-1042"
    page = client.get("/search/", {"q": typed}).content.decode()
    assert "and of the rest these codes: E-1042." in page
    assert 'href="/guide/code/' in page
    assert f'value="{typed}"' in page  # nothing of it is lost
    answer = client.get("/api/search/", {"q": typed}).json()
    assert (answer["query"]["beyond"], answer["hits"][0]["codes"]) == (["E-1042"], ["E-1042"])
    assert client.get("/api/search/", {"q": "E-1042" + typed}).json()["query"]["beyond"] == []
    without = client.get("/search/", {"q": "设备运行日志" * 400}).content.decode()
    assert "Only the first 2000 characters were looked for." in without


@pytest.mark.parametrize(
    ("rest", "codes"),
    [
        ("显示E-1307", ("E-1307",)),
        ("e-1307, E-1308, E_1307 and RP-0112", ("E-1308", "E_1307", "RP-0112")),
        ("E 1047 4022.636.12345 LM4-24-0117", ("E 1047", "4022.636.12345")),
        ("2026-11-23 10:11:12.123 192.168.100.200 23.11.2026 0x7f3a99123 T12", ()),
        ("5f4dcc3b5aa765d61d8327deb882cf99 550e8400-e29b-41d4-a716-446655440000", ()),
        (" ".join(f"E-{n}" for n in range(1000, 1100)), ("E-1000", "E-1001", "E-1002", "E-1003", "E-1004")),
    ],
)
def test_codes_of_what_is_cut_off(rest: str, codes: tuple[str, ...]) -> None:
    assert codes_beyond("长" * 2_000 + rest, 2_000) == codes
    # The cut goes through it.
    assert codes_beyond("长" * 1_997 + rest, 2_000) == codes


@pytest.mark.parametrize("rest", ["", "E-13, 显示E-1042 and e-1307"], ids=["text", "codes"])
def test_links_carry_of_a_long_text_what_is_looked_for(
    engine: Engine, collection: Collection, client: Client, rest: str
) -> None:
    # More than a page of them, in two languages: orders, facets, chips, and the next page.
    several = [document(f"d{n}", "轴承", language="zh-hans" if n % 3 else "en") for n in range(40)]
    collection.data |= {data.object_id: data for data in several}
    engine.index(several)
    typed = "更换轴承" * 500 + "更多" * 2_000 + rest + "更多" * 2_000
    address = {"q": typed, "language": "zh-hans", "sort": "newest"}
    page = client.get("/search/", address)
    first, text = page.context["search"], page.content.decode()
    assert first.query.was_cut
    assert first.typed == typed
    links = [unescape(link) for link in re.findall(r'href="(\?[^"]*)"', text)]
    assert len(links) > 6
    assert any("page=2" in link for link in links)
    for link in links:
        assert len(link) < 9 * MAX_TEXT + 300
        followed = client.get(f"/search/{link}").context["search"]
        assert (followed.query.text, followed.query.was_cut, followed.query.beyond) == (
            first.query.text,
            True,
            first.query.beyond,
        )
        assert followed.asked["q"] == first.asked["q"]


def test_without_filters_a_long_text_is_asked_for_again_as_it_was(engine: Engine, client: Client) -> None:
    page = client.get("/search/", {"q": "更换轴承" * 500 + "更多 E-1042", "kind": "none-such"})
    link = re.search(r'href="(\?q=[^"]*)">Search without', page.content.decode())
    assert link
    followed = client.get(f"/search/{unescape(link[1])}").context["search"]
    assert followed.results.total
    assert followed.query.text == page.context["search"].query.text


@given(
    st.lists(
        st.sampled_from(
            [
                "E-1042",
                "e-10421",
                "E 1047",
                "4022.636.12345",
                "RP_0112-7",
                "长",
                "…",
                " ",
                ",",
                "-",
                "AB",
                "7",
                "\n",
                "x.",
            ]
        ),
        max_size=30,
    ).map("".join),
    st.integers(0, 60),
)
def test_a_long_text_read_again_from_a_link_is_the_same(text: str, cut: int) -> None:
    form = SearchForm(QueryDict("q=" + quote("长" * (MAX_TEXT - cut) + text)))
    query = form.search_query()
    assert SearchForm(form.in_links(query)).search_query() == query


def test_what_was_asked_for_is_not_asked_for_again() -> None:
    assert codes_beyond("E-1042 " + "x" * 2_000 + " e1042", 2_000) == ()
    assert codes_beyond("x" * 1_955 + "-E-1042 " + "长" * 2_000, 2_000) == ()
