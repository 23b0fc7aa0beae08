"""The database as every test finds it, put back after a test that commits (`django_db(transaction=True)`).

Django would flush instead: that loses the site's pages and roles, and on SQLite it deletes row by row, which
the log of events refuses.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

_SCHEMA = "pristine"


def restore_sqlite(template: Path) -> None:
    """Make the connected database what the file holds."""
    connection.ensure_connection()
    with sqlite3.connect(template) as source:
        source.backup(connection.connection)
    source.close()


def keep_postgresql() -> None:
    """Copy every table that is not empty aside."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE {_SCHEMA}."{table}" AS TABLE public."{table}"')


def restore_postgresql() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        tables = ", ".join(f'public."{name}"' for name in connection.introspection.table_names(cursor))
        cursor.execute(f"TRUNCATE {tables}")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_SCHEMA])
        for (table,) in cursor.fetchall():
            # Foreign keys are checked at the end of the transaction, so the order is free.
            cursor.execute(f'INSERT INTO public."{table}" SELECT * FROM {_SCHEMA}."{table}"')


def restore_after_commits(monkeypatch: Any, restore: Callable[[], None]) -> None:
    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: restore())
