"""The interface every engine answers, and which engine this site runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from search.models import SearchDocument
from search.registry import DocumentData

PAGE_SIZE = 20
MAX_TEXT = 2_000
"""Characters of a query; what comes after them is not looked for, and the page says so."""
FACETS = ("source", "kind", "model", "language", "scope")

_ENGINES = {
    "sqlite": "search.engines.sqlite.SqliteEngine",
    "postgresql": "search.engines.postgres.PostgresEngine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is asked: a text of any kind, what may be seen, and filters ("" does not filter)."""

    text: str
    scopes: frozenset[str]
    source: str = ""
    kind: str = ""
    model: str = ""
    language: str = ""
    scope: str = ""
    page: int = 1
    page_size: int = PAGE_SIZE
    was_cut: bool = False  # the text as typed was longer

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by facet."""
        return {facet: value for facet in FACETS if (value := getattr(self, facet))}


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found. `score` grows with relevance and compares within one answer only."""

    document: SearchDocument
    score: float
    title_html: SafeString
    snippet_html: SafeString


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits, and counts over all of them.

    `facets[facet][value]` counts what choosing that value would show, the other filters kept. `whole`
    of the documents have all that was asked for, the others some of it. `page` is the page given,
    the last one if a later one was asked for.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    whole: int = 0
    took_ms: float = 0.0
    page: int = 1

    def without(self, unseen: Iterable[SearchDocument]) -> "Results":
        """The same answer as if these documents had not been found: not shown and not counted."""
        dropped = {document.pk: document for document in unseen}
        if not dropped:
            return self
        facets = {facet: dict(counts) for facet, counts in self.facets.items()}
        for document in dropped.values():
            for facet, counts in facets.items():
                for value in _values_of(document, facet) or list(counts):
                    if value in counts:
                        counts[value] -= 1
        return replace(
            self,
            hits=tuple(hit for hit in self.hits if hit.document.pk not in dropped),
            total=self.total - len(dropped),
            facets={f: {v: n for v, n in counts.items() if n > 0} for f, counts in facets.items()},
        )


def _values_of(document: SearchDocument, facet: str) -> list[str]:
    """The values a document counts for; none means all (a document for every equipment model)."""
    return list(document.models) if facet == "model" else [getattr(document, facet)]


class Engine(Protocol):
    """An index of SearchDocuments. Writing takes part in the caller's transaction where the engine can."""

    def index(self, documents: Iterable[DocumentData]) -> int:
        """Add or replace these documents; returns how many."""
        ...

    def delete(self, source: str, ids: Iterable[object]) -> int:
        """Take these objects out; returns how many were in."""
        ...

    def search(self, query: SearchQuery) -> Results:
        """What is found within the query's scopes. Any text answers; none raises."""
        ...

    def suggest(self, prefix: str, scopes: frozenset[str], limit: int = 8) -> list[Hit]:
        """Documents whose title or code begins to match, best first; `snippet_html` is empty."""
        ...

    def rebuild(self, documents: Iterable[DocumentData]) -> int:
        """Replace everything by these documents; returns how many."""
        ...


def get_engine() -> Engine:
    """The engine that REDLINE_SEARCH_ENGINE names; "auto" is the database's own full-text search.

    Raises ImproperlyConfigured if there is none of that name.
    """
    name = settings.REDLINE_SEARCH_ENGINE
    if name == "auto":
        name = connection.vendor
    try:
        return import_string(_ENGINES[name])()
    except KeyError:
        known = ", ".join(["auto", *_ENGINES])
        raise ImproperlyConfigured(f"REDLINE_SEARCH_ENGINE is {name!r}; set one of: {known}.") from None
