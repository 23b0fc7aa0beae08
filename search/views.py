"""The results page, its fragment for htmx, and suggestions while typing."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.middleware import HtmxDetails

from search import my_model
from search.analysis import CJK
from search.engine import MAX_TEXT, Hit, Results, SearchQuery
from search.facets import Facet, address_of, facets_of, fixed_labels
from search.forms import SearchForm
from search.log import good, keeping
from search.queries import find, suggest, warnings_of
from search.registry import get_source

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_MODELS = 3
"""Equipment models that a hit names."""
_CHINESE = re.compile(f"[{CJK}]")
# The end of a line that nothing ends: a heading, or one of several causes.
_BARE_END = re.compile(r"(?<![.,;:!?。，；：！？、])(</mark>)?[^\S\n]*\n\s*")


class HtmxHttpRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class ShownHit:
    """A hit and its badges in words."""

    hit: Hit
    type: "StrOrPromise"
    kind: "StrOrPromise"
    status: "StrOrPromise"
    language: "StrOrPromise"
    applies: str  # see MyModel.applies
    named: list[str]  # see MyModel.named
    warning: "StrOrPromise" = ""  # shown in the place of its text

    @property
    def models(self) -> list[str]:
        """The first of the models that it names."""
        return self.named[:MAX_MODELS]

    @property
    def more_models(self) -> int:
        """How many it names besides."""
        return max(0, len(self.named) - MAX_MODELS)

    @property
    def why(self) -> list[str]:
        """Why it was found, in a few words; what it says itself does not count while nobody is to use it."""
        hit = self.hit
        return [
            *(_("code %(code)s") % {"code": code} for code in hit.codes),
            *([_("title")] if hit.titled else []),
            *([passage_name(hit) or _("text")] if hit.marks and not self.warning else []),
        ]

    @property
    def snippet(self) -> SafeString:
        """The part of its text that is shown; in one paragraph, so what were lines of their own are told apart."""
        if self.warning:
            return SafeString()
        # Of escaped text only ends of lines are changed.
        return mark_safe(_BARE_END.sub(r"\1 · ", self.hit.snippet_html.strip()))

    @property
    def url(self) -> str:
        """Where it opens."""
        return self.hit.document.url if self.warning else self.hit.url


@dataclass(frozen=True)
class Order:
    """A way to sort the results: its value in the form, what it is called, the address that chooses it."""

    value: str
    label: "StrOrPromise"
    address: str
    in_force: bool
    back: str  # the address that takes it back


@dataclass(frozen=True)
class SearchPage:
    """All that search/results.html and its fragment show."""

    query: SearchQuery
    results: Results
    hits: list[ShownHit]
    typed: str  # all of it
    most_text: int
    facets: list[Facet]
    mine: my_model.MyModel
    orders: list[Order]
    page: Page
    asked: QueryDict  # what its links carry of this search
    meant_address: str = ""  # this search with the words that may have been meant
    exactly_address: str = ""  # this search for just what was typed

    @property
    def chosen(self) -> list[Facet]:
        """The facets that narrow the results now."""
        return [facet for facet in self.facets if facet.chosen]

    @property
    def order(self) -> Order | None:
        """The order that somebody chose, not the usual one."""
        return next((order for order in self.orders if order.in_force and order.value), None)


@require_safe
def results(request: HtmxHttpRequest) -> HttpResponse:
    """The page; or only what changes in it, when htmx asks for that."""
    form = SearchForm(request.GET)
    query = replace(form.search_query(), mine=my_model.chosen_by(request))
    asked_in_links = form.in_links(query)
    found = find(request.user, query)
    if (asked := keeping.begin(request, query, found)) is not None:
        found = asked.linked(found)
    mine = my_model.my_model(request, query, found, asked_in_links)
    paginator = Paginator(range(found.total), query.page_size)
    search = SearchPage(
        query=query,
        results=found,
        hits=_shown(found, mine),
        typed=form.cleaned_data.get("q") or "",
        most_text=MAX_TEXT,
        facets=list(facets_of(asked_in_links, query, found, mine.choices)),
        mine=mine,
        orders=[
            Order(
                value,
                label,
                address=address_of(asked_in_links, "sort", value),
                in_force=value == query.sort,
                back=address_of(asked_in_links, "sort", ""),
            )
            for value, label in form.fields["sort"].choices  # type: ignore[attr-defined]  # it is a choice field
        ],
        page=paginator.page(min(found.page, paginator.num_pages)),
        asked=asked_in_links,
        meant_address=address_of(asked_in_links, "q", found.did_you_mean, drop="exactly"),
        exactly_address=address_of(asked_in_links, "exactly", "1"),
    )
    is_fragment = request.htmx.target == "results" and not request.htmx.history_restore_request
    template = "search/_results.html" if is_fragment else "search/results.html"
    response = render(request, template, {"form": form, "search": search, "is_fragment": is_fragment})
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Cookie"])
    if asked is not None:
        asked.keep(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def choose_model(request: HttpRequest) -> HttpResponse:
    """My machine: what is chosen here is kept (search.my_model)."""
    return my_model.choose(request) if request.method == "POST" else redirect("search:results")


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """A list of links to what is being typed, empty where nothing fits."""
    text = SearchForm(request.GET).search_query().text
    hits = suggest(request.user, text)
    warnings = warnings_of(hits)
    shown = [
        # A code's title begins with the code.
        (
            "" if hit.document.title.startswith(hit.document.number) else hit.document.number,
            hit,
            _told_once(hit),
            warnings.get(hit.document.pk, ""),
        )
        for hit in hits
    ]
    return render(
        request, "search/_suggestions.html", {"hits": shown, "past": good.offered(request.user, text)}
    )


def _told_once(hit: Hit) -> SafeString:
    """Its title; of one in both languages the reader's, and what is marked: on a phone, both are six lines."""
    source = get_source(hit.document.source)
    if not (source and source.bilingual):
        return hit.title_html
    name, *meanings = hit.title_html.split(" · ")
    if len(meanings) != 2 or any(part.count("<mark>") != part.count("</mark>") for part in meanings):
        return (
            hit.title_html
        )  # one only, or which is which cannot be told, or a mark goes from one to the next
    reads_chinese = (get_language() or "").startswith("zh")
    of_reader = [part for part in meanings if bool(_CHINESE.search(part)) == reads_chinese]
    told = [part for part in meanings if part in of_reader or "<mark>" in part] if of_reader else meanings
    return mark_safe(" · ".join([name, *told]))


def passage_name(hit: Hit) -> str:
    """What the passage is called in which most of it was found; "" at the beginning of the document."""
    source = get_source(hit.document.source)
    return str(source.passage) % {"number": hit.passage} if hit.passage and source and source.passage else ""


def _shown(found: Results, mine: my_model.MyModel) -> list[ShownHit]:
    warnings = warnings_of(found.hits)
    types, kinds, statuses, languages = map(fixed_labels, ("source", "kind", "status", "language"))
    return [
        ShownHit(
            hit,
            type=types.get(hit.document.source, hit.document.source),
            kind=kinds.get(hit.document.kind, hit.document.kind),
            status=statuses.get(hit.document.status, hit.document.status),
            language=languages.get(hit.document.language, hit.document.language),
            applies=mine.applies(hit),
            named=mine.named(hit),
            warning=warnings.get(hit.document.pk, ""),
        )
        for hit in found.hits
    ]
