"""The running site, as `make demo` builds it, in Debian's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.pristine import ROOT, manage, sqlite_template

PASSWORD = "lumen-demo-2026"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
# Without its sandbox, which needs rights that a container does not have.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
Visit = Callable[..., AbstractContextManager[Page]]
SignIn = Callable[[Page, str], None]

expect.set_options(timeout=15_000)


@contextmanager
def served(folder: Path, *filling: str, **variables: str) -> Iterator[str]:
    """The address of a server, as `make run` starts it, with a database of its own filled by a command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ, "REDLINE_DATA_DIR": str(folder), "REDLINE_BASE_URL": address, **variables,
    }  # fmt: skip
    environment.pop("DATABASE_URL", None)  # its own database, whatever the other tests run on

    # The other worker may be making the template meanwhile.
    manage(environment, "collectstatic", "--noinput", "-v0")
    shutil.copy(sqlite_template(), folder / "redline.sqlite3")
    if filling:
        manage(environment, *filling)
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:kb.gunicorn", "--bind", f"127.0.0.1:{port}",
         "--no-control-socket"],
        cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        else:
            pytest.fail((folder / "server.log").read_text())
        yield address
    finally:
        server.terminate()
        server.wait()
        log.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the demo content."""
    with served(tmp_path_factory.mktemp("demo"), "demo", DJANGO_SETTINGS_MODULE="tests.settings") as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright leaves an event loop running in the thread, in which Django refuses its database to the tests
    # that follow in this process; nothing here is asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sign_in(site: str) -> SignIn:
    """Through the form, and with the cookies of that while the session lasts."""
    sessions: dict[str, list[Any]] = {}

    def signing_in(page: Page, username: str) -> None:
        context = page.context
        if username in sessions:
            context.add_cookies(sessions[username])
            if context.request.head("/accounts/profile/", max_redirects=0).ok:
                return
            context.clear_cookies()
        page.goto("/accounts/login/")
        page.locator("#id_username").fill(username)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        expect(page.locator("details.account-menu")).to_be_attached()
        sessions[username] = [
            cookie for cookie in context.cookies() if cookie.get("name") in ("sessionid", "csrftoken")
        ]

    return signing_in


@pytest.fixture
def visit(site: str, chromium: Browser, sign_in: SignIn) -> Visit:
    """`with visit("fiona.field") as page`: a person in a browser of their own; "" is nobody signed in.

    Fails on a console error, a script error, a request to another host and sideways scrolling, but for the
    console errors that hold one of the `expected` texts.
    """

    @contextmanager
    def visiting(
        username: str = "",
        *,
        viewport: ViewportSize = PHONE,
        script: bool = True,
        locale: str = "en",
        expected: Sequence[str] = (),
    ) -> Iterator[Page]:
        context = chromium.new_context(
            base_url=site,
            viewport=viewport,
            java_script_enabled=script,
            locale=locale,
        )
        page = context.new_page()
        wrong: list[str] = []
        page.on(
            "console",
            lambda message: (
                wrong.append(message.text)
                if message.type == "error" and not any(text in message.text for text in expected)
                else None
            ),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith((site, "data:")) else wrong.append(request.url),
        )
        if username:
            sign_in(page, username)
        yield page
        assert wrong == []
        context.close()

    return visiting
