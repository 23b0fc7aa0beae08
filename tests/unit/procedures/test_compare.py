"""Comparing: words, Chinese by character, steps added, removed and moved."""

import string
from itertools import combinations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from procedures.compare import compare, compare_images
from procedures.wording import diff_items, diff_text, in_order, tokens

TEXT = st.text(alphabet=string.ascii_letters + " .,\n拧紧螺栓至力矩。0123", max_size=60)


def content(*steps: dict, **fields: object) -> dict:
    return {
        "format": 1, "number": "SOP-1", "title": "T", "kind": "repair", "language": "en", "audience": "internal",
        "product_line": "", "summary": "", "safety": "", "tools": [], "parts": [], "skills": [],
        "applies_to": [], "error_codes": [], "steps": list(steps), **fields,
    }  # fmt: skip


def step(step_id: str, body: str = "", **fields: object) -> dict:
    return {"id": step_id, "title": step_id, "body": body, "expected": "", "caution": "", "images": [],
            "minutes": None, "importance": "normal", **fields}  # fmt: skip


def image(sha256: str, alt: str) -> dict:
    return {"sha256": sha256, "alt": alt}


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
    assert (found["b"].moved, found["c"].moved).count(True) == 1


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
    assert [(item.op, item.text) for item in changes[1].items] == [("ins", "LM-400 ≥ 2.0 +lithium")]


@pytest.mark.parametrize("text", ["", "same"])
def test_equal_texts_have_no_marks(text: str) -> None:
    assert all(part.op == "same" for part in diff_text(text, text))
    assert compare(content(step("a", text)), content(step("a", text))).is_empty


def test_a_replaced_phrase_reads_as_a_phrase() -> None:
    parts = [(part.op, part.text) for part in diff_text("Open the left door now", "Open a wide hatch now")]
    assert parts == [("same", "Open "), ("del", "the left door"), ("ins", "a wide hatch"), ("same", " now")]


def test_words_put_in_on_both_sides_of_a_word_mark_no_space_as_removed() -> None:
    parts = diff_text("Check it", "Now check it") + diff_text("a c", "b a c d")
    assert all(part.text.strip() for part in parts if part.op == "del")


@given(st.lists(st.integers(), unique=True, max_size=8))
def test_the_steps_that_kept_their_order_are_as_many_as_can_be(numbers: list[int]) -> None:
    kept = in_order(numbers)
    assert [number for number in numbers if number in kept] == sorted(kept)
    best = max(
        (len(some) for size in range(len(numbers) + 1) for some in combinations(numbers, size)
         if list(some) == sorted(some)),
    )  # fmt: skip
    assert len(kept) == best


@given(st.permutations(range(1, 8)))
def test_of_several_ways_to_move_steps_the_one_that_keeps_most_numbers_is_told(numbers: list[int]) -> None:
    before = content(*(step(str(number)) for number in sorted(numbers)))
    changes = compare(before, content(*(step(str(number)) for number in numbers))).steps
    kept = [int(change.step_id) for change in changes if not change.moved]
    still = {number for place, number in enumerate(numbers, 1) if place == number}
    rising = [
        some for size in range(len(numbers) + 1) for some in combinations(numbers, size)
        if list(some) == sorted(some)
    ]  # fmt: skip
    best = max((len(some), len(still & {*some})) for some in rising)
    assert kept == sorted(kept)
    assert (len(kept), len(still & {*kept})) == best


def test_two_steps_that_changed_places_are_the_ones_that_moved() -> None:
    before = content(step("a"), step("b"), step("c"))
    changes = compare(before, content(step("c"), step("b"), step("a"))).steps
    told = [(change.step_id, change.was, change.position) for change in changes if change.moved]
    assert told == [("c", 3, 1), ("a", 1, 3)]


def test_a_step_put_in_above_moves_nothing() -> None:
    before = content(step("a"), step("b"), step("c"))
    after = content(step("new"), step("a"), step("b"), step("c"))
    assert [change.status for change in compare(before, after).steps] == ["added", "same", "same", "same"]


def test_one_step_carried_to_the_end_is_the_one_that_moved() -> None:
    before = content(*map(step, "abcdef"))
    after = content(*map(step, "acdefb"))
    moved = [(change.step_id, change.was, change.position) for change in compare(before, after).changed_steps]
    assert moved == [("b", 2, 6)]


