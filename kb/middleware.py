"""What holds for every request: no NUL byte reaches a database, no maimed form a fault; the security policy."""

import logging
from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

# Public pages carry no inline script or style; nothing is asked of another host.
SITE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'; manifest-src 'self'"
)
# Wagtail's editor needs inline script and style, and previews pages in a frame.
ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "object-src 'none'; form-action 'self'; frame-ancestors 'self'; base-uri 'self'"
)


class RejectNulBytes:
    """Answer 400 to a NUL byte in the address or a form: PostgreSQL refuses it, SQLite truncates at it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            return self._refuse()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method == "POST" and any(
            "\0" in value for values in request.POST.lists() for value in (values[0], *values[1])
        ):
            return self._refuse()
        return None

    @staticmethod
    def _refuse() -> HttpResponse:
        reason = _("The request contains a NUL character, which no text may hold.")
        return HttpResponseBadRequest(reason, content_type="text/plain; charset=utf-8")


class RejectMaimedForms:
    """Answer 400 where what a browser sends back as the page gave it is missing, or a key in it is no key.

    Our own forms say so in their place; the editing desk's choosers look up whatever they are sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        # The second is what Django says where a query compares a key with a text.
        maimed = isinstance(exception, MultiValueDictKeyError) or (
            request.path.startswith("/admin/")
            and isinstance(exception, ValueError)
            and "expected a number but got" in str(exception)
        )
        if not maimed:
            return None
        log.warning("A maimed form at %s", request.path, exc_info=exception)
        reason = _("The form came without a field of its page, or with a value that it never held: %(what)s.")
        said = [reason % {"what": exception.args[0]}, _("Open its page again, and send it from there.")]
        return HttpResponseBadRequest(" ".join(said), content_type="text/plain; charset=utf-8")


class ContentSecurityPolicy:
    """Send the strict policy everywhere but in the CMS admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = ADMIN_POLICY if request.path.startswith("/admin/") else SITE_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
