"""*My machine*: the equipment model that somebody works on, chosen once and kept by the browser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from search.engine import Hit, Results, SearchQuery
from search.facets import address_of
from search.registry import sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

COOKIE = "my-model"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class MyModel:
    """The model chosen ("" for none), those that can be, and the filter by it."""

    chosen: str
    choices: "Mapping[str, StrOrPromise]"
    count: int  # of what was found applies to it
    narrowed: bool  # only what applies to it is shown
    address: str  # the same search with that filter, or without it

    def applies(self, hit: Hit) -> str:
        """Whether it applies to the model: "yes", "no", or "every" where it names no model; "" where none is chosen."""
        if not self.chosen:
            return ""
        models = hit.document.models
        return ("yes" if self.chosen in models else "no") if models else "every"


def my_model(request: HttpRequest, query: SearchQuery, found: Results) -> MyModel:
    """What the cookie says, as far as this person may know of that model."""
    choices = {code: name for source in sources() for code, name in source.models(request.user).items()}
    chosen = request.COOKIES.get(COOKIE, "")
    chosen = chosen if chosen in choices else ""
    narrowed = bool(chosen) and query.model == chosen
    counted = found.facets.get("model", {})
    return MyModel(
        chosen,
        choices,
        counted.get(chosen, 0),
        narrowed,
        address_of(request.GET, "model", "" if narrowed else chosen),
    )


def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice, and back to the search; a choice that there is not changes nothing."""
    # Not Django's redirect: it refuses a search for a pasted ticket, which the site itself takes.
    back = QueryDict(request.POST.get("search", "")).urlencode()
    address = reverse("search:results") + (f"?{back}" if back else "")
    response = HttpResponse(status=302, headers={"Location": iri_to_uri(address)})
    chosen = request.POST.get("model")
    if chosen == "":
        response.delete_cookie(COOKIE, samesite="Lax")
    elif any(chosen in source.models(request.user) for source in sources()):
        response.set_cookie(
            COOKIE,
            chosen or "",
            max_age=_YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
