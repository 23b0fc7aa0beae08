"""The language of the interface: the address bar's choice, else the account's, else the browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers


class PreferredLanguage:
    """Activate the language of the cookie, the signed-in person's preference or the browser, in that order."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in dict(settings.LANGUAGES):
            # Reading request.user costs a session look-up: only where a session cookie came.
            user = request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else None
            preferred = user.language if user is not None and user.is_authenticated else ""
            chosen = preferred or translation.get_language_from_request(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            if isinstance(response, SimpleTemplateResponse):
                response.render()  # in this language, not in the one that the thread had before
        response.headers.setdefault("Content-Language", chosen)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response
