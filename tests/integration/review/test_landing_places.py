"""Where steps land that follow removed, moved or new ones of the same proposal, in whatever order they are decided."""

import random
from itertools import combinations, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import deciding, proposing
from review.landing import FIRST, landings, working_copy
from review.models import SuggestedAction, Suggestion, SuggestionStatus
from review.proposing import StepEdit
from review.wanted import Wanted, in_a_ring
from tests import factories as make
from tests.pristine import undone

STEPS = [{"id": name, "title": f"Step {name}", "images": []} for name in "abcd"]


def add(name: str, after: str) -> StepEdit:
    return StepEdit(name, texts={"title": f"Step {name}"}, after=after, adds=True)


def remove(name: str) -> StepEdit:
    return StepEdit(name, removes=True)


def build() -> int:
    steps = [make.step(name, title=f"Step {name}", body=f"Do {name}.") for name in "abcd"]
    made: int = make.released(owner=make.procedure_owner(), steps=steps).pk
    return made


def propose(version, *edits: StepEdit) -> list[Suggestion]:
    by = make.field_engineer()
    return list(proposing.propose(version=version, edits=edits, reason="Met it", by=by).sent_together())


def steps_of(version) -> list[dict]:
    return canonical_content(working_copy(ProcedurePage.objects.get(pk=version.page_id)))["steps"]


def order(version) -> str:
    return "".join(step["title"][-1] for step in steps_of(version))


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((remove("b"), add("n", "b")), "ancd"),
        ((remove("a"), add("n", "a")), "nbcd"),
        ((remove("a"), remove("b"), add("n", "b")), "ncd"),
        ((remove("b"), StepEdit("d", after="b")), "adc"),
        ((remove("c"), StepEdit("b", after="d"), add("n", "c")), "andb"),
        ((StepEdit("d", after="a"), add("n", "d")), "adnbc"),
        ((remove("b"), add("n", "b"), add("m", "n")), "anmcd"),
        ((add("n", "b"), add("m", "b")), "abnmcd"),
        ((remove("b"), add("n", "b"), add("m", "b")), "anmcd"),
        ((StepEdit("d", after=FIRST), add("n", FIRST)), "dnabc"),
    ],
)
def test_parts_land_alike_together_and_one_by_one_in_any_order(version, edits, expected: str) -> None:
    for way in [None, *permutations(range(len(edits)))]:
        with undone():
            parts = propose(version, *edits)
            if way is None:
                deciding.accept_together(
                    [deciding.Acceptance(part) for part in parts], by=version.last_editor
                )
            for place in way or ():
                deciding.accept(suggestion=parts[place], by=version.last_editor)
            assert order(version) == expected, way


def test_what_the_page_says_is_what_lands_whatever_is_accepted_with_it(version) -> None:
    """Each part is shown beside all the others; a decision on some of them carries what was shown of it."""
    edits = (remove("b"), add("n", "b"), add("m", "n"), StepEdit("d", after="b"))
    for size in (1, 2, 3, 4):
        for chosen in combinations(range(4), size):
            with undone():
                parts = propose(version, *edits)
                shown = landings(parts, steps_of(version))
                wanted = [
                    deciding.Acceptance(
                        parts[n], seen=shown[parts[n].pk].seen, after=shown[parts[n].pk].place
                    )
                    for n in chosen
                ]
                deciding.accept_together(wanted, by=version.last_editor)
                taken = [parts[n] for n in chosen]
                steps = Wanted(parts, version.steps).steps(taken)
                assert order(version) == "".join(step["title"][-1] for step in steps), chosen
                landed = parts[0].sent_together().landed()
                assert {part.status for part in landed} == {SuggestionStatus.ACCEPTED}


def test_a_step_that_goes_though_it_has_changed_leaves_its_place_to_what_follows_it(version) -> None:
    owner = version.last_editor
    parts = propose(version, remove("b"), add("n", "b"))
    (other,) = propose(version, StepEdit("b", texts={"body": "Do b twice."}))
    deciding.accept(suggestion=other, by=owner)
    wanted = [deciding.Acceptance(parts[0], anyway=True), deciding.Acceptance(parts[1])]
    deciding.accept_together(wanted, by=owner)
    assert order(version) == "ancd"
    parts[1].refresh_from_db()
    assert parts[1].landed_after == "a"


def test_what_follows_a_new_step_does_not_go_astray_without_it(version) -> None:
    first, second = propose(version, add("n", "b"), add("m", "n"))
    landing = landings([first, second], steps_of(version))[second.pk]
    assert (landing.place, landing.follows) == (first.step_id, "Step n")
    deciding.accept(suggestion=second, by=version.last_editor, seen=landing.seen, after=landing.place)
    assert order(version) == "abmcd"


