"""A catalogue file compared with what there is, and taken in whole or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from procedures import reindexing
from procedures.admin.csv_columns import REFERENCES, CatalogueFile, cell_text, parse_cell
from procedures.admin.csv_reading import Problem, Row, UnreadableFile, read_rows
from procedures.ordering import order_problems, place_releases
from procedures.plain_codes import twin_message

REASON = "CSV import"
BATCH = 500

Key = tuple[Any, ...]


@dataclass
class PlannedRow:
    """One row: the record it makes or changes, and each changed column with its text before and after."""

    line: int
    record: models.Model
    new: bool
    changes: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Plan:
    """What an import would do, or did if `done`. With any problem, it does nothing."""

    file: CatalogueFile
    rows: list[PlannedRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    done: bool = False

    @property
    def new(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.new]

    @property
    def changed(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.changes]

    @property
    def same(self) -> int:
        return len(self.rows) - len(self.new) - len(self.changed)

    @property
    def digest(self) -> str:
        """Tells whether the plan is still the one that was shown."""
        return f"{len(self.new)}-{len(self.changed)}-{self.same}"


class _References:
    """Records that cells name, loaded once a file; a module can be named before its own row."""

    def __init__(self, own: dict[Key, models.Model], file: CatalogueFile) -> None:
        self._tables: dict[type[models.Model], dict[Key, models.Model]] = {}
        if any(REFERENCES[name].model is file.model for name in file.columns if name in REFERENCES):
            self._tables[file.model] = own

    def find(self, name: str, text: str, record: models.Model) -> models.Model:
        """Raises ValidationError if there is no such record where the row's record may have it."""
        reference = REFERENCES[name]
        table = self._table(reference.model)
        line = reduce(getattr, reference.line.split("."), record) if reference.line else None
        found = table.get((line.pk, text) if line is not None else (text,))
        if found is None:
            names = {"text": text, "kind": reference.model._meta.verbose_name, "line": line}
            raise ValidationError(
                _("There is no %(kind)s “%(text)s” in product line %(line)s.") % names
                if line is not None
                else _("There is no %(kind)s “%(text)s”.") % names
            )
        return found

    def _table(self, model: type[models.Model]) -> dict[Key, models.Model]:
        if model not in self._tables:
            reference = next(known for known in REFERENCES.values() if known.model is model)
            names = ["product_line_id", reference.code] if reference.line else [reference.code]
            related = ["product_line"] if _has_field(model, "product_line") else []
            self._tables[model] = {
                tuple(getattr(record, name) for name in names): record
                for record in model._default_manager.select_related(*related)
            }
        return self._tables[model]


def _has_field(model: type[models.Model], name: str) -> bool:
    return any(known.name == name for known in model._meta.concrete_fields)


def _key(file: CatalogueFile, record: models.Model) -> Key:
    return tuple(getattr(record, file.field(name).attname) for name in file.key)


def _existing(file: CatalogueFile) -> dict[Key, models.Model]:
    """All records of the model by key, a tree's parents linked to the very same objects."""
    related = [name for name in file.columns if name in REFERENCES and name != "parent"]
    if file.name == "machine":
        related.append("model__product_line")
    records = {_key(file, record): record for record in file.model._default_manager.select_related(*related)}
    if "parent" in file.columns:
        by_pk = {record.pk: record for record in records.values()}
        for record in records.values():
            if parent_id := attrgetter("parent_id")(record):
                setattr(record, "parent", by_pk[parent_id])  # noqa: B010  # not every model has one
    return records


