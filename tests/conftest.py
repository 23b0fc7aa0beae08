"""Shared set-up: one migrated database restored in a third of a second, roles and folders in it, no sockets out."""

import hashlib
import os
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Before Django reads its settings: tests never touch the demo's data.
os.environ.setdefault("REDLINE_DATA_DIR", str(Path(tempfile.gettempdir()) / f"redline-tests-{os.getuid()}"))

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(scope="session", autouse=True)
def _test_settings(django_test_environment: None) -> Iterator[None]:
    from django.test import override_settings

    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Nothing but loopback answers: a test that reaches out fails here."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


def _template_key() -> str:
    """Changes when a migration, or what the site is built with, changes."""
    files = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("kb/*/migrations/*.py"), ROOT / "kb/bootstrap.py"])
    digest = hashlib.sha256()
    for file in [*files, ROOT / "kb/accounts/roles.py", ROOT / "requirements.lock"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _fill() -> None:
    from django.core.management import call_command

    from kb.bootstrap import build_site

    call_command("migrate", verbosity=0)
    build_site()


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """SQLite: restore a template through the backup API. PostgreSQL: migrate once a worker."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    with django_db_blocker.unblock():
        if connection.vendor != "sqlite":
            settings.DATABASES["default"].setdefault("TEST", {})
            connection.settings_dict["TEST"]["NAME"] = f"test_redline{worker}"
            old = setup_databases(verbosity=0, interactive=False)
            from kb.bootstrap import build_site

            build_site()
            yield
            teardown_databases(old, verbosity=0)
            return

        folder = Path(settings.DATA_DIR)
        template = folder / f"template-{_template_key()}.sqlite3"
        if not template.exists():
            building = folder / f"building-{os.getpid()}.sqlite3"
            building.unlink(missing_ok=True)
            connection.close()
            connection.settings_dict["NAME"] = str(building)
            _fill()
            connection.ensure_connection()
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            building.rename(template)
        connection.close()
        connection.settings_dict["NAME"] = f"file:redline{worker}{os.getpid()}?mode=memory&cache=shared"
        connection.inc_thread_sharing()
        connection.ensure_connection()
        with sqlite3.connect(template) as source:
            source.backup(connection.connection)
        source.close()
        yield
        connection.dec_thread_sharing()
        connection.close()
