"""Whoever sends a form waits for no mail server: what leaves within a request has a few seconds in all, and stops at
the first server that does not answer. The mails are rows: what is left goes by the next `manage.py run_schedule`.
"""

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic

from django.http import HttpRequest, HttpResponse

SECONDS = 3.0  # of all mails of one request together
# When this request's patience is at an end, by `monotonic()`; None outside of requests, where nobody waits.
_ends: ContextVar[float | None] = ContextVar("ends", default=None)


class WaitsForNoMail:
    """Middleware that gives each request its seconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _ends.set(monotonic() + SECONDS)
        try:
            return self.get_response(request)
        finally:
            _ends.reset(before)


def seconds_left() -> float | None:
    """How long a mail server may be waited for now, 0 where no more; None: as long as the settings say."""
    ends = _ends.get()
    return None if ends is None else max(0.0, ends - monotonic())


def lose() -> None:
    """A mail server failed: no other mail of this request is tried."""
    if _ends.get() is not None:
        _ends.set(monotonic())
