"""Search in the CMS admin, as `search.desk` matches; a procedure is found by its number too."""

from typing import Any

from django.db.models import Q
from modelsearch.backends.database import fallback
from modelsearch.query import Phrase, PlainText
from modelsearch.utils import AND
from wagtail.models import Page

from search.desk import contains, words


class DeskQueryCompiler(fallback.DatabaseSearchQueryCompiler):
    def build_single_term_filter(self, term: str) -> Q:
        number = ["procedurepage__number"] if self.queryset.model is Page else []
        return contains([*self.fields_names, *number], term)

    def build_database_filter(self, query: Any, boost: float = 1.0) -> Any:
        if not isinstance(query, PlainText | Phrase):
            return super().build_database_filter(query, boost=boost)
        found = list(map(self.build_single_term_filter, words(query.query_string)))
        if not found:
            return fallback.MATCH_ALL
        operator = AND if isinstance(query, Phrase) else self.OPERATORS[query.operator]
        return operator(found)


class DeskSearchBackend(fallback.DatabaseSearchBackend):
    query_compiler_class = DeskQueryCompiler
    autocomplete_query_compiler_class = DeskQueryCompiler
