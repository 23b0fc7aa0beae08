"""A quoted passage finds its place again, or says that it is gone or cannot be told."""

from hypothesis import assume, given
from hypothesis import strategies as st

from review.anchors import Fate, Place, Quote, find, visible_text

TEXT = "Open the door. Wait 5 minutes. Tighten to 30 Nm. Wait 5 minutes. Close the door."


def test_a_passage_that_is_there_once_needs_no_surroundings() -> None:
    place = find(Quote("Tighten to 30 Nm"), TEXT)
    assert TEXT[place.start : place.end] == "Tighten to 30 Nm"
    assert place.fate == Fate.HERE


def test_of_several_the_surroundings_tell_which() -> None:
    second = find(Quote("Wait 5 minutes.", prefix="to 30 Nm. ", suffix=" Close"), TEXT)
    assert second.start == TEXT.rindex("Wait")
    first = find(Quote("Wait 5 minutes.", prefix="the door. "), TEXT)
    assert first.start == TEXT.index("Wait")


def test_what_cannot_be_told_apart_is_not_guessed() -> None:
    assert find(Quote("Wait 5 minutes."), TEXT) == Place(Fate.MANY)
    assert find(Quote("Wait 5 minutes.", prefix="nowhere"), TEXT) == Place(Fate.MANY)


def test_a_passage_that_is_gone_says_so() -> None:
    for exact in ("Wait 6 minutes.", "", "  \n", "x" * 100_000):
        assert find(Quote(exact), TEXT) == Place(Fate.GONE)


def test_line_breaks_and_spaces_do_not_count() -> None:
    text = "1.\n\n断开断路器，\n等待 5 分钟。"
    place = find(Quote("断路器，等待5分钟"), text)
    assert text[place.start : place.end] == "断路器，\n等待 5 分钟"


def test_visible_text_is_what_a_reader_sees() -> None:
    html = "<p>Below <strong>60&nbsp;V</strong> &amp; &lt;dry&gt;</p>\n<ul><li>a</li></ul>"
    assert visible_text(html) == "Below 60\xa0V & <dry>\na"


@given(st.text(max_size=60), st.text(min_size=1, max_size=20), st.text(max_size=60))
def test_a_selection_finds_itself(before: str, exact: str, after: str) -> None:
    """With all of its surroundings: at its own place, or at one that looks the very same."""
    assume(exact.strip())
    text = before + exact + after
    place = find(Quote(exact, before, after), text)
    assert place.fate != Fate.GONE
    if place.fate == Fate.HERE:
        assert "".join(text[place.start : place.end].split()) == "".join(exact.split())
