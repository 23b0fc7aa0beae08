"""Search in the CMS admin: plain matching of every word, and a procedure is found by its number too.

Plain matching finds Chinese inside a sentence, and takes an unpaired quote for what it is. Readers' search is
another thing (the package `search`).
"""

from django.db.models import Q
from modelsearch.backends.database import fallback
from wagtail.models import Page


class NumberQueryCompiler(fallback.DatabaseSearchQueryCompiler):
    def build_single_term_filter(self, term: str) -> Q:
        found: Q = super().build_single_term_filter(term)
        if self.queryset.model is Page:
            found |= Q(procedurepage__number__icontains=term)
        return found


class DeskSearchBackend(fallback.DatabaseSearchBackend):
    query_compiler_class = NumberQueryCompiler
    autocomplete_query_compiler_class = NumberQueryCompiler
