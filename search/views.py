"""The results page, its fragment for htmx, and suggestions while typing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from search.engine import MAX_TEXT, Hit, Results, SearchQuery
from search.forms import SearchForm
from search.log import good, keeping
from search.queries import find, suggest, warnings_of
from search.registry import sources

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Labels = Mapping[str, Mapping[str, StrOrPromise]]

MAX_FACET_VALUES = 12
_FACETS = {
    "source": ("type", _("Type")),
    "kind": ("kind", _("Kind")),
    "model": ("model", _("Equipment model")),
    "language": ("language", _("Language")),
    "scope": ("audience", _("Audience")),
}


class HtmxHttpRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class Choice:
    """One value of a facet, how many documents it would show, and the address that chooses it, or not."""

    value: str
    label: "StrOrPromise"
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """A way to narrow the results: the form field that does it, and its choices."""

    param: str
    label: "StrOrPromise"
    choices: list[Choice]

    @property
    def chosen(self) -> Choice | None:
        """The choice in force, if any."""
        return next((choice for choice in self.choices if choice.chosen), None)


@dataclass(frozen=True)
class ShownHit:
    """A hit and its badges in words."""

    hit: Hit
    type: "StrOrPromise"
    kind: "StrOrPromise"
    language: "StrOrPromise"
    warning: "StrOrPromise" = ""  # shown in the place of its text


@dataclass(frozen=True)
class SearchPage:
    """All that search/results.html and its fragment show."""

    query: SearchQuery
    results: Results
    hits: list[ShownHit]
    most_text: int
    facets: list[Facet]
    page: Page

    @property
    def chosen(self) -> list[Facet]:
        """The facets that narrow the results now."""
        return [facet for facet in self.facets if facet.chosen]


@require_safe
def results(request: HtmxHttpRequest) -> HttpResponse:
    """The page; or only what changes in it, when htmx asks for that."""
    form = SearchForm(request.GET)
    query = form.search_query()
    found = find(request.user, query)
    if (asked := keeping.begin(request, query, found)) is not None:
        found = asked.linked(found)
    labels, warnings = _labels(), warnings_of(found.hits)
    paginator = Paginator(range(found.total), query.page_size)
    search = SearchPage(
        query=query,
        results=found,
        hits=[_shown(hit, labels, warnings.get(hit.document.pk, "")) for hit in found.hits],
        most_text=MAX_TEXT,
        facets=list(_facets(request, query, found, labels)),
        page=paginator.page(min(found.page, paginator.num_pages)),
    )
    is_fragment = request.htmx.target == "results" and not request.htmx.history_restore_request
    template = "search/_results.html" if is_fragment else "search/results.html"
    response = render(request, template, {"form": form, "search": search, "is_fragment": is_fragment})
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie"])
    if asked is not None:
        asked.keep(response)
    return response


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """A list of links to what is being typed, empty where nothing fits."""
    text = SearchForm(request.GET).search_query().text
    hits = suggest(request.user, text)
    warnings = warnings_of(hits)
    shown = [(hit, warnings.get(hit.document.pk, "")) for hit in hits]
    return render(
        request, "search/_suggestions.html", {"hits": shown, "past": good.offered(request.user, text)}
    )


def _shown(hit: Hit, labels: "Labels", warning: "StrOrPromise") -> ShownHit:
    document = hit.document
    return ShownHit(
        hit,
        type=labels["source"].get(document.source, document.source),
        kind=labels["kind"].get(document.kind, document.kind),
        language=labels["language"].get(document.language, document.language),
        warning=warning,
    )


def _labels() -> "Labels":
    """Facet -> value -> what it is called."""
    kinds: dict[str, StrOrPromise] = {}
    audiences: dict[str, StrOrPromise] = {}
    for source in sources():
        kinds |= source.kinds
        audiences |= source.audiences
    return {
        "source": {source.name: source.label for source in sources()},
        "kind": kinds,
        "model": {},
        "language": dict(settings.LANGUAGES),
        "scope": audiences,
    }


def _facets(request: HttpRequest, query: SearchQuery, found: Results, labels: "Labels") -> Iterator[Facet]:
    """Facets with something to choose; one in force always shows, so that it can be taken back."""
    for name, (param, label) in _FACETS.items():
        chosen = query.filters.get(name, "")
        counts = found.facets.get(name, {})
        shown = dict(list(counts.items())[:MAX_FACET_VALUES])
        if chosen:
            shown.setdefault(chosen, counts.get(chosen, 0))
        if chosen or len(shown) > 1:
            choices = [
                Choice(
                    value,
                    label=labels[name].get(value, value),
                    count=count,
                    chosen=value == chosen,
                    address=_address(request, param, "" if value == chosen else value),
                )
                for value, count in shown.items()
            ]
            yield Facet(param, label, choices)


def _address(request: HttpRequest, param: str, value: str) -> str:
    """This search with one field changed, from its first page."""
    state = request.GET.copy()
    for name in ("page", param):
        state.pop(name, None)
    if value:
        state[param] = value
    return f"?{state.urlencode()}"
