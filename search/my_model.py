"""*My machine*: the equipment model that somebody works on, chosen once and kept by the browser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from search.engine import Hit, Results, SearchQuery
from search.equipment import every_model, is_every_model
from search.facets import address_of
from search.models import SearchDocument
from search.registry import no_models, sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

    from search.registry import User

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
    meant: frozenset[str] = frozenset()  # what stands for it among the models of a document

    def applies(self, hit: Hit) -> str:
        """Whether it applies to the model: "yes", "no", or "every" where it names no model; "" where none is chosen."""
        if not self.chosen:
            return ""
        models = hit.document.models
        return ("no" if self.meant.isdisjoint(models) else "yes") if models else "every"

    def named(self, hit: Hit) -> list[str]:
        """The models that it names and that this person may know of."""
        return [model for model in hit.document.models if model in self.choices]


def chosen_by(request: HttpRequest) -> str:
    """The model of the cookie, as far as this person may know of it."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen and chosen in models_of(request.user) else ""


def my_model(request: HttpRequest, query: SearchQuery, found: Results, asked: QueryDict) -> MyModel:
    """The model the query is asked for, and what of the found is for it. `asked` is what links carry of the query."""
    choices, chosen = models_of(request.user), query.mine
    narrowed = bool(chosen) and query.model == chosen
    counted = found.facets.get("model", {})
    return MyModel(
        chosen,
        choices,
        counted.get(chosen, 0),
        narrowed,
        address_of(asked, "model", "" if narrowed else chosen),
        _meant(chosen, found) if chosen else frozenset(),
    )


def models_of(user: "User") -> "dict[str, StrOrPromise]":
    """The models that this person may know of, and what they are called."""
    return {code: name for source in sources() for code, name in source.models(user).items()}


def _meant(chosen: str, found: Results) -> frozenset[str]:
    # To what line it belongs is asked only where that decides.
    several = (hit.document.models for hit in found.hits)
    if not any(chosen not in models and any(map(is_every_model, models)) for models in several):
        return frozenset({chosen})
    lines = SearchDocument.objects.filter(
        source__in=[source.name for source in sources() if source.models is not no_models], number=chosen
    ).values_list("lines", flat=True)
    return frozenset({chosen, *(every_model(line) for several_ in lines for line in several_)})


def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice, and back to the search; a choice that there is not changes nothing."""
    # Not Django's redirect: it refuses a search for a pasted ticket, which the site itself takes.
    back = QueryDict(request.POST.get("search", "")).urlencode()
    address = reverse("search:results") + (f"?{back}" if back else "")
    response = HttpResponse(status=302, headers={"Location": iri_to_uri(address)})
    chosen = request.POST.get("model")
    if chosen == "":
        response.delete_cookie(COOKIE, samesite="Lax")
    elif chosen in models_of(request.user):
        response.set_cookie(
            COOKIE,
            chosen or "",
            max_age=_YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
