"""Sets and ranges against counting: what areas share and leave open, machine by machine."""

from collections.abc import Iterable, Iterator
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from procedures.lint.areas import Area, Ground, Row, simplified

MODELS = {1: frozenset({"a", "b"}), 2: frozenset({"b"}), 3: frozenset()}
POSITIONS = (2, 3, 5, 9)
GROUND = Ground(MODELS, POSITIONS)
Machine = tuple[int, int, frozenset[str]]  # model, position of its release, options fitted

positions = st.none() | st.integers(0, 10)  # also of releases that another line has
models = st.frozensets(st.sampled_from([*MODELS, 4]), min_size=1, max_size=3)  # 4: of another line
rows = st.builds(Row, models, positions, positions, st.frozensets(st.sampled_from("abc"), max_size=2))
guides = st.lists(rows, max_size=5)


def machines() -> Iterator[Machine]:
    for model, possible in MODELS.items():
        for position in POSITIONS:
            sets = chain.from_iterable(combinations(sorted(possible), n) for n in range(len(possible) + 1))
            yield from ((model, position, frozenset(options)) for options in sets)


def answers(guide: Iterable[Row], machine: Machine) -> bool:
    """The rule as a reader's query puts it."""
    model, position, fitted = machine
    return any(
        model in row.models
        and (row.from_position is None or row.from_position <= position)
        and (row.before_position is None or row.before_position > position)
        and row.options <= fitted
        for row in guide
    )


def within(areas: Iterable[Area], machine: Machine) -> bool:
    model, position, fitted = machine
    place = POSITIONS.index(position)
    return any(
        model in area.models and area.start <= place < area.stop and area.options <= fitted for area in areas
    )


def is_plain(areas: list[Area]) -> bool:
    """No model stands twice in touching ranges, or inside a wider area."""
    return not any(
        one.models & other.models
        and (
            (one.options == other.options and one.start <= other.stop and other.start <= one.stop)
            or (one.options > other.options and one.start >= other.start and one.stop <= other.stop)
        )
        for one in areas
        for other in areas
        if one is not other
    )


@given(guides)
def test_areas_cover_what_the_rows_cover(guide: list[Row]) -> None:
    areas = GROUND.areas(guide)
    for machine in machines():
        assert within(areas, machine) == answers(guide, machine)


@given(guides, guides)
def test_what_two_guides_share_is_where_both_answer(one: list[Row], other: list[Row]) -> None:
    shared = GROUND.shared(GROUND.areas(one), GROUND.areas(other))
    assert is_plain(shared)
    for machine in machines():
        assert within(shared, machine) == (answers(one, machine) and answers(other, machine))


@given(st.lists(guides, max_size=4))
def test_a_gap_is_where_some_machine_finds_no_guide(found: list[list[Row]]) -> None:
    left = GROUND.uncovered(area for guide in found for area in GROUND.areas(guide))
    assert is_plain(left)
    lost = {
        (model, position)
        for model, position, options in machines()
        if not any(answers(guide, (model, position, options)) for guide in found)
    }
    for model, position, _options in machines():
        assert within(left, (model, position, frozenset())) == ((model, position) in lost)


def test_ranges_that_touch_are_one_and_models_with_one_range_stand_together() -> None:
    areas = [Area(frozenset({1}), 0, 2), Area(frozenset({1}), 2, 4), Area(frozenset({2}), 0, 4)]
    assert simplified(areas) == [Area(frozenset({1, 2}), 0, 4)]


def test_options_that_no_model_can_have_together_do_not_meet() -> None:
    ground = Ground({1: frozenset("a"), 2: frozenset("ab")}, (1,))
    on_a, on_b = (
        [Row(frozenset({1}), None, None, frozenset("a")), Row(frozenset({2}), None, None, frozenset("a"))],
        [Row(frozenset({2}), None, None, frozenset("b"))],
    )
    assert ground.shared(ground.areas(on_a), ground.areas(on_b)) == [
        Area(frozenset({2}), 0, 1, frozenset("ab"))
    ]
    impossible = [Row(frozenset({1}), None, None, frozenset("b"))]
    assert ground.areas(impossible) == []


def test_a_line_without_releases_has_one_place() -> None:
    ground = Ground({1: frozenset(), 2: frozenset()}, ())
    assert ground.uncovered(ground.areas([Row(frozenset({1}), None, None)])) == [Area(frozenset({2}), 0, 1)]


def test_a_line_without_models_has_no_gap() -> None:
    assert Ground({}, (1, 2)).uncovered([]) == []
