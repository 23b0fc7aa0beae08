"""Whether each error code has exactly one guide in force on every model and software release.

A guide is a version in force, of whatever kind, with error codes attached. It answers its codes on the machines
of its applicability rows, just as `VersionQuerySet.applicable_to` finds it for a reader:

- A row holds for one model, the releases [from, before) by their position, and machines with all its options
  fitted. A row for an option that the model cannot have holds for no machine.
- A version without rows is for every machine of its product line, or of all lines.
- More options never make a guide apply less, and a reader is shown every guide that applies: none is preferred
  for being more specific. So a guide for machines with an option overlaps, on those machines, with a guide that
  asks for none; and two guides for different options overlap on a machine with both. Where that is meant,
  documentation staff record why (AcceptedOverlap).
- A gap is a code, model and release where some machine finds no guide in any language; that machine is the one
  without options, so a guide for machines with an option does not close it (the gap says which options help).
- Two guides in different languages are two texts of one answer, and do not overlap, where they cover exactly the
  same: the same codes, and on the lines of these codes the same models, releases and options, however their rows say
  it. All others overlap, whatever the language: one of them would be a second answer on some machine. So do guides
  for different audiences: the staff, who read both, would find two.

A machine's release is always known here; where a reader leaves it open, more guides may be shown. A product
line without releases counts as having one.

Layers: `areas` is pure, `reading` asks the database, this module puts names to what was found.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from procedures.lint.areas import Area, Plainest, plainest
from procedures.lint.reading import Catalogue, Code, Guide, Line, read_catalogue, rows_of
from procedures.models import (
    AcceptedOverlap,
    ErrorCode,
    ProcedurePage,
    ProcedureVersion,
    VersionApplicability,
    VersionStatus,
)

__all__ = [
    "Code",
    "EmptyRange",
    "Gap",
    "Guide",
    "Overlap",
    "Report",
    "Where",
    "find_problems",
    "overlaps_of",
    "texts_by_answer",
]

MODELS_NAMED = 8  # in a sentence; the report names them all


@dataclass(frozen=True, slots=True)
class Where:
    """Some models of a product line on a range of its releases: `before` is the first one that is out of it.

    A release is "" where the range begins with the oldest or ends with the newest.
    """

    models: tuple[str, ...]
    every_model: bool
    first: str
    before: str
    options: tuple[str, ...] = ()  # all of these are fitted

    def __str__(self) -> str:
        return self.in_words(self.models)

    @property
    def in_short(self) -> str:
        """The same with a few of the models, where there are many."""
        more = len(self.models) - MODELS_NAMED
        if more < 2:
            return str(self)
        return self.in_words([*self.models[:MODELS_NAMED], _("%(count)d more models") % {"count": more}])

    def in_words(self, models: Sequence[str]) -> str:
        parts = [_("every model") if self.every_model else ", ".join(models), self.releases]
        if self.options:
            parts.append(_("with %(options)s") % {"options": ", ".join(self.options)})
        return "; ".join(parts)

    @property
    def releases(self) -> str:
        """The range of releases in words."""
        if self.first and self.before:
            return _("software from %(first)s to before %(before)s") % {
                "first": self.first,
                "before": self.before,
            }
        if self.first:
            return _("software %(first)s and later") % {"first": self.first}
        if self.before:
            return _("software before %(before)s") % {"before": self.before}
        return _("every software release")


@dataclass(frozen=True, slots=True)
class Gap:
    """No guide for this code; `only_with` holds the sets of options with which some of these machines have one."""

    code: Code
    where: Where
    only_with: tuple[tuple[str, ...], ...] = ()

    @property
    def helping_options(self) -> str:
        """`only_with` in one text: "parallel; lithium, seismic"."""
        return "; ".join(", ".join(options) for options in self.only_with)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two guides in force for this code on the same machines."""

    one: Guide
    other: Guide
    code: Code
    where: Where

    @property
    def guides(self) -> tuple[Guide, Guide]:
        return self.one, self.other


@dataclass(frozen=True, slots=True)
class EmptyRange:
    """A row of a version in force that is for no machine; no new one comes in (procedures.ordering.range_problem)."""

    number: str
    label: str
    title: str
    language: str
    model: str
    first: str
    before: str

    @property
    def url(self) -> str:
        return reverse("procedures:latest", args=[self.number])


@dataclass(frozen=True, slots=True)
class Report:
    gaps: list[Gap]
    overlaps: list[Overlap]  # those that nobody has recorded a reason for
    accepted: list[Overlap]
    empty: list[EmptyRange]

    @property
    def is_clean(self) -> bool:
        return not self.gaps and not self.overlaps and not self.empty


def find_problems(*, line: str = "") -> Report:
    """Every gap and overlap, in the order of product lines and codes, and every range of no release; `line`: of one
    product line only."""
    catalogue = read_catalogue(product_line__code=line) if line else read_catalogue()
    report = Report([], [], [], _empty_ranges(line))
    accepted = _Accepted()
    lints = _lints(catalogue)
    for found in catalogue.lines:
        lint = lints[found.pk]
        for code in found.codes:
            guides = catalogue.guides.get(code.pk, [])
            report.gaps.extend(lint.gaps(code, guides))
            for overlap in lint.overlaps(code, combinations(guides, 2)):
                (report.accepted if overlap in accepted else report.overlaps).append(overlap)
    return report


def _empty_ranges(line: str) -> list[EmptyRange]:
    rows = VersionApplicability.objects.filter(
        version__status=VersionStatus.EFFECTIVE, release_from__position__gte=F("release_before__position")
    )
    if line:
        rows = rows.filter(model__product_line__code=line)
    return [
        EmptyRange(number, f"{major}.{minor}", *names)
        for number, major, minor, *names in rows.order_by("version__number", "pk").values_list(
            "version__number", "version__major", "version__minor", "version__title", "version__language",
            "model__code", "release_from__version", "release_before__version",
        )
    ]  # fmt: skip


