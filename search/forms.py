"""The GET form is the search's state: everything a results page shows follows from it."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from search.beyond import codes_beyond
from search.engine import MAX_TEXT, NEWEST, SearchQuery

MAX_PAGE = 1_000
PARAMS = {
    "source": "type",
    "kind": "kind",
    "line": "line",
    "model": "model",
    "release": "release",
    "code": "code",
    "status": "status",
    "language": "language",
    "updated": "changed",
    "scope": "audience",
}
"""Facet -> what it is called in an address, in the order in which they are offered."""


class SearchForm(forms.Form):
    """Never refuses: what is missing or malformed counts as not given."""

    q = forms.CharField(label=_("Search for"), required=False)
    type = forms.CharField(label=_("Type"), required=False)
    kind = forms.CharField(label=_("Kind"), required=False)
    line = forms.CharField(label=_("Product line"), required=False)
    model = forms.CharField(label=_("Equipment model"), required=False)
    release = forms.CharField(label=_("Software release"), required=False)
    code = forms.CharField(label=_("Error code"), required=False)
    status = forms.CharField(label=_("Status"), required=False)
    language = forms.CharField(label=_("Language"), required=False)
    changed: forms.Field = forms.CharField(label=_("Last changed"), required=False)
    audience = forms.CharField(label=_("Audience"), required=False)
    exactly = forms.BooleanField(required=False)
    sort = forms.ChoiceField(
        label=_("Order"), required=False, choices=[("", _("Best match first")), (NEWEST, _("Newest first"))]
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)

    def search_query(self) -> SearchQuery:
        """The query asked for, with no scopes yet: who asks decides those."""
        self.is_valid()  # fills cleaned_data with the fields that are well formed
        given: dict[str, Any] = self.cleaned_data
        text = given.get("q") or ""
        filters: dict[str, Any] = {facet: given.get(param) or "" for facet, param in PARAMS.items()}
        beyond = codes_beyond(text, MAX_TEXT) if len(text) > MAX_TEXT else ()
        return SearchQuery(
            # Codes first: of a long text not all that it has is asked for.
            text="\n".join(filter(None, (" ".join(beyond), text[:MAX_TEXT]))),
            was_cut=len(text) > MAX_TEXT,
            beyond=beyond,
            scopes=frozenset(),
            exactly=bool(given.get("exactly")),
            sort=given.get("sort") or "",
            page=given.get("page") or 1,
            **filters,
        )

    def in_links(self, query: SearchQuery) -> QueryDict:
        """The search as the page's many links carry it: of a long text only what is looked for.

        Read again it is the same query, and one that was cut: after MAX_TEXT characters come its codes.
        """
        asked = cast(QueryDict, self.data).copy()
        if query.was_cut:
            asked["q"] = f"{self.cleaned_data['q'][:MAX_TEXT]} … {', '.join(query.beyond)}"
        return asked
