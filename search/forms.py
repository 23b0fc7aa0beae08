"""The GET form is the search's state: everything a results page shows follows from it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from search.engine import MAX_TEXT, SearchQuery

MAX_PAGE = 1_000


class SearchForm(forms.Form):
    """Never refuses: what is missing or malformed counts as not given."""

    q = forms.CharField(label=_("Search for"), required=False)
    type = forms.CharField(label=_("Type"), required=False)
    kind = forms.CharField(label=_("Kind"), required=False)
    model = forms.CharField(label=_("Equipment model"), required=False)
    language = forms.CharField(label=_("Language"), required=False)
    audience = forms.CharField(label=_("Audience"), required=False)
    exactly = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)

    def search_query(self) -> SearchQuery:
        """The query asked for, with no scopes yet: who asks decides those."""
        self.is_valid()  # fills cleaned_data with the fields that are well formed
        given: dict[str, Any] = self.cleaned_data
        text = given.get("q") or ""
        return SearchQuery(
            text=text[:MAX_TEXT],
            was_cut=len(text) > MAX_TEXT,
            scopes=frozenset(),
            source=given.get("type") or "",
            kind=given.get("kind") or "",
            model=given.get("model") or "",
            language=given.get("language") or "",
            scope=given.get("audience") or "",
            exactly=bool(given.get("exactly")),
            page=given.get("page") or 1,
        )
