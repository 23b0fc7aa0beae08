"""Landing a proposal on a text that has moved: whole, or not without a person."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merge3 import Merge3

from review.merge import land, sentences

SENTENCE = st.sampled_from(
    [
        "Wait 5 minutes. ",
        "Tighten to 30 Nm. ",
        "Check the fan. ",
        "断开断路器。",
        "等待五分钟。",
        "拧紧至30牛米。",
        "Close it.\n",
    ]
)
DOCUMENT = st.lists(SENTENCE, min_size=1, max_size=8)


@given(DOCUMENT)
def test_sentences_joined_are_the_text(document: list[str]) -> None:
    assert "".join(sentences("".join(document))) == "".join(document)


def test_chinese_sentences_end_without_a_space() -> None:
    assert sentences("断开断路器。等待五分钟。") == ["断开断路器。", "等待五分钟。"]


def test_an_unmoved_text_takes_the_proposal_as_it_is() -> None:
    assert land(base="a", proposed="b", current="a").text == "b"


def test_different_sentences_combine() -> None:
    base = "Open the door. Wait 5 minutes. Check the fan. Close the door."
    merged = land(
        base=base,
        proposed=base.replace("5 minutes", "10 minutes"),
        current=base.replace("Close the door", "Close and lock the door"),
    )
    assert merged.text == "Open the door. Wait 10 minutes. Check the fan. Close and lock the door."
    assert merged.rebased


def test_the_same_sentence_on_both_sides_asks_a_person() -> None:
    """The case that fuzzy patching got wrong: three torques became a fourth."""
    assert (
        land(base="Tighten to 30 Nm.", proposed="Tighten to 35 Nm.", current="Tighten to 40 Nm.").text is None
    )


def test_a_proposal_already_contained_changes_nothing() -> None:
    assert land(base="a.", proposed="b.", current="b.").text == "b."


@given(DOCUMENT, st.data())
def test_each_side_is_whole_in_what_lands(document: list[str], data: st.DataObject) -> None:
    """Two edits of single sentences: both are in the result, or a person is asked."""
    first, second = (data.draw(st.integers(0, len(document) - 1)) for _ in range(2))
    proposed, current = document.copy(), document.copy()
    proposed[first] = "PROPOSED. "
    current[second] = "CURRENT. "
    text = land(base="".join(document), proposed="".join(proposed), current="".join(current)).text
    if text is not None:
        assert text.count("PROPOSED. ") == 1
        assert text.count("CURRENT. ") == 1
        assert len(text) == len("".join(document)) + sum(
            len(new) - len(document[i]) for i, new in ((first, "PROPOSED. "), (second, "CURRENT. "))
        )
    if first == second:
        assert text is None


class MostLines:
    """Aligns as many lines as can be aligned, the earliest ones; what merge3 asks of a matcher."""

    def __init__(self, _junk: None, one: list[str], other: list[str]) -> None:
        self.one, self.other = one, other

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:
        rows, columns = len(self.one), len(self.other)
        most = [[0] * (columns + 1) for _ in range(rows + 1)]
        for i in reversed(range(rows)):
            for j in reversed(range(columns)):
                same = self.one[i] == self.other[j]
                most[i][j] = most[i + 1][j + 1] + 1 if same else max(most[i + 1][j], most[i][j + 1])
        blocks, i, j = [], 0, 0
        while i < rows and j < columns:
            if self.one[i] == self.other[j]:
                blocks.append((i, j, 1))
                i, j = i + 1, j + 1
            elif most[i + 1][j] >= most[i][j + 1]:
                i += 1
            else:
                j += 1
        return [*blocks, (rows, columns, 0)]


@settings(max_examples=500)
@pytest.mark.parametrize("matcher", [SequenceMatcher, MostLines])
@given(base=DOCUMENT, ours=DOCUMENT, theirs=DOCUMENT)
def test_an_oracle_that_refuses_every_touch_never_accepts_what_ours_changes(
    matcher: type, base: list[str], ours: list[str], theirs: list[str]
) -> None:
    """Where merge3 by lines sees no conflict, however it aligns them, ours lands the very same text or asks."""
    merged = land(base="".join(base), proposed="".join(theirs), current="".join(ours)).text
    groups = list(Merge3(base, theirs, ours, sequence_matcher=matcher).merge_groups())
    if merged is None or any(group[0] == "conflict" for group in groups):
        return
    assert merged == "".join(sentence for group in groups for sentence in group[1])