@pytest.mark.parametrize("seed", range(8))
def test_random_proposals_decided_by_and_by_stand_as_their_author_wants(version, seed: int) -> None:
    """Some parts at once, some refused, in any order; each as the page showed it just before."""
    chance, owner = random.Random(seed), version.last_editor
    edits = [
        remove("b"),
        add("n", "b"),
        add("m", chance.choice("abn")),
        add("k", chance.choice([FIRST, *"bcm"])),
    ]
    edits.append(StepEdit("d", after=chance.choice("abc")))
    edits.append(
        chance.choice([remove("c"), StepEdit("c", after=chance.choice("ab")), StepEdit("a", after="b")])
    )
    left = propose(version, *chance.sample(edits, len(edits)))
    parts, taken = list(left), []
    chance.shuffle(left)
    deciding.refuse(suggestion=left.pop(), by=owner, answer="No.")
    while left:
        batch = [left.pop() for _ in range(min(len(left), chance.choice((1, 1, 2, 3))))]
        shown = landings([one for one in parts[0].sent_together() if one.is_open], steps_of(version))
        said = [(one, shown[one.pk]) for one in batch]
        wanted = [deciding.Acceptance(one, seen=as_is.seen, after=as_is.place) for one, as_is in said]
        deciding.accept_together(wanted, by=owner)
        taken += batch
        whole = Wanted(parts, version.steps).steps(taken)
        assert order(version) == "".join(step["title"][-1] for step in whole)


@pytest.mark.parametrize(
    "edits",
    [
        (StepEdit("a", after="b"), StepEdit("b", after="a")),
        (StepEdit("a", after="c"), StepEdit("b", after="a"), StepEdit("c", after="b")),
        (add("n", "m"), add("m", "n")),
    ],
)
def test_steps_that_are_to_follow_each_other_are_refused(version, edits) -> None:
    with pytest.raises(NotAllowed, match="is to follow another of them: “Step"):
        propose(version, *edits)
    assert not Suggestion.objects.exists()


def part(number: int, action: str, step_id: str, after: str | None) -> Suggestion:
    """As it would be stored, without a database."""
    found = Suggestion(pk=number, action=action, step_id=step_id, after=after)
    found._prefetched_objects_cache = {"changes": [], "images": []}  # type: ignore[attr-defined]  # Django's own
    return found


@st.composite
def proposals(draw: st.DrawFn) -> list[tuple[SuggestedAction, str, str | None, bool]]:
    """Removals, moves and new steps behind any step: there, removed, moved or new; and which of them are taken."""
    parts, new = [], "nmk"[: draw(st.integers(0, 3))]
    for name in "abcd":
        kind = draw(st.sampled_from(["stay", "remove", "move"]))
        if kind == "remove":
            parts.append((SuggestedAction.REMOVE, name, None))
        elif kind == "move":
            after = draw(st.sampled_from([one for one in (FIRST, *"abcd", *new) if one != name]))
            parts.append((SuggestedAction.EDIT, name, after))
    for place, name in enumerate(new):
        parts.append((SuggestedAction.ADD, name, draw(st.sampled_from([FIRST, *"abcd", *new[:place]]))))
    return [(*each, draw(st.booleans())) for each in draw(st.permutations(parts))]


# What Hypothesis calls too slow is how long a busy machine draws.
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(proposals())
def test_any_part_of_a_proposal_leaves_each_step_once_and_in_the_order_of_the_whole(drawn) -> None:
    parts = [part(number, *each[:3]) for number, each in enumerate(drawn, 1)]
    wanted = Wanted(parts, STEPS)
    taken = [one for one, (*_said, is_taken) in zip(parts, drawn, strict=True) if is_taken]
    ids = [step["id"] for step in wanted.steps(taken)]
    added = {one.step_id for one in taken if one.action == SuggestedAction.ADD}
    removed = {one.step_id for one in taken if one.action == SuggestedAction.REMOVE}
    assert sorted(ids) == sorted({*"abcd"} - removed | added)
    # What is not moved at all keeps its order, and so does what is decided either way.
    moved = {one.step_id for one in parts if one.after is not None}
    still = [step_id for step_id in ids if step_id not in moved]
    assert still == sorted(still)
    whole = [step["id"] for step in wanted.steps(parts)]
    ring = in_a_ring({one.step_id: one.after for one in parts if one.after is not None})
    if moved <= {one.step_id for one in taken} and not ring:
        assert [step_id for step_id in ids if step_id in whole] == [s for s in whole if s in ids]
