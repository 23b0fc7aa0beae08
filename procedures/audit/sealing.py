"""Which rows the log seals, and how each is read: from the database, never from memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import Error, models
from django.db.models.signals import pre_delete
from django.utils.translation import gettext as _

from procedures.audit.canonical import plain, row_seal

CHUNK = 200
"""Rows read at once; a version with its HTML takes tens of kilobytes."""
UNREADABLE = (Error, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError)
"""What reading a value that was tampered with may raise: broken JSON, text, dates."""

Facts = dict[str, dict[Any, Any]]
"""What the rows walked so far have said, for checks across tables: {topic: {key: fact}}."""
RowCheck = Callable[[int, Mapping[str, Any], Facts], Iterable[str]]
"""(pk, fields, facts) -> what does not fit, as sentences."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that does not fit: its table, its primary key (a file: its SHA-256), and a sentence."""

    table: str
    key: int | str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.what}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed model. `forms` are the lists of columns sealed over time; a row is sealed by the newest.

    All columns but the `changing` ones say the same in every seal of a row.
    """

    model: type[models.Model]
    forms: Mapping[int, tuple[str, ...]]
    page: str  # the path from a row to its procedure
    check: RowCheck | None
    changing: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def form(self) -> int:
        return max(self.forms)

    def fields(self, form: int) -> list[str]:
        return [self.model._meta.get_field(name).attname for name in self.forms[form]]  # type: ignore[union-attr]  # a generic relation has none; no column is one

    def rows(self, pks: Sequence[int] | None = None) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """(pk, every sealed column) by ascending pk, all or those asked for; None for a row that cannot be read."""
        metas = [self.model._meta.get_field(name) for name in self._names()]
        columns = [field.attname for field in metas if not field.many_to_many]  # type: ignore[union-attr]  # a generic relation has none; no column is one
        lists = [field for field in metas if field.many_to_many]
        for chunk in read_chunks(self.model, columns, pks):
            read = [pk for pk, values in chunk if values is not None]
            linked = {field.name: _linked(field, read) for field in lists}
            for pk, values in chunk:
                if values is None:
                    yield pk, None
                    continue
                row = {name: plain(value) for name, value in zip(columns, values, strict=True)}
                yield pk, row | {name: found.get(pk, []) for name, found in linked.items()}

    def row(self, pk: int, values: Mapping[str, Any], form: int | None = None) -> dict[str, Any]:
        """The row as it is hashed and exported. Raises LookupError where there is no such form."""
        form = form or self.form
        fields = {name: values[name] for name in self.fields(form)}
        return {"model": self.label, "pk": pk, "form": form, "fields": fields}

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.forms.values() for name in names))


_sealed: dict[str, Sealed] = {}
_final_checks: list[Callable[[Facts], Iterable[Finding]]] = []


def seal(
    model: type[models.Model],
    *forms: Sequence[str],
    page: str = "version__page",
    check: RowCheck | None = None,
    changing: Iterable[str] = (),
) -> None:
    """Seal these columns of the model's rows, of which only the `changing` ones may; called in AppConfig.ready().

    A column added later needs another list after the first: rows sealed before are verified by the list of
    their day. `check` sees one row, and leaves facts for a final check to hold against those of other tables.
    """
    _sealed[model._meta.label_lower] = Sealed(
        model,
        {number: tuple(names) for number, names in enumerate(forms, 1)},
        page,
        check,
        frozenset(changing),
    )
    for field in model._meta.many_to_many:
        target = field.related_model
        pre_delete.connect(_keep_listed, sender=target, dispatch_uid=f"audit.{target._meta.label_lower}")


def _keep_listed(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Whoever or whatever a sealed row lists stays: Django would cut the link, and the row would no longer fit."""
    for sealed in _sealed.values():
        for field in sealed.model._meta.many_to_many:
            if field.related_model is sender:
                listing = sealed.model._default_manager.filter(**{field.name: instance.pk})
                if rows := set(listing[:1]):
                    raise models.ProtectedError(f"{sealed.label} lists {instance}, and is sealed.", rows)


def register_final_check(check: Callable[[Facts], Iterable[Finding]]) -> None:
    """A check across tables, asked once all sealed rows have been walked."""
    if check not in _final_checks:
        _final_checks.append(check)


def sealed_models() -> dict[str, Sealed]:
    """{"app.model": …} in the order of the names, whatever order the apps start in."""
    return dict(sorted(_sealed.items()))


def final_findings(facts: Facts) -> Iterator[Finding]:
    for check in _final_checks:
        try:
            yield from check(facts)
        except (*UNREADABLE, LookupError):  # a value of another kind than its column has
            yield Finding("rows", check.__name__, _("What they say of each other cannot be read."))


def row_key(row: models.Model) -> str:
    return f"{row._meta.label_lower}:{row.pk}"


def seals_of(rows: Iterable[models.Model]) -> dict[str, str]:
    """{"app.model:pk": seal} of the rows as the database holds them now.

    Raises LookupError where a row is not stored or its model is not registered.
    """
    wanted = sorted({(row._meta.label_lower, row.pk) for row in rows})
    seals = {}
    for label, keys in groupby(wanted, key=lambda key: key[0]):
        sealed = _sealed[label]
        for pk, values in sealed.rows([pk for _label, pk in keys]):
            if values is None:
                raise LookupError(f"{label} {pk} cannot be read")
            seals[f"{label}:{pk}"] = row_seal(sealed.row(pk, values))
    if missing := [f"{label}:{pk}" for label, pk in wanted if f"{label}:{pk}" not in seals]:
        raise LookupError(f"not stored: {', '.join(missing)}")
    return seals


Chunk = list[tuple[int, tuple[Any, ...] | None]]


def read_chunks(
    model: type[models.Model], columns: Sequence[str], pks: Sequence[int] | None = None
) -> Iterator[Chunk]:
    """The rows' columns by ascending pk, a chunk at a time; None for a row that cannot be read."""
    if pks is not None:
        ordered = sorted(pks)
        for start in range(0, len(ordered), CHUNK):
            yield _read(model.objects.filter(pk__in=ordered[start : start + CHUNK]), columns)  # type: ignore[attr-defined]  # every model here has `objects`
        return
    rows, last = model.objects.all(), None  # type: ignore[attr-defined]  # every model here has `objects`
    while chunk := _read(rows if last is None else rows.filter(pk__gt=last), columns):
        yield chunk
        last = chunk[-1][0]


def _read(rows: models.QuerySet[Any], columns: Sequence[str]) -> Chunk:
    rows = rows.order_by("pk")
    try:
        return [(values[0], values[1:]) for values in rows.values_list("pk", *columns)[:CHUNK]]
    except UNREADABLE:
        return [(pk, _read_one(rows, columns, pk)) for pk in rows.values_list("pk", flat=True)[:CHUNK]]


def _read_one(rows: models.QuerySet[Any], columns: Sequence[str], pk: int) -> tuple[Any, ...] | None:
    try:
        return rows.filter(pk=pk).values_list(*columns).get()
    except UNREADABLE:
        return None


def _linked(field: Any, pks: Sequence[int]) -> dict[int, list[int]]:
    """For each row the sorted primary keys that a many-to-many field lists."""
    own, other = f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id"
    pairs = field.remote_field.through._default_manager.filter(**{f"{own}__in": pks})
    found: dict[int, list[int]] = {}
    for pk, linked in pairs.order_by(own, other).values_list(own, other):
        found.setdefault(pk, []).append(linked)
    return found
