"""A database of its own for what must really commit: a file on SQLite, a copy of the test database on PostgreSQL.

The shared test database is restored once a session and rolled back after each test; here threads and processes
see each other's commits, as on a running site.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[str]:
    """The site as after its set-up, for this test alone; gives the DATABASE_URL that another process needs."""
    from django.conf import settings as site
    from django.contrib.contenttypes.models import ContentType
    from django.db import connections

    from search.engines import sidecar_file

    shared = connections["default"]
    settings = shared.settings_dict
    kept = settings["NAME"]
    with django_db_blocker.unblock():
        if shared.vendor == "sqlite":
            name = str(tmp_path / "site.sqlite3")
            target = sqlite3.connect(name)
            shared.ensure_connection()
            shared.connection.backup(target)
            target.close()
            url = f"sqlite:///{name}"
        else:
            name = f"{kept}_faults_{os.getpid()}"
            shared.close()  # a database with sessions cannot be copied
            with shared._nodb_cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}"')
            user, password = settings["USER"], settings["PASSWORD"]
            url = f"postgres://{user}:{password}@{settings['HOST']}:{settings['PORT']}/{name}"
        search, site.REDLINE_SEARCH_SIDECAR = site.REDLINE_SEARCH_SIDECAR, tmp_path / "search.sqlite3"
        settings["NAME"] = name  # one dictionary for every thread's connection
        del connections["default"]  # the shared one stays open: SQLite keeps it in memory
        ContentType.objects.clear_cache()
        try:
            yield url
        finally:
            connections["default"].close()
            sidecar_file.disconnect()
            site.REDLINE_SEARCH_SIDECAR = search
            settings["NAME"] = kept
            connections["default"] = shared
            ContentType.objects.clear_cache()
            if shared.vendor != "sqlite":
                with shared._nodb_cursor() as cursor:
                    cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