def test_a_step_that_moved_and_changed_says_both() -> None:
    before = content(step("a", "old"), step("b"), step("c"))
    after = content(step("b"), step("c"), step("a", "new"))
    (change,) = compare(before, after).changed_steps
    assert (change.status, change.moved, change.was, change.position) == ("changed", True, 1, 3)
    assert [field.name for field in change.fields] == ["body"]


def test_unchanged_steps_stand_together() -> None:
    before = content(*map(step, "abcde"))
    after = content(step("a"), step("b"), step("c", "new"), step("d"), step("e"))
    assert [(run.unchanged, len(run.steps)) for run in compare(before, after).runs] == [
        (True, 2),
        (False, 1),
        (True, 2),
    ]


def test_facts_are_replaced_whole_and_said_in_words() -> None:
    before = content(step("a", minutes=5, importance="normal"), kind="error_handling", language="en")
    after = content(step("a", minutes=15, importance="critical"), kind="repair", language="zh-hans")
    compared = compare(before, after)

    def said(fields: list) -> dict:
        return {field.name: [(part.op, part.text) for part in field.parts] for field in fields}

    assert said(compared.steps[0].fields) == {
        "minutes": [("del", "5"), ("ins", "15")],
        "importance": [("del", "Normal"), ("ins", "Critical")],
    }
    assert said(compared.fields) == {
        "kind": [("del", "Error handling"), ("ins", "Repair")],
        "language": [("del", "English"), ("ins", "Simplified Chinese")],
    }


def test_facts_are_said_in_the_readers_language() -> None:
    before, after = content(audience="internal"), content(audience="public")
    with translation.override("zh-hans"):
        (field,) = compare(before, after).fields
        assert all(not part.text.isascii() for part in field.parts)


def test_lists_show_what_was_put_in_and_taken_out() -> None:
    code = {"product_line": "LM", "code": "E-1042"}
    before = content(tools=["Torque wrench", "Torch"], error_codes=[code])
    after = content(tools=["Multimeter", "Torque wrench"], error_codes=[])
    tools, codes = compare(before, after).fields
    assert [(item.op, item.text) for item in tools.items] == [
        ("ins", "Multimeter"),
        ("same", "Torque wrench"),
        ("del", "Torch"),
    ]
    assert [(item.op, item.text) for item in codes.items] == [("del", "LM E-1042")]


def test_a_list_in_another_order_says_so() -> None:
    (tools,) = compare(content(tools=["a", "b"]), content(tools=["b", "a"])).fields
    assert tools.is_reordered


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_a_list_and_its_changes_hold_the_same_items(before: list[str], after: list[str]) -> None:
    items = diff_items(before, after)
    assert [item.text for item in items if item.op != "del"] == after
    assert sorted(item.text for item in items if item.op != "ins") == sorted(before)


def test_a_removed_step_does_not_say_what_it_never_was() -> None:
    before = content(step("a"), step("b", importance="critical", minutes=3))
    removed = compare(before, content(step("a"))).steps[1]
    importance = next(field for field in removed.fields if field.name == "importance")
    assert [(part.op, part.text) for part in importance.parts] == [("del", "Critical")]


def test_images_are_told_apart_by_their_bytes_and_captions() -> None:
    before = [image("1", "Breaker"), image("2", "Fan"), image("3", "Door"), image("4", "Old")]
    after = [image("1", "Breaker Q1"), image("9", "Fan"), image("3", "Door"), image("5", "New")]
    found = [
        (change.status, change.before and change.before["sha256"], change.after and change.after["sha256"])
        for change in compare_images(before, after)
    ]
    assert found == [
        ("captioned", "1", "1"),
        ("replaced", "2", "9"),
        ("same", "3", "3"),
        ("added", None, "5"),
        ("removed", "4", None),
    ]


def test_images_in_another_order_say_which_moved() -> None:
    before = [image("1", "a"), image("2", "b"), image("3", "c")]
    moved = [
        (change.after and change.after["sha256"], change.was, change.position)
        for change in compare_images(before, [before[1], before[2], before[0]])
        if change.moved
    ]
    assert moved == [("1", 1, 3)]


def test_the_same_image_twice_is_two_images() -> None:
    twice = [image("1", "a"), image("1", "a")]
    assert [change.status for change in compare_images(twice, twice[:1])] == ["same", "removed"]
