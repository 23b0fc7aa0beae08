"""The interface every engine answers, and which engine this site runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from search.models import SearchDocument
from search.registry import DocumentData

PAGE_SIZE = 20
MAX_TEXT = 2_000
"""Characters of a query; of what comes after them only codes are looked for, and the page says so."""
PROFILE_FACETS = {
    "source": "source",
    "kind": "kind",
    "line": "lines",
    "model": "models",
    "release": "releases",
    "language": "language",
    "status": "status",
    "scope": "scope",
}
"""Facet -> the field of a document and its profile. Where a document has an empty list, it counts for every value."""
FACETS = (*PROFILE_FACETS, "code", "updated")
UPDATED = {"week": timedelta(days=7), "month": timedelta(days=30), "year": timedelta(days=365)}
"""The values of the facet "updated": changed within so many days, the shortest first."""
NEWEST = "newest"
"""The one order other than by relevance."""

Again = Callable[[str, Sequence[str]], Iterable[DocumentData]]
"""(source, object ids) -> the documents as they are now."""

_ENGINES = {
    "sqlite": "search.engines.sqlite.SqliteEngine",
    "sidecar": "search.engines.sidecar.SidecarEngine",
    "elasticsearch": "search.engines.elastic.ElasticEngine",
}
_AUTO = {"sqlite": "sqlite", "postgresql": "sidecar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is asked: a text of any kind, what may be seen, and filters ("" does not filter).

    `sort` is NEWEST or "" for relevance.
    """

    text: str
    scopes: frozenset[str]
    source: str = ""
    kind: str = ""
    line: str = ""
    model: str = ""
    release: str = ""
    code: str = ""
    language: str = ""
    status: str = ""
    updated: str = ""
    scope: str = ""
    sort: str = ""
    page: int = 1
    page_size: int = PAGE_SIZE
    was_cut: bool = False  # the text as typed was longer
    beyond: tuple[str, ...] = ()  # codes of what was cut off; `text` begins with them
    exactly: bool = False  # never answered by what it may have been meant for
    mine: str = ""  # the model of who asks: what is for others comes after it, where the text names none

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by facet."""
        return {facet: value for facet in FACETS if (value := getattr(self, facet))}


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found. `score` grows with relevance and compares within one answer only.

    `url` leads to the passage that the snippet is from, the `passage`-th of the document (0: what comes before the
    first). `marks` are the words found in it. Besides there, it was found by the `codes` that were asked for, and by
    its title if that is `titled`. One found `by_meaning` has none of the words.
    """

    document: SearchDocument
    score: float
    title_html: SafeString
    snippet_html: SafeString
    url: str
    passage: int = 0
    marks: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    titled: bool = False
    by_meaning: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits, and counts over all of them.

    `facets[facet][value]` counts what choosing that value would show, the other filters kept. `whole`
    of the documents have all that was asked for, the others some of it. `page` is the page given,
    the last one if a later one was asked for. `related` of the total were found by meaning alone; they are in
    no facet's counts. `degraded`: the engine is away, see search.degraded. `completed`: nothing has the word that was
    typed, these have one that begins so.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    whole: int = 0
    took_ms: float = 0.0
    page: int = 1
    did_you_mean: str = ""  # what the question may have been meant for, and the asker finds something by
    is_corrected: bool = False  # nothing was found: this is what is found for `did_you_mean`
    degraded: bool = False
    related: int = 0
    completed: bool = False

    @property
    def by_words(self) -> int:
        """How many have something of what was typed."""
        return self.total - self.related

    def without(self, unseen: Iterable[SearchDocument]) -> "Results":
        """The same answer as if these documents had not been found: not shown and not counted."""
        dropped = {document.pk: document for document in unseen}
        if not dropped:
            return self
        facets = {facet: dict(counts) for facet, counts in self.facets.items()}
        related = {hit.document.pk for hit in self.hits if hit.by_meaning and hit.document.pk in dropped}
        for document in dropped.values():
            if document.pk in related:
                continue
            for facet, counts in facets.items():
                for value in list(_values_of(document, facet, counts)):
                    if value in counts:
                        counts[value] -= 1
        return replace(
            self,
            hits=tuple(hit for hit in self.hits if hit.document.pk not in dropped),
            total=self.total - len(dropped),
            related=self.related - len(related),
            facets={f: {v: n for v, n in counts.items() if n > 0} for f, counts in facets.items()},
        )


def _values_of(document: SearchDocument, facet: str, counted: Iterable[str]) -> Iterable[str]:
    """The values a document counts for, of those that were counted."""
    if facet == "updated":
        return within(document.updated_at)
    if facet == "code":
        return document.codes
    value = getattr(document, PROFILE_FACETS[facet])
    if isinstance(value, list):
        return value or counted
    return [value]


def within(updated: datetime) -> Iterator[str]:
    """The values of the facet "updated" that a date counts for."""
    return (value for value, since in cutoffs(timezone.now()).items() if updated >= since)


def cutoffs(now: datetime) -> dict[str, datetime]:
    """From when on a date counts for each value of the facet "updated": from the beginning of a day (UTC)."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {value: today - span for value, span in UPDATED.items()}


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

    def similar(self, query: SearchQuery) -> list[Hit]:
        """What is most like a long text such as a ticket, within the query's scopes and filters: one page of it."""
        ...

    def did_you_mean(self, query: SearchQuery) -> str:
        """The question with mistyped words put right, as far as the query's scopes know them; "" if none is."""
        ...

    def rebuild(self, documents: Iterable[DocumentData], again: Again | None = None) -> int:
        """Replace everything by these documents; returns how many. `again` describes some of them anew."""
        ...


def get_engine() -> Engine:
    """The engine that REDLINE_SEARCH_ENGINE names; "auto" goes by the database.

    Raises ImproperlyConfigured if there is none of that name.
    """
    return _engine(settings.REDLINE_SEARCH_ENGINE, connection.vendor)


def engine_name() -> str:
    """The name of the engine of get_engine(), never "auto"."""
    name: str = settings.REDLINE_SEARCH_ENGINE
    return _AUTO[connection.vendor] if name == "auto" else name


@cache
def _engine(name: str, vendor: str) -> Engine:
    if name not in ("auto", *_ENGINES):
        known = ", ".join(["auto", *_ENGINES])
        raise ImproperlyConfigured(f"REDLINE_SEARCH_ENGINE is {name!r}; set one of: {known}.")
    if name == "sqlite" and vendor != "sqlite":
        raise ImproperlyConfigured(
            f"REDLINE_SEARCH_ENGINE is 'sqlite', and the database is {vendor}: set 'sidecar'."
        )
    return import_string(_ENGINES[_AUTO[vendor] if name == "auto" else name])()
