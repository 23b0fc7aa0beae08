"""Marks in the original text, safe to print."""

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from search.highlight import SNIPPET, Highlighter
from search.parsing import parse


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("calibration", "Calibrate it", "<mark>Calibrate</mark> it"),
        ("station", "state of the station", "state of the <mark>station</mark>"),
        ("batteries", "the battery", "the <mark>battery</mark>"),
        ("轴承", "换轴承。轴心", "换<mark>轴承</mark>。轴心"),
        ("轴承座", "换轴承座", "换<mark>轴承座</mark>"),
        ("E 1042", "报E-1042后", "报<mark>E-1042</mark>后"),
        ("lm4240117", "part LM4-24-0117.", "part <mark>LM4-24-0117</mark>."),
        ("E-1042", "Ｅ－１０４２ alarm", "<mark>Ｅ－１０４２</mark> alarm"),
        ("alarm", "45 ℃ alarm", "45 ℃ <mark>alarm</mark>"),
        (
            "script",
            "<script>alert(1)</script>",
            "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;",
        ),
        ("1042", "10425 1042", "10425 <mark>1042</mark>"),
    ],
)
def test_marks(query: str, text: str, marked: str) -> None:
    assert Highlighter(parse(query)).title(text) == marked


def test_a_snippet_shows_where_most_of_it_stands() -> None:
    text = "intro word " * 60 + "replace the bearing of the pump " + "outro word " * 60
    snippet = Highlighter(parse("bearing pump")).snippet(text)
    assert "<mark>bearing</mark> of the <mark>pump</mark>" in snippet
    assert len(strip_tags(snippet)) <= SNIPPET + 4
    assert snippet.startswith("… ")
    assert snippet.endswith(" …")


@given(st.text(), st.text())
def test_any_text_is_escaped(query: str, text: str) -> None:
    marked = Highlighter(parse(query)).title(text)
    bare = marked.replace("<mark>", "").replace("</mark>", "")
    assert not set("<>\"'") & set(bare)
