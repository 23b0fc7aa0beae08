"""The catalogue and the guides in force, as far as the lint looks at them, in eight queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from procedures.lint.areas import NO_OPTIONS, Ground, Row
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
    guides: Mapping[int, list[Guide]]  # by error code, in the order of their numbers


def read_catalogue(codes: QuerySet[ErrorCode]) -> Catalogue:
    """The product lines of these codes, and every version in force that answers one of them."""
    positions = dict(SoftwareRelease.objects.values_list("pk", "position").order_by())
    return Catalogue(_lines(codes), _guides(codes, positions))


def _lines(codes: QuerySet[ErrorCode]) -> list[Line]:
    found = ProductLine.objects.filter(pk__in=codes.order_by().values("product_line"))
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
    return [
        Line(
            pk=pk,
            code=code,
            ground=Ground(
                {model: options for model, (_name, options) in models[pk].items()},
                [position for position, _version in releases[pk]],
            ),
            models={model: name for model, (name, _options) in models[pk].items()},
            releases=[version for _position, version in releases[pk]],
            codes=by_line[pk],
        )
        for pk, code in found.order_by("code").values_list("pk", "code")
    ]


def _guides(codes: QuerySet[ErrorCode], positions: Mapping[int, int]) -> dict[int, list[Guide]]:
    links = ProcedureVersion.error_codes.through.objects.filter(
        errorcode__in=codes.order_by(), procedureversion__status=VersionStatus.EFFECTIVE
    )
    answering = links.values("procedureversion")
    rows: dict[int, list[Row]] = defaultdict(list)
    for version, *values in (
        VersionApplicability.objects.filter(version__in=answering)
        .order_by()
        .values_list("version", "model", "release_from", "release_before", "options")
        .iterator(chunk_size=10_000)
    ):
        rows[version].append(row_of(*values, positions=positions))
    guides = {
        pk: Guide(page, number, f"{major}.{minor}", title, language, line, tuple(rows[pk]))
        for pk, page, number, major, minor, title, language, line in (
            ProcedureVersion.objects.filter(pk__in=answering)
            .order_by("number")
            .values_list("pk", "page", "number", "major", "minor", "title", "language", "product_line")
        )
    }
    by_code: dict[int, list[Guide]] = defaultdict(list)
    for code, version in links.order_by("procedureversion__number").values_list(
        "errorcode", "procedureversion"
    ):
        by_code[code].append(guides[version])
    return by_code


def row_of(
    model: int,
    release_from: int | None,
    release_before: int | None,
    options: Collection[str] | None,
    *,
    positions: Mapping[int, int],
) -> Row:
    """A row from the primary keys of its model and releases."""
    return Row(
        model,
        positions[release_from] if release_from is not None else None,
        positions[release_before] if release_before is not None else None,
        frozenset(options) if options else NO_OPTIONS,
    )


def rows_of(rows: Iterable[VersionApplicability]) -> tuple[Row, ...]:
    """The rows of a version that need not be saved yet, in one query."""
    rows = list(rows)
    named = {pk for row in rows for pk in (row.release_from_id, row.release_before_id) if pk is not None}
    positions = dict(SoftwareRelease.objects.filter(pk__in=named).values_list("pk", "position"))
    return tuple(
        row_of(row.model_id, row.release_from_id, row.release_before_id, row.options, positions=positions)
        for row in rows
    )
