"""Marks in the original text, safe to print."""

from urllib.parse import unquote

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from search.highlight import SNIPPET, Highlighter, Passage
from search.occurrences import Finder
from search.parsing import parse
from search.registry import starts_of


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
        ("T20", "screws T20 to 20 Nm", "screws <mark>T20</mark> to 20 Nm"),
        ("S2", "step 2, S 2", "step 2, <mark>S 2</mark>"),
    ],
)
def test_marks(query: str, text: str, marked: str) -> None:
    assert Highlighter(parse(query)).title(text) == marked


def test_a_snippet_shows_where_most_of_it_stands() -> None:
    text = "intro word " * 60 + "replace the bearing of the pump " + "outro word " * 60
    snippet = Highlighter(parse("bearing pump")).passage(text).snippet
    assert "<mark>bearing</mark> of the <mark>pump</mark>" in snippet
    assert len(strip_tags(snippet)) <= SNIPPET + 4
    assert snippet.startswith("… ")
    assert snippet.endswith(" …")


@pytest.mark.parametrize(
    "rest",
    [
        "Wait 10 minutes before you go on.",
        "at 1,500.5 V between both poles",
        "up to 95 % of the rated load only",
        "S3 is 450～630 V or it is not so",
        "the backplane stays live at all times",
        "see E-1042 and those beside it also",
        "no block above 50 °C of the lowest",
        "the probe has 9.5～10.5 kΩ when cold",
        "less than 5 mΩ from pole to pole",
        "air at 2.0 m/s or more of it there",
        "tighten to 12 N·m by hand and mark",
        "of 1 500 V in all of its sections",
    ],
)
def test_a_snippet_ends_behind_a_word_and_what_a_number_counts(rest: str) -> None:
    for room in range(len(rest) - 12):
        text = "pump " + "x" * (SNIPPET - 6 - room) + " " + rest
        snippet = Highlighter(parse("pump")).passage(text + " and so on" * 9).snippet
        assert snippet.endswith(" …")
        last = snippet.removesuffix(" …").split()[-1]
        assert f" {last} " in f" {rest} " or last.startswith("x")
        assert not last[-1].isdigit() or last[0].isalpha(), "a number without its unit"


def test_a_snippet_ends_behind_what_is_marked() -> None:
    for size in range(60, 90):
        for before in ("", " 10 检查"):
            snippet = passage("风扇", "风扇" + "转" * size + before + "风扇" + "停" * 60).snippet
            assert "<mark>风</mark>" not in snippet


def test_a_chinese_snippet_takes_no_more_room() -> None:
    text = "核对参数。" * 40 + "更换主轴承。" + "核对参数。" * 40
    snippet = Highlighter(parse("主轴承")).passage(text).snippet
    assert "更换<mark>主轴承</mark>。" in snippet
    assert len(strip_tags(snippet)) <= SNIPPET // 2 + 4


