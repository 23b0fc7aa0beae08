"""Triggers by which the database itself refuses a change, on SQLite and PostgreSQL.

SQLite makes a table anew to change it: its triggers go with the old table, and those of other tables that look
into it stop the change. A migration that does so removes these refusals before and installs them again after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One event on one table that is refused with the message; `name` holds "immutable", as all of them do."""

    name: str
    table: str
    event: str  # "insert", "update", "delete"
    message: str
    when: str = ""  # SQL on OLD and NEW that both databases read; empty and no columns: always
    frozen: Sequence[str] = ()  # an update that changes one of these columns is refused
    once: Sequence[str] = ()  # so is one that changes one of these once it is set

    def install(self, apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        if vendor == "sqlite":
            condition = self._condition("OLD.{0} IS NOT NEW.{0}")
            schema_editor.execute(
                f"CREATE TRIGGER {self.name} BEFORE {self.event.upper()} ON {self.table} "
                f"{f'WHEN {condition} ' if condition else ''}"
                f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
            )
        elif vendor == "postgresql":
            condition = self._condition("OLD.{0}::text IS DISTINCT FROM NEW.{0}::text")
            # In the function's body, since a trigger's own condition cannot ask other rows.
            schema_editor.execute(
                f"CREATE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition or 'TRUE'} THEN RAISE EXCEPTION '{self.message}' "
                "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
                f"RETURN {'OLD' if self.event == 'delete' else 'NEW'}; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {self.name} BEFORE {self.event.upper()} ON {self.table} FOR EACH ROW "
                f"EXECUTE FUNCTION {self.name}()"
            )

    def remove(self, apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        if vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {self.name}")
        elif vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}")
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {self.name}()")

    def _condition(self, changed: str) -> str:
        conditions = [changed.format(column) for column in self.frozen]
        conditions += [f"(OLD.{column} IS NOT NULL AND {changed.format(column)})" for column in self.once]
        return " OR ".join([f"({self.when})"] * bool(self.when) + conditions)


def same(*columns: str) -> str:
    """The condition that another row, `other`, has the same values in these columns."""
    return " AND ".join(f"other.{column} = NEW.{column}" for column in columns)


@dataclass(frozen=True)
class NoReplacement:
    """On SQLite `INSERT OR REPLACE` and `UPDATE OR REPLACE` delete the rows that are in the way, and ask no trigger of
    deletions. So a row that would be in the way of another, by any of these conditions on `other` and NEW, is
    refused beforehand. PostgreSQL's `ON CONFLICT` only updates, which the triggers of updates see.
    """

    table: str
    twins: Sequence[str]  # each a condition that both cannot meet: a primary key, a unique constraint

    def install(self, apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor != "sqlite":
            return
        twins = " OR ".join(f"({twin})" for twin in self.twins)
        for event, besides in (("insert", ""), ("update", "other.rowid <> OLD.rowid AND ")):
            schema_editor.execute(
                f"CREATE TRIGGER {self._name(event)} BEFORE {event.upper()} ON {self.table} "
                f"WHEN EXISTS (SELECT 1 FROM {self.table} other WHERE {besides}({twins})) "
                f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {self.table}'); END"
            )

    def remove(self, apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            for event in ("insert", "update"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {self._name(event)}")

    def _name(self, event: str) -> str:
        return f"{self.table}_is_immutable_place_{event}"
