"""Proposals over whole documents: what lands holds each side whole, or a person is asked; the order is free."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from review.merge import Clash, merge_steps
from tests.conftest import CORPORA
from tests.factories.replay import replay

SENTENCES = [
    "Open the door. ", "Wait 5 minutes. ", "Tighten to 30 Nm. ", "Close the door.\n", "```bash\n",
    "断开断路器。", "等待五分钟。", "拧紧至30牛米。", "确认母线电压低于 60 V。", "记录电压。",
]  # fmt: skip
Steps = list[dict[str, Any]]


def step(step_id: str, body: str = "", **values: Any) -> dict[str, Any]:
    empty = {"expected": "", "caution": "", "images": [], "minutes": None, "importance": "normal"}
    return {"id": step_id, "title": f"Step {step_id}", "body": body} | empty | values


@st.composite
def documents(draw: st.DrawFn) -> Steps:
    ids = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True))
    body = st.lists(st.sampled_from(SENTENCES), max_size=5)
    return [step(step_id, "".join(draw(body))) for step_id in ids]


@dataclass
class Edited:
    """A document as one side left it, and what that side did."""

    steps: Steps
    wrote: list[str] = field(default_factory=list)  # sentences that nobody else has
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)


@st.composite
def edits(draw: st.DrawFn, base: Steps, name: str) -> Edited:
    """One to three changes: a sentence put in or replaced, a step added, removed or moved."""
    edited = Edited([dict(step) for step in base])
    for number in range(draw(st.integers(1, 3))):
        mark = f"{name}{number}. "
        kind = draw(st.sampled_from(["write", "write", "add", "remove", "move"]))
        place = draw(st.integers(0, max(0, len(edited.steps) - 1)))
        if kind == "add" or not edited.steps:
            edited.steps.insert(place, step(f"{name}{number}"))
            edited.added.add(f"{name}{number}")
        elif kind == "remove":
            gone = edited.steps.pop(place)
            edited.removed |= {gone["id"]} - edited.added
            edited.added.discard(gone["id"])
            edited.wrote = [wrote for wrote in edited.wrote if wrote not in gone["body"]]
        elif kind == "move":
            edited.steps.insert(draw(st.integers(0, len(edited.steps) - 1)), edited.steps.pop(place))
        elif edited.steps[place]["id"] not in edited.added:
            edited.steps[place]["body"] = mark + edited.steps[place]["body"]
            edited.wrote.append(mark)
    return edited


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[Steps, Edited, Edited]:
    base = draw(documents())
    return base, draw(edits(base, "T")), draw(edits(base, "O"))


@settings(max_examples=200)
@given(two_sides())
def test_what_lands_holds_the_edits_of_both_sides_whole_or_a_person_is_asked(
    sides: tuple[Steps, Edited, Edited],
) -> None:
    base, theirs, ours = sides
    merged = merge_steps(base, theirs.steps, ours.steps)
    if merged.conflicts:
        return
    ids = [step["id"] for step in merged.steps]
    bodies = "".join(step["body"] for step in merged.steps)
    assert len(ids) == len(set(ids))
    assert theirs.added | ours.added <= set(ids)
    assert not (theirs.removed | ours.removed) & set(ids)
    for mark in theirs.wrote + ours.wrote:
        assert bodies.count(mark) == 1, mark


def _ordered(order: str) -> Edited:
    return Edited([step(step_id) for step_id in order])


# Two moves across each other: several sets of steps stay in order, and both ways must choose the same one.
@example((_ordered("abcd").steps, _ordered("acdb"), _ordered("cabd")))
@settings(max_examples=200)
@given(two_sides())
def test_the_order_of_two_decisions_does_not_matter(sides: tuple[Steps, Edited, Edited]) -> None:
    base, one, other = sides
    first = merge_steps(base, other.steps, merge_steps(base, one.steps, base).steps)
    second = merge_steps(base, one.steps, merge_steps(base, other.steps, base).steps)
    assert bool(first.conflicts) == bool(second.conflicts)
    if not first.conflicts:
        assert first.steps == second.steps


@given(two_sides())
def test_what_was_landed_is_contained_and_lands_only_once(sides: tuple[Steps, Edited, Edited]) -> None:
    base, theirs, ours = sides
    merged = merge_steps(base, theirs.steps, ours.steps)
    if merged.conflicts:
        return
    again = merge_steps(base, theirs.steps, merged.steps)
    assert again.conflicts or again.steps == merged.steps
    assert again.contained == (not again.conflicts)


BASE = [step("a", "Open the door. Wait 5 minutes."), step("b", "Check."), step("c", "Close.")]
A, B, C = BASE


def test_a_move_and_a_new_text_of_the_same_step_combine() -> None:
    merged = merge_steps(BASE, [B, A, C], [A | {"body": "Open the door. Wait 10 minutes."}, B, C])
    assert [step["id"] for step in merged.steps] == ["b", "a", "c"]
    assert merged.steps[1]["body"] == "Open the door. Wait 10 minutes."
    assert (merged.conflicts, merged.rebased, merged.contained) == ([], True, False)


@pytest.mark.parametrize(
    ("proposed", "current", "where"),
    [
        ([A | {"body": "Open it. Wait 5 minutes."}, B, C], [A | {"body": "Open up. Wait 5 minutes."}, B, C],
         ("a", "body", Clash.SAME_SENTENCE)),
        ([A, B | {"body": "Check twice."}, C], [A, C], ("b", "", Clash.STEP_GONE)),
        ([A, C], [A, B | {"body": "Check twice."}, C], ("b", "", Clash.STEP_CHANGED)),
        ([A, step("x"), B, C], [A, step("y"), B, C], ("x", "", Clash.SAME_PLACE)),
        ([B, A, C], [A, C, B], ("b", "", Clash.SAME_PLACE)),
        ([A | {"minutes": 5}, B, C], [A | {"minutes": 7}, B, C], ("a", "minutes", Clash.SAME_SENTENCE)),
        ([A | {"images": [{"sha256": "1", "alt": ""}]}, B, C], [A | {"images": [{"sha256": "2", "alt": ""}]}, B, C],
         ("a", "images", Clash.SAME_SENTENCE)),
    ],
)  # fmt: skip
def test_a_place_that_both_sides_changed_is_named_and_left_as_it_is(
    proposed: Steps, current: Steps, where: tuple[str, str, Clash]
) -> None:
    merged = merge_steps(BASE, proposed, current)
    (conflict,) = merged.conflicts
    if conflict.clash == Clash.SAME_PLACE and len(proposed) == len(current) == 3:
        assert conflict.step_id in {"a", "b"}  # either can be told as the one that moved
    else:
        assert (conflict.step_id, conflict.field, conflict.clash) == where
    assert merged.steps == current


def test_what_does_not_clash_lands_beside_what_does() -> None:
    proposed = [A | {"body": "Open it. Wait 5 minutes."}, B, C | {"body": "Close and lock."}]
    merged = merge_steps(BASE, proposed, [A | {"body": "Open up. Wait 5 minutes."}, B, C])
    assert [conflict.step_id for conflict in merged.conflicts] == ["a"]
    assert [step["body"] for step in merged.steps] == [
        "Open up. Wait 5 minutes.",
        "Check.",
        "Close and lock.",
    ]


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["openshift", "kubevirt", "moj", "dm-zh"])
def test_the_hunks_of_real_revisions_in_any_order_reach_the_later_revision(name: str) -> None:
    """Each landing is compared with the text that the accepted hunks make; most need nobody."""
    done = replay([CORPORA / name / "revisions.jsonl"])
    assert done.pairs > 400
    assert done.rebased > 400
    assert done.asked < done.rebased / 10
