"""What holds for every request: no NUL byte reaches a database, no maimed form a fault, no typed text is lost."""

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import (
    DisallowedRedirect,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.datastructures import MultiValueDict, MultiValueDictKeyError
from django.utils.translation import gettext as _

from kb import typed
from kb.limits import ADDRESS_BYTES, FORM_BYTES
from procedures.numbers import number_as_written

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


class Middleware:
    """Made once, with what comes after it, to which it passes each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class Compressed(GZipMiddleware):
    """Send pages and exports compressed where the browser takes that, files as they are.

    Pictures and documents hardly get smaller, and a file that is compressed on its way is sent without its length.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if isinstance(response, FileResponse) else super().process_response(request, response)


class ApiSpeaksJson(Middleware):
    """Below /api/ whatever refuses a request before its view, or for want of one, says so as JSON like the views."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path.startswith("/api/")  # what answers may rewrite the path
        if is_api and request.method not in ("GET", "HEAD", "OPTIONS") and not request.path.endswith("/"):
            # Led on, as a reader would be, a program comes by GET and without what it sent.
            reason = _("There is nothing here: an address of the API ends with a slash.")
            return JsonResponse({"message": reason}, status=404)
        response = self.get_response(request)
        kind = response.get("Content-Type", "")
        if not is_api or response.status_code < 400 or kind == "application/json":
            return response
        # A plain text is a reason already; anything else is a page for people.
        message = response.content.decode() if kind.startswith("text/plain") else self._reason(response)
        said = JsonResponse({"message": message}, status=response.status_code)
        if "Allow" in response:
            said["Allow"] = response["Allow"]
        return said

    @staticmethod
    def _reason(response: HttpResponse) -> str:
        said = {
            403: _(
                "Send the value of the cookie “csrftoken” as the header X-CSRFToken: without it nothing is done."
            ),
            404: _("There is nothing here, or nothing that you may see."),
            405: _("This address takes only: %(methods)s.") % {"methods": response.get("Allow", "")},
            413: _("This is too much at once."),
            414: _("This is too long for an address"),
        }
        usual = (
            _("This request could not be read")
            if response.status_code < 500
            else _("Something broke on our side")
        )
        return said.get(response.status_code, usual)


class TooLargeForm(Middleware):
    """Answer a form with more text, or more fields, than the site takes by the limit, and by the text where it can."""

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method != "POST":
            return None
        try:
            size = sum(len(value.encode()) for _name, values in request.POST.lists() for value in values)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
            # Too much to be read at all: the page that says so takes the form for an empty one.
            request.POST, request._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined]  # Django's own
            return self._answer(request)
        return self._answer(request) if size > FORM_BYTES else None

    @staticmethod
    def _answer(request: HttpRequest) -> HttpResponse:
        megabytes = {"megabytes": FORM_BYTES // 1_000_000, "fields": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS}
        return typed.answer(request, "413.html", 413, **megabytes)


class RejectNulBytes(Middleware):
    """Answer 400 to a NUL byte in the address or a form: PostgreSQL refuses it, SQLite truncates at it.

    A form is answered with its texts, without that character, to be sent again. What is sought (`q`, in every search
    box) is any text that somebody pasted, and there it is a blank.
    """

    _SOUGHT = re.compile(r"(?:^|(?<=&))q=[^&]*")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked:
            request.META["QUERY_STRING"] = self._SOUGHT.sub(lambda q: q[0].replace("%00", "%20"), asked)
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            return self._refuse()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method == "POST" and any(
            "\0" in value for values in request.POST.lists() for value in (values[0], *values[1])
        ):
            request.POST = self._without(request.POST)  # type: ignore[assignment]  # Django's stubs: only its own
            return typed.answer(request, "400_nul.html", 400)
        return None

    @staticmethod
    def _without(form: QueryDict) -> QueryDict:
        clean = QueryDict(mutable=True)
        for name, values in form.lists():
            clean.setlist(name.replace("\0", ""), [value.replace("\0", "") for value in values])
        return clean

    @staticmethod
    def _refuse() -> HttpResponse:
        reason = _("The request contains a NUL character, which no text may hold.")
        return HttpResponseBadRequest(reason, content_type="text/plain; charset=utf-8")


class TooLongAddress(Middleware):
    """Answer an address that no page needs with what was typed in it, in the reader's language.

    The server in front (kb.gunicorn) lets it through: it would say so in bare English.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.path) + len(request.META.get("QUERY_STRING", "")) <= ADDRESS_BYTES:
            return self.get_response(request)
        return self._answer(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A redirect takes along less than that, 16 KB; where it is to the sign-in, the text is kept to go on with."""
        if not isinstance(exception, DisallowedRedirect):
            return None
        if request.method != "GET" or request.user.is_authenticated:
            return self._answer(request)
        typed.keep_address(request)
        return typed.answer(request, "403_signed_out.html", 403)

    @staticmethod
    def _answer(request: HttpRequest) -> HttpResponse:
        texts = [value for values in request.GET.lists() for value in values[1] if value.strip()]
        request.path = request.path_info = "/"  # where the page's links and its language switch lead back to
        request.META["QUERY_STRING"] = ""
        return render(request, "414.html", {"texts": texts, "typed": typed.typed_in(request)}, status=414)


class RejectMaimedForms(Middleware):
    """Answer 400 where what a browser sends back as the page gave it is missing, or a key in it is no key.

    Our own forms say so in their place; the editing desk's choosers look up whatever they are sent.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not self._is_maimed(request, exception):
            return None
        log.warning("A maimed form at %s", request.path, exc_info=exception)
        reason = _("The form came without a field of its page, or with a value that it never held: %(what)s.")
        said = [reason % {"what": exception.args[0]}, _("Open its page again, and send it from there.")]
        return HttpResponseBadRequest(" ".join(said), content_type="text/plain; charset=utf-8")

    @staticmethod
    def _is_maimed(request: HttpRequest, exception: Exception) -> bool:
        if isinstance(exception, MultiValueDictKeyError):
            return True
        # What Django says where a query compares a key with a text, and the databases of a number too large.
        is_no_key = isinstance(exception, ValueError) and "expected a number but got" in str(exception)
        return request.path.startswith("/admin/") and (
            is_no_key or isinstance(exception, OverflowError | DataError)
        )


class ContentSecurityPolicy(Middleware):
    """Send the strict policy everywhere but in the CMS admin."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = ADMIN_POLICY if request.path.startswith("/admin/") else SITE_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class NothingTypedIsLost(Middleware):
    """Where a form meets the sign-in, or an address that takes none, answer with a page that holds its text."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405:
            page = typed.answer(request, "405.html", 405)
            page["Allow"] = response.get("Allow", "")
            return page
        if request.method == "POST" and not request.user.is_authenticated and _is_to_sign_in(response):
            held = typed.typed_in(request)
            if held is not None and (held.texts or held.had_file):
                return typed.answer(request, "403_signed_out.html", 403)
        return response


def _is_to_sign_in(response: HttpResponse) -> bool:
    where = response.get("Location", "")
    return response.status_code == 302 and urlsplit(where).path == resolve_url(settings.LOGIN_URL)


class SignedInAsSomebodyElse(Middleware):
    """Carry nothing out from a page of another person than the one who is signed in now, but show it.

    On a shared device the token alone does not tell: the page's script renews it. Who signs in or out, and the
    language, are nobody's text.
    """

    ANYBODYS = ("accounts:login", "accounts:logout", "accounts:language")

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        match = request.resolver_match
        if request.method != "POST" or (match and match.view_name in self.ANYBODYS):
            return None
        return (
            typed.answer(request, "403_somebody_else.html", 403) if typed.is_somebody_elses(request) else None
        )


class SignedOut(Middleware):
    """Tell the page's script who signed out: that person's drafts leave the device, wherever the button was."""

    COOKIE = "signed-out"
    SECONDS = 14 * 24 * 3600  # as long as a draft lives

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = request.user.pk if request.method == "POST" else None
        response = self.get_response(request)
        if before is not None and not request.user.is_authenticated:
            response.set_cookie(
                self.COOKIE, str(before), max_age=self.SECONDS, samesite="Lax", secure=settings.HTTPS
            )
        return response


class CarriedOut(Middleware):
    """Tell the page's script which draft was carried out, and do the same form of a person once only.

    A form's script gives it a random `draft`. A telephone that lost the answer, or a button pressed twice, sends the
    same words, and files, under the same one: within ten minutes that leads to where the first led. Other words or
    files under the same one are another form. Two that come at the very same moment are both carried out.
    """

    COOKIE = "draft-kept"
    KEY = "carried-out"
    SECONDS = 600
    SHAPE = re.compile(r"[a-z0-9]{8,40}")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        draft = self._draft(request)
        where = response.get("HX-Redirect", "")
        if response.status_code in (302, 303) and not _is_to_sign_in(response):
            where = response["Location"]
        if draft and where:
            response.set_cookie(
                self.COOKIE, draft, max_age=self.SECONDS, samesite="Lax", secure=settings.HTTPS
            )
            digest = getattr(request, "form_digest", "")
            if request.user.is_authenticated and digest:
                done = self._done(request)
                done.setdefault(digest, [where, int(time.time())])
                request.session[self.KEY] = done
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        draft = self._draft(request)
        if not draft or not request.user.is_authenticated:
            return None
        # Told now: by the time of the answer, the files may have been read and closed.
        request.form_digest = self._digest(request, draft)  # type: ignore[attr-defined]  # this class's own
        done = self._done(request).get(request.form_digest)  # type: ignore[attr-defined]  # as above
        if done is None:
            return None
        messages.info(request, _("This was received before; it was not done a second time."))
        return HttpResponseRedirect(done[0])

    def _draft(self, request: HttpRequest) -> str:
        draft = request.POST.get("draft", "") if request.method == "POST" else ""
        return draft if self.SHAPE.fullmatch(draft) else ""

    def _done(self, request: HttpRequest) -> dict[str, Any]:
        """{digest of the form: [where it led, when]} of the last ten minutes."""
        since = time.time() - self.SECONDS
        known = request.session.get(self.KEY, {})
        return {digest: done for digest, done in known.items() if done[1] > since}

    @staticmethod
    def _digest(request: HttpRequest, draft: str) -> str:
        held = typed.typed_in(request)
        files = [[name, file.name, _digest_of(file)] for name, sent in request.FILES.lists() for file in sent]
        said = [request.get_full_path(), draft, held.again if held else [], files]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def _digest_of(file: UploadedFile) -> str:
    """The SHA-256 of what was sent; whoever reads it next reads it from its beginning."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


class NumberAsWritten(Middleware):
    """An address that has a procedure's number in another spelling leads to the same page under the number itself."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if response.status_code != 404 or request.method not in ("GET", "HEAD") or match is None:
            return response
        number = match.kwargs.get("number")
        if not isinstance(number, str) or (written := number_as_written(number, request.user)) is None:
            return response
        query = request.META.get("QUERY_STRING", "")
        address = reverse(match.view_name, kwargs=match.kwargs | {"number": written})
        return HttpResponseRedirect(f"{address}?{query}" if query else address)
