"""The catalogue and the guides in force, as far as the lint looks at them, in eight queries."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse

from procedures.lint.areas import Ground, Row
from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
    VersionStatus,
)


@dataclass(frozen=True, slots=True)
class Code:
    pk: int
    line: str
    code: str

    @property
    def url(self) -> str:
        return reverse("procedures:error_code", args=[self.line, self.code])


@dataclass(frozen=True, slots=True, eq=False)  # compared as what was read, not row by row
class Guide:
    """A version that answers codes; `label` is "" while it is not released yet."""

    page_id: int
    number: str
    label: str
    title: str
    language: str
    product_line_id: int | None
    rows: tuple[Row, ...]
    codes: frozenset[tuple[int, int]]  # (product line, code), all of them, whichever are asked about

    @property
    def url(self) -> str:
        return reverse("procedures:latest", args=[self.number])

    def __str__(self) -> str:
        return f"{self.number} {self.label}".strip()


@dataclass(frozen=True, slots=True)
class Line:
    """A product line: its ground, and the names of what stands on it."""

    pk: int
    code: str
    ground: Ground
    models: Mapping[int, str]
    releases: list[str]
    codes: list[Code]


@dataclass(frozen=True, slots=True)
class Catalogue:
    lines: list[Line]
    beside: list[Line]  # those of further codes of the guides, without their codes
    guides: Mapping[int, list[Guide]]  # by error code, in the order of their numbers


def read_catalogue(**codes: Any) -> Catalogue:
    """The product lines of these error codes, and every version in force that answers one of them.

    `codes` are lookups on ErrorCode, e.g. product_line__code="UPS"; none: all codes.
    """
    # Joined, not as a subquery of codes: without statistics SQLite would try each code on each version.
    links = ProcedureVersion.error_codes.through.objects.filter(
        procedureversion__status=VersionStatus.EFFECTIVE,
        **{f"errorcode__{lookup}": value for lookup, value in codes.items()},
    )
    guides = _guides(links)
    further = {line for found in guides.values() for guide in found for line, _code in guide.codes}
    asked, beside = _lines(ErrorCode.objects.filter(**codes), further)
    return Catalogue(asked, beside, guides)


def _lines(codes: QuerySet[ErrorCode], further: Set[int]) -> tuple[list[Line], list[Line]]:
    """The lines of these codes, and those of the keys `further` that are none of them."""
    asked = Q(pk__in=codes.order_by().values("product_line"))
    found = ProductLine.objects.filter(asked | Q(pk__in=further))
    by_line: dict[int, list[Code]] = defaultdict(list)
    for pk, line, line_code, code in codes.order_by("code", "pk").values_list(
        "pk", "product_line", "product_line__code", "code"
    ):
        by_line[line].append(Code(pk, line_code, code))
    models: dict[int, dict[int, tuple[str, frozenset[str]]]] = defaultdict(dict)
    for pk, line, code, options in MachineModel.objects.values_list("pk", "product_line", "code", "options"):
        models[line][pk] = code, frozenset(options)
    releases: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for line, position, version in SoftwareRelease.objects.order_by("position").values_list(
        "product_line", "position", "version"
    ):
        releases[line].append((position, version))
    lines = [
        Line(
            pk=pk,
            code=code,
            ground=Ground(
                {model: options for model, (_name, options) in models[pk].items()},
                [position for position, _version in releases[pk]],
            ),
            models={model: name for model, (name, _options) in models[pk].items()},
            releases=[version for _position, version in releases[pk]],
            codes=by_line.get(pk, []),
        )
        for pk, code in found.order_by("code").values_list("pk", "code")
    ]
    return [line for line in lines if line.codes], [line for line in lines if not line.codes]


def _guides(links: QuerySet[Any]) -> dict[int, list[Guide]]:
    """By error code the guides among those that these rows of its many-to-many table name; of codes that are not asked
    about, not all guides."""
    positions = dict(SoftwareRelease.objects.values_list("pk", "position").order_by())
    answering = links.values("procedureversion")
    rows = _rows(
        VersionApplicability.objects.filter(version__in=answering)
        .order_by()
        .values_list("version", "model", "release_from", "release_before", Cast("options", TextField()))
        .iterator(chunk_size=10_000),
        positions,
    )
    linked = list(
        ProcedureVersion.error_codes.through.objects.filter(procedureversion__in=answering)
        .order_by("procedureversion__number")
        .values_list("procedureversion", "errorcode", "errorcode__product_line")
    )
    codes: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for version, code, line in linked:
        codes[version].add((line, code))
    guides = {
        pk: Guide(
            page, number, f"{major}.{minor}", title, language, line, rows.get(pk, ()), frozenset(codes[pk])
        )
        for pk, page, number, major, minor, title, language, line in (
            ProcedureVersion.objects.filter(pk__in=answering)
            .order_by("number")
            .values_list("pk", "page", "number", "major", "minor", "title", "language", "product_line")
        )
    }
    by_code: dict[int, list[Guide]] = defaultdict(list)
    for version, code, _line in linked:
        by_code[code].append(guides[version])
    return by_code


def rows_of(rows: Iterable[VersionApplicability]) -> tuple[Row, ...]:
    """The rows of a version that need not be saved yet, in one query."""
    found = [
        (0, row.model_id, row.release_from_id, row.release_before_id, json.dumps(row.options)) for row in rows
    ]
    named = {pk for _version, _model, *ends, _options in found for pk in ends if pk is not None}
    positions = dict(SoftwareRelease.objects.filter(pk__in=named).values_list("pk", "position"))
    return _rows(found, positions).get(0, ())


def _rows(
    records: Iterable[tuple[int, int, int | None, int | None, str]], positions: Mapping[int, int]
) -> dict[int, tuple[Row, ...]]:
    """Each version's rows, those alike but for their model as one. A large catalogue has a million records,
    of few kinds: what a kind means is worked out once."""
    models: dict[int, dict[tuple[int | None, int | None, str], set[int]]] = {}
    for version, model, first, before, text in records:
        models.setdefault(version, {}).setdefault((first, before, text), set()).add(model)
    options = cache(lambda text: frozenset(json.loads(text) or ()))
    return {
        version: tuple(
            Row(
                frozenset(found),
                None if first is None else positions[first],
                None if before is None else positions[before],
                options(text),
            )
            for (first, before, text), found in kinds.items()
        )
        for version, kinds in models.items()
    }