class _Planner:
    def __init__(self, file: CatalogueFile) -> None:
        self.file = file
        self.plan = Plan(file)
        self.records = _existing(file)
        self.folded = {self._folded(key): key for key in self.records}
        self.references = _References(self.records, file)
        self.lines: dict[Key, int] = {}

    def problem(self, line: int, name: str, error: ValidationError | str) -> None:
        reasons = [error] if isinstance(error, str) else error.messages
        self.plan.problems += [Problem(line, name, reason) for reason in reasons]

    def run(self, rows: Iterable[Row]) -> Plan:
        begun = [begun for row in rows if (begun := self._begin(row))]
        filled = [(row, planned) for row, planned, before in begun if self._fill(row, planned, before)]
        for row, planned in filled:
            self._validate(row, planned)
        self._check_unique()
        if self.file.ordered and not self.plan.problems:
            self._check_order()
        self.plan.problems.sort(key=lambda problem: problem.line or 0)
        return self.plan

    def _begin(self, row: Row) -> tuple[Row, PlannedRow, dict[str, str]] | None:
        """Find or make the row's record by its key."""
        probe = self.file.model()
        for name in self.file.key:
            if not self._set(row, probe, name):
                return None
        key = _key(self.file, probe)
        if key in self.lines:
            first = self.lines[key]
            self.problem(row.line, self.file.key[-1], _("The same record stands on line %d already.") % first)
            return None
        self.lines[key] = row.line
        record = self.records.get(key)
        if record is None and (twin := self.folded.get(self._folded(key))):
            self.problem(
                row.line,
                self.file.key[-1],
                _("It differs from “%s” only in capitals; write it the same.") % twin[-1]
                if str(twin[-1]).casefold() == str(key[-1]).casefold()
                else twin_message(str(twin[-1])),
            )
            return None
        planned = PlannedRow(row.line, record or probe, record is None)
        before = {} if planned.new else {name: cell_text(planned.record, name) for name in row.cells}
        self.plan.rows.append(planned)
        if planned.new:
            self.records[key] = probe
            self.folded[self._folded(key)] = key
        return row, planned, before

    def _folded(self, key: Key) -> Key:
        return tuple(self.file.fold(part) if isinstance(part, str) else part for part in key)

    def _fill(self, row: Row, planned: PlannedRow, before: dict[str, str]) -> bool:
        names = [name for name in self.file.columns if name in row.cells and name not in self.file.key]
        # Every cell is tried, so that all that is wrong with a row is told at once.
        right = all([self._set(row, planned.record, name) for name in names])
        if right and not planned.new:
            after = {name: cell_text(planned.record, name) for name in names}
            planned.changes = [
                (name, before[name], after[name])
                for name in names
                if before[name].strip() != after[name].strip()
            ]
        return right

    def _set(self, row: Row, record: models.Model, name: str) -> bool:
        db_field, text = self.file.field(name), row.cells[name]
        if name == self.file.key[-1]:
            text = self.file.plain(text)
        try:
            if not text and not db_field.blank and not db_field.has_default():
                raise ValidationError(_("This may not be empty."))
            if name in REFERENCES:
                setattr(record, name, self.references.find(name, text, record) if text else None)
            else:
                setattr(record, name, parse_cell(db_field, text))
        except ValidationError as error:
            self.problem(row.line, name, error)
            return False
        except models.ObjectDoesNotExist:
            return False  # the record that says the product line is missing, and that has been said
        return True

    def _validate(self, row: Row, planned: PlannedRow) -> None:
        """The model's own rules. Uniqueness is checked for the whole file, references were found already."""
        if not planned.new and not planned.changes:
            return
        found = [name for name in self.file.columns if name in REFERENCES]
        try:
            planned.record.full_clean(exclude=found, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                for message in messages:
                    self.problem(row.line, name if name in self.file.columns else "", message)

    def _check_unique(self) -> None:
        """No two records may share what is unique apart from the key, once the whole file is in."""
        for constraint in self.file.model._meta.constraints:
            if not isinstance(constraint, models.UniqueConstraint) or constraint.fields == self.file.key:
                continue
            names = constraint.fields
            owners: dict[Key, Key] = {}
            for key, record in sorted(self.records.items(), key=lambda item: item[0] in self.lines):
                value = tuple(getattr(record, self.file.field(name).attname) for name in names)
                if None in value:
                    continue
                owner = owners.setdefault(value, key)
                if owner != key:
                    self.problem(
                        self.lines.get(key) or self.lines.get(owner, 1),
                        names[-1],
                        _("%(value)s is the %(field)s of “%(owner)s”.")
                        % {
                            "value": value[-1],
                            "field": self.file.field(names[-1]).verbose_name,
                            "owner": owner[-1],
                        },
                    )

    def _check_order(self) -> None:
        """What approved ranges begin or end with keeps before and after it what is there."""
        lines = {getattr(record, "pk", None): self.lines.get(key, 1) for key, record in self.records.items()}
        for line, wanted in _positions(self.plan).items():
            before = dict(
                self.file.model._default_manager.filter(product_line=line).values_list("pk", "position")
            )
            for pk, reason in order_problems(line, before, before | wanted).items():
                self.problem(lines[pk], "position", reason)


def _positions(plan: Plan) -> dict[int, dict[int, int]]:
    """{product line: {record: its new position}} of the records that there are already."""
    found: dict[int, dict[int, int]] = {}
    for row in plan.changed:
        record: Any = row.record
        if any(name == "position" for name, _before, _after in row.changes):
            found.setdefault(record.product_line_id, {})[record.pk] = record.position
    return found


def make_plan(*, file: CatalogueFile, data: bytes) -> Plan:
    """What the file would do to the catalogue; every bad row is in `problems`, in the reader's language."""
    try:
        rows, problems = read_rows(data, known=file.columns, required=file.required)
    except UnreadableFile as error:
        return Plan(file, problems=error.problems)
    planner = _Planner(file)
    planner.plan.problems += problems
    return planner.run(rows)


def import_file(*, file: CatalogueFile, data: bytes, by: Any, digest: str | None = None) -> Plan:
    """Take the file in, all of it or, if anything is wrong with it, nothing. Returns the plan, maybe `done`.

    `by` is who the history says did it, None for nobody signed in. With a `digest`, nothing is done either
    unless the plan is still the one that was shown.
    """
    with transaction.atomic():
        plan = make_plan(file=file, data=data)
        if not plan.problems and digest in (None, plan.digest):
            _write(plan, by)
            plan.done = True
    return plan


def _write(plan: Plan, by: Any) -> None:
    file, changed = plan.file, [row.record for row in plan.changed]
    fields = sorted({name for row in plan.changed for name, _before, _after in row.changes})
    if file.ordered:
        for line, wanted in _positions(plan).items():
            place_releases(line, wanted)
    new = [row.record for row in plan.new]
    for wave in _parents_first(new):
        if file.has_history:
            bulk_create_with_history(
                wave, file.model, batch_size=BATCH, default_user=by, default_change_reason=REASON
            )
        else:
            file.model._default_manager.bulk_create(wave, batch_size=BATCH)
    if changed:
        for record in changed:
            if "parent" in fields:
                record.parent = record.parent  # type: ignore[attr-defined]  # its row may have got its key only now
        if file.has_history:
            bulk_update_with_history(
                changed, file.model, fields, batch_size=BATCH, default_user=by, default_change_reason=REASON
            )
        else:
            file.model._default_manager.bulk_update(changed, fields, batch_size=BATCH)
    columns = {field.name: field.attname for field in file.model._meta.concrete_fields}
    attnames = {columns[name] for name in fields}
    reindexing.changed(file.model, [record.pk for record in new], [record.pk for record in changed], attnames)


def _parents_first(records: list[Any]) -> Iterable[list[Any]]:
    """The records in groups, each after the one that holds its parents."""
    waiting = records
    while waiting:
        ready = [record for record in waiting if (getattr(record, "parent", None) or record).pk is not None]
        ready += [record for record in waiting if getattr(record, "parent", None) is None]
        if not ready:
            raise ValueError("The parents form a cycle; Module.clean() should have refused it.")
        yield ready
        waiting = [record for record in waiting if record.pk is None]
