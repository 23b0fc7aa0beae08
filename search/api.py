"""The search for programs: the same question, rights and answer as on the page, in JSON (docs/api.md)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from html import unescape
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from search.engine import NEWEST, PAGE_SIZE, UPDATED, Hit, Results
from search.equipment import is_every_model
from search.facets import labels_of
from search.forms import PARAMS, SearchForm
from search.log import keeping
from search.log.models import Channel
from search.my_model import models_of
from search.queries import SUGGESTIONS, find, suggest, warnings_of
from search.views import passage_name

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_PAGE_SIZE = 100
SEARCH = ("q", *PARAMS.values(), "exactly", "sort", "page", "page_size")
_LIST_FIELDS = ("codes", "lines", "models", "releases")


class AskedForm(SearchForm):
    """Of a program that asks wrongly nothing is guessed."""

    q = forms.CharField(strip=True)
    changed = forms.ChoiceField(required=False, choices=[(name, name) for name in UPDATED])
    sort = forms.ChoiceField(required=False, choices=[("relevance", "relevance"), (NEWEST, NEWEST)])
    page_size = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE_SIZE)

    def __init__(self, asked: QueryDict, known: Sequence[str]) -> None:
        super().__init__(asked)
        self._asked = asked
        self._known = known

    def clean(self) -> dict[str, Any]:
        for name in self._asked:
            if name not in self._known:
                self.add_error(
                    None,
                    _("Only these fields are known here: %(names)s.") % {"names": ", ".join(self._known)},
                )
                break
        for name in self._known:
            if len(self._asked.getlist(name)) > 1:
                self.add_error(name, _("Give it once."))
        return self.cleaned_data


Answer = tuple[int, dict[str, Any], keeping.Asked | None]
"""Status, body, and what the search log keeps of it."""


def api(view: Callable[[HttpRequest], Answer]) -> Callable[[HttpRequest], HttpResponse]:
    """A view that gives an Answer."""

    @wraps(view)
    def answering(request: HttpRequest) -> HttpResponse:
        status, said, asked = view(request)
        response = JsonResponse(said, status=status)
        response["Cache-Control"] = "private, no-store"
        if asked is not None:
            asked.keep(response)
        return response

    return answering


@require_safe
@api
def search(request: HttpRequest) -> Answer:
    """What is found, with counts by facet."""
    form = AskedForm(request.GET, SEARCH)
    if not form.is_valid():
        return _refused(form)
    asked = form.search_query()
    query = replace(
        asked,
        sort=NEWEST if asked.sort == NEWEST else "",
        page_size=form.cleaned_data["page_size"] or PAGE_SIZE,
    )
    found = find(request.user, query)
    models = models_of(request.user)
    return (
        200,
        {
            "query": {
                "q": query.text,
                "was_cut": query.was_cut,
                "beyond": list(query.beyond),
                "filters": {PARAMS[facet]: value for facet, value in query.filters.items()},
                "sort": query.sort or "relevance",
                "page": query.page,
                "page_size": query.page_size,
            },
            **summary_of(found),
            "facets": _facets(found, models),
            # The page of the site shows its last one instead; a program that reads to the end has to come to one.
            "hits": hits_of(found.hits, models) if query.page <= found.page else [],
        },
        keeping.begin(request, query, found, Channel.API),
    )


@require_safe
@api
def suggestions(request: HttpRequest) -> Answer:
    """What begins with what is typed so far."""
    form = AskedForm(request.GET, ("q",))
    if not form.is_valid():
        return _refused(form)
    hits = suggest(request.user, form.search_query().text, SUGGESTIONS)
    warnings = warnings_of(hits)
    return (
        200,
        {
            "suggestions": [
                {
                    "type": hit.document.source,
                    "number": hit.document.number,
                    "title": hit.document.title,
                    "url": hit.document.url,
                    "warning": str(warnings.get(hit.document.pk, "")),
                }
                for hit in hits
            ]
        },
        None,
    )


def summary_of(found: Results) -> dict[str, Any]:
    """What is said of all that was found, in plain values."""
    return {
        "total": found.total,
        "whole": found.whole,
        "did_you_mean": found.did_you_mean,
        "is_corrected": found.is_corrected,
        "degraded": found.degraded,
        "ms": round(found.took_ms, 1),
    }


def hits_of(hits: Sequence[Hit], known: Collection[str]) -> list[dict[str, Any]]:
    """Hits in plain values. What nobody is to use for now shows no text, as on the page."""
    warnings = warnings_of(hits)
    return [_hit(hit, str(warnings.get(hit.document.pk, "")), known) for hit in hits]


def _hit(hit: Hit, warning: str, known: Collection[str]) -> dict[str, Any]:
    document = hit.document
    return {
        "type": document.source,
        "kind": document.kind,
        "number": document.number,
        "version": document.version_label,
        "title": document.title,
        "language": document.language,
        "status": document.status,
        **{name: getattr(document, name) for name in _LIST_FIELDS},
        "models": [model for model in document.models if model in known or is_every_model(model)],
        "updated_at": document.updated_at.isoformat(),
        "url": document.url,
        "opens_at": document.url if warning else hit.url,
        "passage": "" if warning else passage_name(hit),
        "snippet": "" if warning else plain(hit.snippet_html),
        "marks": [] if warning else list(hit.marks),
        "found_by": {"codes": list(hit.codes), "title": hit.titled},
        "warning": warning,
    }


def plain(html: SafeString) -> str:
    """A snippet without its marks, as the document has it."""
    return unescape(strip_tags(html))


def _facets(found: Results, models: "Mapping[str, StrOrPromise]") -> dict[str, list[dict[str, Any]]]:
    return {
        param: [
            {"value": value, "label": str(label), "count": counts[value]}
            for value, label in labels_of(facet, counts, models).items()
        ]
        for facet, param in PARAMS.items()
        for counts in [found.facets.get(facet, {})]
    }


def _refused(form: AskedForm) -> Answer:
    fields: dict[str, list[str]] = {}
    for name, errors in form.errors.as_data().items():
        fields["query" if name == "__all__" else name] = [
            reason for error in errors for reason in _reasons(form, name, error)
        ]
    return 400, {"message": _("Not taken: see what is said of each field."), "fields": fields}, None


def _reasons(form: AskedForm, name: str, error: Any) -> list[str]:
    """Django's own words for a choice that there is not repeat what was sent; these name what there is."""
    if error.code != "invalid_choice":
        return list(error.messages)
    choices = ", ".join(value for value, _label in form.fields[name].choices)  # type: ignore[attr-defined]  # only such a field has this error
    return [_("Choose one of these: %(choices)s.") % {"choices": choices}]
