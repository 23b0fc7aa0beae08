"""Whoever sends a form waits for no mail server: what leaves within a request has a few seconds in all, and stops at
the first server that does not answer. The mails are rows: what is left goes by the next `manage.py run_schedule`.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic

from django.http import HttpRequest, HttpResponse

SECONDS = 3.0  # of all mails of one request together, from the first on


@dataclass(slots=True)
class _Patience:
    ends: float | None = None  # by `monotonic()`; None until a mail is to leave


_of_request: ContextVar[_Patience | None] = ContextVar("patience", default=None)


class WaitsForNoMail:
    """Middleware that gives each request its seconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _of_request.set(_Patience())
        try:
            return self.get_response(request)
        finally:
            _of_request.reset(before)


def seconds_left() -> float | None:
    """How long a mail server may be waited for now, 0 where no more; None outside of requests, where nobody waits."""
    patience = _of_request.get()
    if patience is None:
        return None
    if patience.ends is None:
        patience.ends = monotonic() + SECONDS
    return max(0.0, patience.ends - monotonic())


def lose() -> None:
    """A mail server failed: no other mail of this request is tried."""
    if (patience := _of_request.get()) is not None:
        patience.ends = monotonic()
