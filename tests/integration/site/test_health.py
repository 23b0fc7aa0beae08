"""`python -m kb.health` asks the site for a page, as compose.yaml has it do."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.error import URLError
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application

from kb import health


class Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    """The site behind a proxy that speaks https, under a name of its own."""
    settings.ALLOWED_HOSTS = ["docs.example"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.parametrize("names", ["docs.example", " .docs.example , other.example"])
def test_the_site_is_asked_by_its_own_name(address: str, names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDLINE_ALLOWED_HOSTS", names)
    health.ask(address)


def test_an_answer_that_is_a_fault_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDLINE_ALLOWED_HOSTS", "another.example")
    with pytest.raises(OSError, match="400"):
        health.ask(address)


def test_nobody_there() -> None:
    with pytest.raises(URLError):
        health.ask("http://127.0.0.1:1")
