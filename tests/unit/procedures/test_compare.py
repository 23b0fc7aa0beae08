"""Comparing: words, Chinese by character, steps added, removed and moved."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.compare import compare, diff_text, tokens

TEXT = st.text(alphabet=string.ascii_letters + " .,\n拧紧螺栓至力矩。0123", max_size=60)


def content(*steps: dict, **fields: object) -> dict:
    return {
        "format": 1, "number": "SOP-1", "title": "T", "kind": "repair", "language": "en", "audience": "internal",
        "product_line": "", "summary": "", "safety": "", "tools": [], "parts": [], "skills": [],
        "applies_to": [], "error_codes": [], "steps": list(steps), **fields,
    }  # fmt: skip


def step(step_id: str, body: str = "") -> dict:
    return {"id": step_id, "title": step_id, "body": body, "expected": "", "caution": "", "images": [],
            "minutes": None, "importance": "normal"}  # fmt: skip


def test_chinese_is_marked_by_character() -> None:
    parts = [(part.op, part.text) for part in diff_text("将螺栓拧紧至30牛米", "将螺栓拧紧至45牛米")]
    assert parts == [("same", "将螺栓拧紧至"), ("del", "30"), ("ins", "45"), ("same", "牛米")]


def test_english_is_marked_by_word() -> None:
    parts = [(part.op, part.text) for part in diff_text("Wait 5 minutes", "Wait 10 minutes")]
    assert parts == [("same", "Wait "), ("del", "5"), ("ins", "10"), ("same", " minutes")]


@given(TEXT)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@given(TEXT, TEXT)
def test_a_diff_contains_both_texts(before: str, after: str) -> None:
    parts = diff_text(before, after)
    assert "".join(part.text for part in parts if part.op != "ins") == before
    assert "".join(part.text for part in parts if part.op != "del") == after


def test_steps_added_removed_changed_and_moved() -> None:
    before = content(step("a"), step("b", "old"), step("c"), step("d"))
    after = content(step("c"), step("b", "new"), step("e"), step("d"))
    found = {change.step_id: change for change in compare(before, after).steps}
    assert found["a"].status == "removed"
    assert found["b"].status == "changed"
    assert found["e"].status == "added"
    assert found["d"].status == "same"
    assert found["b"].moved or found["c"].moved


def test_a_removed_step_stands_where_it_stood() -> None:
    order = [
        change.step_id
        for change in compare(content(step("a"), step("b"), step("c")), content(step("a"), step("c"))).steps
    ]
    assert order == ["a", "b", "c"]


def test_facts_of_the_whole_are_compared() -> None:
    row = {"model": "LM-400", "from": "2.0", "before": "", "options": ["lithium"]}
    changes = compare(content(), content(title="New", applies_to=[row])).fields
    assert [change.name for change in changes] == ["title", "applies_to"]
    assert changes[1].parts[0].text == "LM-400 ≥ 2.0 +lithium"


@pytest.mark.parametrize("text", ["", "same"])
def test_equal_texts_have_no_marks(text: str) -> None:
    assert all(part.op == "same" for part in diff_text(text, text))
    assert compare(content(step("a", text)), content(step("a", text))).is_empty
