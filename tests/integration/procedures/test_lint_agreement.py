"""The lint agrees with what a reader is shown, on small catalogues drawn at random and enumerated."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.actions import build_version
from procedures.applying import applies_as_filled
from procedures.content import canonical_content
from procedures.lint import Where, find_problems, overlaps_of, texts_by_answer
from procedures.models import (
    Applicability,
    ErrorCode,
    MachineModel,
    ProcedurePage,
    ProcedureVersion,
    SoftwareRelease,
    VersionApplicability,
)
from procedures.queries import Situation, resolve_guides
from tests import factories as make

pytestmark = pytest.mark.django_db


GUIDES = 4


class SmallWorld:
    """Two lines, a code of each, three models, and as many procedures without a version as GUIDES."""

    def __init__(self) -> None:
        self.user = make.field_engineer()
        self.approver = make.documentation_staff()
        self.lines = [make.product_line("L1"), make.product_line("L2")]
        self.releases = [
            SoftwareRelease.objects.create(product_line=line, version=str(position), position=position)
            for line, places in zip(self.lines, _PLACES, strict=True)
            for position in places
        ]
        self.models = [
            make.machine_model(self.lines[0], "M1", ["a", "b"]),
            make.machine_model(self.lines[0], "M2", ["b"]),
            make.machine_model(self.lines[1], "M3", ["a"]),
        ]
        self.codes = [make.error_code(line, "E-1") for line in self.lines]
        self.pages = [make.working_copy(by=self.user, number=f"SOP-{n}") for n in range(GUIDES)]

    def in_force(self, page: ProcedurePage, drawn: dict[str, Any]) -> None:
        """Put a version in force past the check, as the importer does."""
        page = self.filled(page, drawn)
        applies = applies_as_filled(page)
        version, rows = build_version(
            page=page, applies=applies, content=canonical_content(page), approved_by=self.approver,
            approved_at=timezone.now(),
            effective_from=timezone.now(),             major=1, minor=0, status="effective", origin="imported",
        )  # fmt: skip
        version.save()
        VersionApplicability.objects.bulk_create(rows)
        version.error_codes.set(applies.codes)

    def filled(self, page: ProcedurePage, drawn: dict[str, Any]) -> ProcedurePage:
        page = ProcedurePage.objects.get(pk=page.pk)
        page.language = drawn["language"]
        page.product_line = None if drawn["line"] is None else self.lines[drawn["line"]]
        page.applicability = [
            Applicability(
                model=self.models[model],
                release_from=None if first is None else self.releases[first],
                release_before=None if before is None else self.releases[before],
                options=sorted(options),
            )
            for model, first, before, options in drawn["rows"]
        ]
        page.error_codes = [self.codes[code] for code in drawn["codes"]]
        return page

    def situations(self) -> Iterator[tuple[ErrorCode, MachineModel, SoftwareRelease, tuple[str, ...]]]:
        for code in self.codes:
            for model in self.models:
                for release in self.releases:
                    if code.product_line_id == model.product_line_id == release.product_line_id:
                        fitted = chain.from_iterable(
                            combinations(model.options, n) for n in range(len(model.options) + 1)
                        )
                        yield from ((code, model, release, options) for options in fitted)


def holds(where: Where, model: MachineModel, release: SoftwareRelease, options: tuple[str, ...]) -> bool:
    """Whether the words of a report mean this machine."""
    positions = dict(
        SoftwareRelease.objects.filter(product_line=model.product_line_id).values_list("version", "position")
    )
    return (
        model.code in where.models
        and (not where.first or positions[where.first] <= release.position)
        and (not where.before or positions[where.before] > release.position)
        and set(where.options) <= set(options)
    )


_release = st.none() | st.integers(0, 4)
_PLACES = ((1, 3, 4), (2, 3))  # of the releases of the two lines


def _holds_a_release(row: tuple[int, int | None, int | None, frozenset[str]]) -> bool:
    """What no other row gets past the database (migration 0014)."""
    _model, first, before, _options = row
    positions = [place for places in _PLACES for place in places]
    return first is None or before is None or positions[first] < positions[before]


_guide = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["en", "en", "zh-hans"]),
        "line": st.sampled_from([0, 0, 1, None]),
        "rows": st.lists(
            st.tuples(
                st.integers(0, 2), _release, _release, st.frozensets(st.sampled_from("ab"), max_size=2)
            ).filter(_holds_a_release),
            max_size=3,
        ),
        "codes": st.sets(st.integers(0, 1), min_size=1),
    }
)


@pytest.fixture
def small_world(db: None) -> SmallWorld:
    return SmallWorld()


@settings(max_examples=25)
@given(drawn=st.lists(_guide, min_size=GUIDES, max_size=GUIDES))
def test_the_report_says_what_readers_would_meet(
    small_world: SmallWorld, drawn: list[dict[str, Any]]
) -> None:
    with transaction.atomic():
        for page, guide in zip(small_world.pages, drawn, strict=True):
            small_world.in_force(page, guide)
        report = find_problems()
        covered: dict[str, set[Any]] = defaultdict(set)
        for code, model, release, options in small_world.situations():
            for guide in resolve_guides(small_world.user, code, Situation(model, release, options)):
                covered[guide.number].add((code, model, release, options))
        # A code of a line on whose machines a guide never applies makes it another one all the same.
        for guide in ProcedureVersion.objects.effective():
            covered[guide.number].update(guide.error_codes.all())
        for code, model, release, options in small_world.situations():
            found = resolve_guides(small_world.user, code, Situation(model, release, options))
            pairs = {
                (one.number, other.number)
                for one, other in combinations(sorted(found, key=lambda guide: guide.number), 2)
                if one.language == other.language or covered[one.number] != covered[other.number]
            }
            for texts in texts_by_answer(code, found):
                numbers = sorted(text.number for text in texts)
                assert pairs.isdisjoint(combinations(numbers, 2))
            assert pairs == {
                (overlap.one.number, overlap.other.number)
                for overlap in report.overlaps
                if overlap.code.pk == code.pk and holds(overlap.where, model, release, options)
            }
            if not options:
                gaps = [
                    gap for gap in report.gaps
                    if gap.code.pk == code.pk and holds(gap.where, model, release, ())
                ]  # fmt: skip
                assert len(gaps) == (0 if found else 1)
            elif not found:  # more options only ever bring more guides
                assert not resolve_guides(small_world.user, code, Situation(model, release, ()))

        first = small_world.filled(small_world.pages[0], drawn[0])
        foreseen = overlaps_of(
            page_id=first.pk,
            language=first.language,
            product_line_id=first.product_line_id,
            rows=first.applicability.all(),
            codes=list(first.error_codes.all()),
        )
        assert {(o.other.number, o.code.pk, o.where) for o in foreseen} == {
            (o.other.number, o.code.pk, o.where) for o in report.overlaps if o.one.number == "SOP-0"
        }
        transaction.set_rollback(True)
