"""Links to results say that they are; who follows one is noted and led on to the address without that."""

from collections.abc import Callable

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import escape_leading_slashes

from search.log import keeping


class OpenedFromSearch:
    """The page itself decides who may see it, as ever: here is only counted, and only what was signed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if keeping.PARAMETER not in request.GET or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        rest = request.GET.copy()
        token = rest.pop(keeping.PARAMETER)[-1]
        query = f"?{rest.urlencode()}" if rest else ""
        response = HttpResponseRedirect(escape_leading_slashes(request.path) + query)
        response["Cache-Control"] = "private, no-store"
        try:
            opening, counts = keeping.read(str(token))
        except signing.BadSignature:
            return response
        if counts and request.method == "GET" and not keeping.is_ahead(request):
            keeping.note_opening(opening, response)
        return response
