"""The language of the interface: the address bar's choice, else the account's, else the browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


class PreferredLanguage:
    """Activate the language of the cookie, the signed-in person's preference or the browser, in that order."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in dict(settings.LANGUAGES):
            # Reading request.user costs a session look-up: only where a session cookie came.
            signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
            chosen = (signed_in and request.user.language) or translation.get_language_from_request(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            if hasattr(response, "render") and not response.is_rendered:
                response = response.render()
        response.headers.setdefault("Content-Language", chosen)
        return response
