"""Which machines a guide is for, as sets of models and ranges of releases; nothing here is enumerated.

Pure: no database. Models are named by their primary keys; a release by its place in the order of its product
line, 0 for the oldest.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

NO_OPTIONS: frozenset[str] = frozenset()


class Row(NamedTuple):
    """The rows of "applies to" that differ in their model only; releases by their position in the catalogue,
    None where the range is open."""

    models: frozenset[int]
    from_position: int | None
    before_position: int | None
    options: frozenset[str] = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Area:
    """The machines of `models` that run a release at a place in [start, stop) and have all `options`."""

    models: frozenset[int]
    start: int
    stop: int
    options: frozenset[str] = NO_OPTIONS


Plainest = frozenset[tuple[int, frozenset[str], frozenset[int]]]
"""{(model, options, the places at which no fewer options are enough)}."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All machines that a product line can have."""

    models: Mapping[int, frozenset[str]]  # each with the options it can have
    positions: Sequence[int]  # of the releases, ascending

    @property
    def width(self) -> int:
        """How many places a range can hold. Without releases one place stands for whatever the machines run."""
        return max(1, len(self.positions))

    @property
    def whole(self) -> Area:
        return Area(frozenset(self.models), 0, self.width)

    def areas(self, rows: Iterable[Row]) -> list[Area]:
        """What the rows cover here; a row covers nothing where its model cannot have all of its options."""
        found = []
        for models, from_position, before_position, options in rows:
            start, stop = 0, self.width
            if self.positions:
                if from_position is not None:
                    start = bisect_left(self.positions, from_position)
                if before_position is not None:
                    stop = bisect_left(self.positions, before_position)
            models = self._with_options(models & self.models.keys(), options)
            if models and start < stop:
                found.append(Area(models, start, stop, options))
        return found

    def _with_options(self, models: Set[int], options: frozenset[str]) -> frozenset[int]:
        """Those of the models that can have all of the options."""
        if not options:
            return frozenset(models)
        return frozenset(model for model in models if options <= self.models[model])

    def shared(self, one: Iterable[Area], other: Iterable[Area]) -> list[Area]:
        """The machines that both cover. Rows for options A and for options B meet where A and B are fitted."""
        found = []
        for a, b in product(one, other):
            start, stop = max(a.start, b.start), min(a.stop, b.stop)
            if start >= stop or a.models.isdisjoint(b.models):
                continue
            options = a.options | b.options
            if models := self._with_options(a.models & b.models, options):
                found.append(Area(models, start, stop, options))
        return simplified(found)

    def uncovered(self, areas: Iterable[Area]) -> list[Area]:
        """The models and releases with a machine that none of the areas covers.

        More options only ever bring more guides, so the machine to ask about is the one with none fitted.
        """
        left = [self.whole] if self.models else []
        for area in areas:
            if not area.options:
                left = [piece for whole in left for piece in _without(whole, area)]
        return simplified(left)


def plainest(areas: Iterable[Area]) -> Plainest:
    """What the areas cover, in a form that is equal where they cover the same machines, however they say it."""
    places: dict[int, dict[frozenset[str], set[int]]] = defaultdict(lambda: defaultdict(set))
    for area in areas:
        for model in area.models:
            places[model][area.options].update(range(area.start, area.stop))
    found = set()
    for model, by_options in places.items():
        for options, held in by_options.items():
            # Where fewer options are enough, asking for more says nothing.
            needed = held.difference(*(wider for fewer, wider in by_options.items() if fewer < options))
            if needed:
                found.add((model, options, frozenset(needed)))
    return frozenset(found)


def _without(whole: Area, area: Area) -> list[Area]:
    """`whole` less `area`: the other models as they were, the shared ones before and after."""
    start, stop = max(whole.start, area.start), min(whole.stop, area.stop)
    if start >= stop or whole.models.isdisjoint(area.models):
        return [whole]
    models = whole.models & area.models
    pieces = (
        Area(whole.models - models, whole.start, whole.stop),
        Area(models, whole.start, start),
        Area(models, stop, whole.stop),
    )
    return [piece for piece in pieces if piece.models and piece.start < piece.stop]


def simplified(areas: Sequence[Area]) -> list[Area]:
    """The same machines in order of release: ranges that touch are one, models with the same range stand
    together, and nothing is said twice of machines with more options than another area asks for."""
    if len(areas) < 2:
        return list(areas)
    ranges: dict[int, dict[frozenset[str], list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for area in areas:
        for model in area.models:
            ranges[model][area.options].append((area.start, area.stop))
    models: dict[tuple[int, int, frozenset[str]], set[int]] = defaultdict(set)
    for model, by_options in ranges.items():
        joined = {options: _joined(found) for options, found in by_options.items()}
        for options, found in joined.items():
            wider = [span for fewer, spans in joined.items() if fewer < options for span in spans]
            for start, stop in found:
                if not any(first <= start and stop <= last for first, last in wider):
                    models[start, stop, options].add(model)
    places = sorted(models, key=lambda place: (place[0], place[1], sorted(place[2])))
    return [Area(frozenset(models[place]), *place) for place in places]


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return joined
