"""Where nothing has all that was asked for: what is found by a part of it, and that it shows."""

import pytest

from search.engine import Engine, SearchQuery
from tests.integration.search.conftest import PUBLIC, document, ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def guides(engine: Engine) -> Engine:
    engine.rebuild(
        [
            document("fan", "Fan", "Replace the fan of the battery rack.", codes=["E-1"]),
            document("filter", "进风滤网", "清洁进风滤网。"),
            document("battery", "Battery", "Test the battery.", codes=["E-1", "E-2"]),
            document("release", "Release 2.4", "New in 2.4: the battery test.", codes=["E-2"]),
        ]
    )
    return engine


@pytest.mark.parametrize("text", ["“风扇香蕉”", "“风扇”", '"banana 风"', '"swan lake"'])
def test_a_single_character_of_what_was_quoted_finds_nothing(guides: Engine, text: str) -> None:
    assert ids(guides, text) == []


@pytest.mark.parametrize(
    ("text", "found"), [('"battery banana"', {"fan", "battery", "release"}), ("“滤网香蕉”", {"filter"})]
)
def test_words_that_were_quoted_are_marked_where_they_stand_apart(
    guides: Engine, text: str, found: set[str]
) -> None:
    results = guides.search(SearchQuery(text=text, scopes=PUBLIC))
    assert {hit.document.object_id for hit in results.hits} == found
    assert not results.whole
    assert all("<mark>" in hit.snippet_html and hit.marks for hit in results.hits)


@pytest.mark.parametrize("text", ["2.4.1", "v2.4.1"])
def test_a_patch_finds_its_release(guides: Engine, text: str) -> None:
    results = guides.search(SearchQuery(text=text, scopes=PUBLIC))
    assert ([hit.document.object_id for hit in results.hits], results.whole) == (["release"], 0)


@pytest.mark.parametrize(
    "text", ["battery rack", "battery test", "replace the battery", '"battery rack" fan']
)
@pytest.mark.parametrize("chosen", ["", "E-1", "E-2"])
def test_the_count_of_a_code_is_what_choosing_it_shows(guides: Engine, text: str, chosen: str) -> None:
    guides.index(
        [document(f"rack{n}", "Battery rack", "Replace the battery.", codes=["E-3"]) for n in range(5)]
    )
    counts = guides.search(SearchQuery(text=text, scopes=PUBLIC, code=chosen)).facets["code"]
    assert "E-3" in counts
    for code, count in counts.items():
        assert len(ids(guides, text, code=code)) == count, code


@pytest.mark.parametrize("text", ["battery/rack", "battery-fan", "battery/fan rack"])
def test_words_that_a_sign_joins_are_all_asked_for(guides: Engine, text: str) -> None:
    results = guides.search(SearchQuery(text=text, scopes=PUBLIC))
    assert [hit.document.object_id for hit in results.hits if results.whole][:1] == ["fan"]
    assert results.whole == 1
    assert {"battery", "rack"} & {word for mark in results.hits[0].marks for word in mark.split()}


def test_what_has_all_of_joined_words_stays_in_a_wide_answer(guides: Engine) -> None:
    results = guides.search(SearchQuery(text="rack-fan battery-replace", scopes=PUBLIC))
    assert results.whole == 1
    assert results.hits[0].document.object_id == "fan"
    assert len(results.hits) > 1


def test_one_of_joined_words_is_found_where_nothing_has_all(guides: Engine) -> None:
    results = guides.search(SearchQuery(text="battery-lake", scopes=PUBLIC))
    assert (results.whole, results.total) == (0, 3)


@pytest.mark.parametrize("text", ["LM-XL", "new-XYZ"])
def test_a_short_one_of_joined_words_may_be_a_codes(guides: Engine, text: str) -> None:
    assert ids(guides, text) == []