@given(st.text(), st.text())
def test_any_text_is_escaped(query: str, text: str) -> None:
    marked = Highlighter(parse(query)).title(text)
    found = Highlighter(parse(query)).passage(text, [(len(text) // 2, "a b")])
    assert all(part in text for part in found.marks)
    assert not set("<>\"' ") & set(found.address("/guide/"))
    bare = marked.replace("<mark>", "").replace("</mark>", "")
    assert not set("<>\"'") & set(bare)


STEPS = (
    "A pump and its seals.\nOpen the valve\nTurn it left.\nCheck the seal\n"
    "Look for a leak at the seal; note the rate."
)
STARTS = [(22, "step-open"), (51, "step-check")]


@pytest.mark.parametrize(
    ("query", "number", "address"),
    [
        ("pump", 0, "/guide/"),
        ("valve left", 1, "/guide/#step-open:~:text=Turn%20it-,left"),
        # Three of three stand in the second step, two of three in the text before the first.
        (
            "leak rate seal",
            2,
            "/guide/#step-check:~:text=Look%20for%20a-,leak,-at%20the%20seal%3B%20note%20the"
            "&text=Look%20for%20a%20leak%20at%20the-,seal,-%3B%20note%20the%20rate."
            "&text=at%20the%20seal%3B%20note%20the-,rate",
        ),
        ("open", 1, "/guide/#step-open"),  # only in its title, which the list of steps has too
        ("nothing of it", 0, "/guide/"),
        # It stands before the first step as well, where all is summed up.
        (
            "seal",
            2,
            "/guide/#step-check:~:text=Look%20for%20a%20leak%20at%20the-,seal,-%3B%20note%20the%20rate.",
        ),
    ],
)
def test_the_passage_that_has_most_of_it(query: str, number: int, address: str) -> None:
    found = Highlighter(parse(query)).passage(STEPS, STARTS, "Seals of a pump")
    assert found.number == number
    assert found.address("/guide/") == address


def test_a_snippet_stays_in_its_passage() -> None:
    found = Highlighter(parse("turn")).passage(STEPS, STARTS)
    assert found.snippet == "Open the valve\n<mark>Turn</mark> it left."
    assert Highlighter(parse("zzz")).passage("\n\nTurn it.").snippet == "Turn it."


def test_what_stands_twice_is_not_pointed_at() -> None:
    """The browser would go to the first, which may be in another passage, or in the title."""
    text = "one\nturn it left\ntwo\nturn it left"
    found = Highlighter(parse("left")).passage(text, [(0, "a"), (17, "b")])
    assert found.address("/g/") == "/g/#a"
    assert Highlighter(parse("left")).passage("turn it left", (), "How to turn it left").fragment == ""


def test_a_dash_in_a_text_fragment_is_no_operator() -> None:
    found = Highlighter(parse("E-1042")).passage("Code E-1042, and & more", ())
    assert found.address("/g/") == "/g/#:~:text=Code-,E%2D1042,-%2C%20and%20%26%20more"


def passage(query: str, *steps: str, title: str = "") -> Passage:
    """What opens of a document that has nothing before its steps; a step's anchor is its number."""
    starts = [(start, str(number)) for number, start in enumerate(starts_of(steps), 1)]
    return Highlighter(parse(query)).passage("\n".join(steps), starts, title)


@pytest.mark.parametrize(
    ("query", "steps", "number"),
    [
        # Only the second has the pair in the middle.
        ("浮充电压", ("充电电压，电压。", "浮充电压"), 2),
        # All have all of it: as the title, side by side, nearest, first.
        ("Measure the input", ("Input first\nThen measure the input.", "Measure the input\nAt X5."), 2),
        ("measure input", ("A\ninput; measure", "B\nMeasure the input, measure input."), 2),
        ("measure input", ("A\nmeasure it at the input", "B\ninput measured"), 2),
        ("measure input", ("A\ninput measured", "B\ninput measured"), 1),
        ("禁止自动重试", ("禁止。自动。重试。禁止自动，动重试，止自。", "禁止自动重试\n在菜单里。"), 2),
        ("the pump", ("Of the fan\nthe the the", "Pump\na pump"), 2),
        # More of it goes before nearer.
        ("seal leak rate", ("leak rate", "a seal, and far away from it a leak and its rate"), 2),
    ],
)
def test_where_a_hit_opens(query: str, steps: tuple[str, ...], number: int) -> None:
    assert passage(query, *steps).number == number


def test_a_snippet_shows_where_it_all_stands_together() -> None:
    far = "the bearing. " + "word " * 60 + "a pump. " + "word " * 60
    snippet = passage("bearing pump", f"Title\n{far} Pump and bearing.").snippet
    assert "<mark>Pump</mark> and <mark>bearing</mark>" in snippet


def test_different_words_are_pointed_at_before_the_same_again() -> None:
    text = "Cover\nLoosen the screws; keep the screws dry. Oil the screws. Tighten the T20 screws to 1.2 Nm."
    fragment = passage("1.2 Nm T20 screws", text).fragment
    assert fragment.count("text=") <= 3
    assert all(f"-,{word}" in fragment for word in ("T20", "screws", "1.2%20Nm"))


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        # A browser looks for each in one block.
        ("Title\nStage\tVolts\nS2\t310 V", "text=S2,-310%20V"),
        ("Title\nStage\tVolts\n310 V\tat S2 only", "text=at-,S2,-only"),
        ("Title\nS2", ""),
        # 24 characters would end inside of a word.
        (
            "Title\nS2，在这里接上万用表的红表笔和黑表笔，读出线电压并且记录下来。",
            "text=S2,-%EF%BC%8C%E5%9C%A8",
        ),
    ],
)
def test_what_is_beside_a_word_lies_in_its_block(text: str, fragment: str) -> None:
    found = passage("S2", text).fragment
    assert found.startswith(f":~:{fragment}") if fragment else not found


def test_what_is_beside_a_word_ends_where_a_word_ends() -> None:
    text = "Title\nS2，在这里接上万用表的红表笔和黑表笔，读出线电压并且记录下来 LM4 alternators，好"
    assert unquote(passage("S2", text).fragment).endswith("，在这里接上万用表的红表笔和黑表笔")
    assert unquote(passage("好", text).fragment) == ":~:text=LM4 alternators，-,好"


def test_the_first_line_of_what_has_no_passages_is_no_title() -> None:
    found = Highlighter(parse("fan")).passage("The fan is blocked.\nA wire is loose.", (), "E-1042")
    assert found.address("/g/") == "/g/#:~:text=The-,fan,-is%20blocked."


@given(st.text("轴軸承，、 .A㈱3⾞车車\u200b\xad\ufe0f"))
def test_a_few_chinese_words_are_found_as_among_many(text: str) -> None:
    words = [[("轴承",)], [("车轴",), ("轴",)]]
    few = Finder(words).places(text)
    many = Finder([*words, [("nowhere",)]]).places(text)
    assert few == many