def overlaps_of(
    *,
    page_id: int,
    language: str,
    product_line_id: int | None,
    rows: Iterable[VersionApplicability],
    codes: Collection[ErrorCode],
) -> list[Overlap]:
    """What a version with these (unsaved) rows and codes would overlap with, were it released now.

    The page's own version in force, which it supersedes, does not count; nor do overlaps that documentation
    staff have recorded a reason for.
    """
    if not codes:
        return []
    number, title = ProcedurePage.objects.values_list("number", "title").get(pk=page_id)
    answered = frozenset((code.product_line_id, code.pk) for code in codes)
    new = Guide(page_id, number, "", title, language, product_line_id, rows_of(rows), answered)
    catalogue = read_catalogue(pk__in=[code.pk for code in codes])
    accepted = _Accepted()
    found: list[Overlap] = []
    lints = _lints(catalogue)
    for line in catalogue.lines:
        lint = lints[line.pk]
        for code in line.codes:
            pairs = ((new, guide) for guide in catalogue.guides.get(code.pk, []) if guide.page_id != page_id)
            found += [overlap for overlap in lint.overlaps(code, pairs) if overlap not in accepted]
    return found


def texts_by_answer(code: ErrorCode, versions: Sequence[ProcedureVersion]) -> list[list[ProcedureVersion]]:
    """These guides in force for the code, those together that are texts of one answer in different languages."""
    if len({version.language for version in versions}) < 2:
        return [[version] for version in versions]
    catalogue = read_catalogue(pk=code.pk)
    guides = {guide.page_id: guide for guide in catalogue.guides.get(code.pk, [])}
    (line,) = catalogue.lines
    lint = _lints(catalogue)[line.pk]
    answers: list[list[ProcedureVersion]] = []
    for version in versions:
        for answer in answers:
            if all(
                lint.are_texts_of_one_answer(guides[version.page_id], guides[text.page_id]) for text in answer
            ):
                answer.append(version)
                break
        else:
            answers.append([version])
    return answers


class _Accepted:
    """The overlaps on record, in one query."""

    def __init__(self) -> None:
        self._keys = set(AcceptedOverlap.objects.values_list("one", "other", "code"))

    def __contains__(self, overlap: Overlap) -> bool:
        one, other = sorted((overlap.one.page_id, overlap.other.page_id))
        return not self._keys.isdisjoint({(one, other, None), (one, other, overlap.code.pk)})


def _lints(catalogue: Catalogue) -> "dict[int, _LineLint]":
    lints: dict[int, _LineLint] = {}
    for line in (*catalogue.lines, *catalogue.beside):
        lints[line.pk] = _LineLint(line, lints)
    return lints


class _LineLint:
    """The guides on the ground of one product line. Codes with the same guides are looked at once.

    `lints`: those of all the lines that the guides have codes of, by key.
    """

    def __init__(self, line: Line, lints: "Mapping[int, _LineLint]") -> None:
        self._line, self._lints = line, lints
        self.covered_by = cache(self._covered_by)
        self.are_texts_of_one_answer = cache(self._are_texts_of_one_answer)
        self._areas = cache(self._areas_of)
        self._shared = cache(self._shared_by)
        self._uncovered = cache(self._uncovered_by)

    def gaps(self, code: Code, guides: Iterable[Guide]) -> list[Gap]:
        return [Gap(code, where, only_with) for where, only_with in self._uncovered(frozenset(guides))]

    def overlaps(self, code: Code, pairs: Iterable[tuple[Guide, Guide]]) -> list[Overlap]:
        return [
            Overlap(one, other, code, where)
            for one, other in pairs
            if not self.are_texts_of_one_answer(one, other)
            for where in self._shared(one, other)
        ]

    def _are_texts_of_one_answer(self, one: Guide, other: Guide) -> bool:
        if one.language == other.language or one.codes != other.codes:
            return False
        lints = [self._lints[line] for line in {line for line, _code in one.codes}]
        return all(lint.covered_by(one) == lint.covered_by(other) for lint in lints)

    def _covered_by(self, guide: Guide) -> Plainest:
        return plainest(self._areas(guide))

    def _areas_of(self, guide: Guide) -> list[Area]:
        ground = self._line.ground
        if guide.rows:
            return ground.areas(guide.rows)
        return [ground.whole] if ground.models and guide.product_line_id in (None, self._line.pk) else []

    def _shared_by(self, one: Guide, other: Guide) -> list[Where]:
        return [self._where(area) for area in self._line.ground.shared(self._areas(one), self._areas(other))]

    def _uncovered_by(self, guides: frozenset[Guide]) -> list[tuple[Where, tuple[tuple[str, ...], ...]]]:
        areas = [area for guide in guides for area in self._areas(guide)]
        found = []
        for gap in self._line.ground.uncovered(areas):
            helping = {
                tuple(sorted(area.options))
                for area in areas
                if area.options
                and area.start < gap.stop
                and gap.start < area.stop
                and not area.models.isdisjoint(gap.models)
            }
            found.append((self._where(gap), tuple(sorted(helping))))
        return found

    def _where(self, area: Area) -> Where:
        line = self._line
        return Where(
            models=tuple(sorted(line.models[model] for model in area.models)),
            every_model=len(area.models) == len(line.models),
            first=line.releases[area.start] if area.start else "",
            before=line.releases[area.stop] if area.stop < line.ground.width else "",
            options=tuple(sorted(area.options)),
        )
