"""What engines that hold finished terms have in common: how a question is read, counted, ranked and shown."""

import heapq
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from django.utils.safestring import mark_safe

from search.engine import FACETS, NEWEST, PROFILE_FACETS, UPDATED, Hit, Results, SearchQuery
from search.highlight import Highlighter
from search.models import SearchDocument, SearchProfile
from search.parsing import Clause, ParsedQuery, parse
from search.ranking import CANDIDATES, Candidate, Totals, rank, rarity, weights_of
from search.readings import Reading, heading, readings
from search.registry import sources

TELLING = 16
"""Terms of a long text by which similar documents are looked for: its rarest."""
MAX_CODES_FROM = 1_000
"""Documents found, above which their codes are too many to choose from and are not counted."""

_profiles: dict[int, Mapping[str, Any]] = {}  # an id means the same everywhere, so this never goes stale


@dataclass(frozen=True, slots=True)
class Selection:
    """What may be found: documents of these profiles, changed `since` (seconds since 1970), that bear the code."""

    profiles: Sequence[int]
    since: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """How many of the documents found share a profile and changed within the same of UPDATED ("" is before)."""

    profile: Mapping[str, Any]
    updated: str
    count: int

    def passes(self, facet: str, value: str) -> bool:
        """Whether these documents stay when the facet is narrowed to the value."""
        if facet == "updated":
            return value in self.values(facet)
        if facet == "code":
            return True  # the engine itself was asked for the code
        found = self.profile[PROFILE_FACETS[facet]]
        return not found or value in found if isinstance(found, list) else found == value

    def values(self, facet: str) -> Sequence[str]:
        """The values that these documents count for; none where they count for all."""
        if facet == "updated":
            spans = list(UPDATED)
            return spans[spans.index(self.updated) :] if self.updated else []
        found = self.profile[PROFILE_FACETS[facet]]
        return found if isinstance(found, list) else [found] if found else []


class TermEngine:
    """The shared half. A subclass keeps Entries and answers Readings from them.

    It also is what `search.ranking` calls Statistics.
    """

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using  # the database of SearchDocument

    # What a subclass provides

    def best(
        self, reading: Reading, selection: Selection, *, limit: int, offset: int = 0, newest: bool = False
    ) -> list[Candidate]:
        """What is found, those that bear one of its codes first, then by the engine's own rank (or date)."""
        raise NotImplementedError

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """(profile, span, how many): span n changed at or after spans[n], which falls, and not after spans[n-1]."""
        raise NotImplementedError

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """How many of those found bear each code."""
        raise NotImplementedError

    def totals(self) -> Totals:
        """See search.ranking.Statistics."""
        raise NotImplementedError

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics."""
        raise NotImplementedError

    # Asking

    def search(self, query: SearchQuery) -> Results:
        """See Engine.search."""
        started = time.perf_counter()
        parsed = parse(query.text)
        if not parsed.clauses or not query.scopes:
            return Results(took_ms=_ms_since(started))
        now = timezone.now()
        seen = self._seen(query.scopes)
        whole = None  # how many have all that was asked for
        is_borne = lambda reading: bool(self.best(reading, Selection(list(seen)), limit=1))  # noqa: E731
        for reading in readings(parsed, is_borne):
            groups = self._groups(reading, seen, query.code, now)
            total = _total(groups, query.filters)
            whole = total if whole is None else whole
            if total >= reading.enough:
                break
        last_page = max(1, -(-total // query.page_size))
        page = min(max(1, query.page), last_page)
        selection = _selection(query, seen, now)
        found = self._page(reading, selection, query, offset=(page - 1) * query.page_size) if total else []
        return Results(
            hits=tuple(self._hits(found, parsed)),
            total=total,
            facets=_facets(groups, query.filters) | {"code": self._codes(reading, selection, total)},
            whole=min(whole or 0, total),
            took_ms=_ms_since(started),
            page=page,
        )

    def suggest(self, prefix: str, scopes: frozenset[str], limit: int = 8) -> list[Hit]:
        """See Engine.suggest."""
        parsed = parse(prefix, prefix=True)
        if not parsed.clauses or not scopes:
            return []
        found = self.best(heading(parsed), Selection(list(self._seen(scopes))), limit=limit)
        return self._hits([(one.pk, one.score) for one in found], parsed, snippets=False)

    def similar(self, query: SearchQuery) -> list[Hit]:
        """See Engine.similar."""
        parsed = parse(query.text)
        if not parsed.clauses or not query.scopes:
            return []
        weights = weights_of(query.text)
        rare = rarity(weights, self)
        telling = heapq.nlargest(TELLING, rare, key=lambda term: rare[term])
        reading = Reading(some=tuple(Clause(((term,),)) for term in telling), codes=parsed.codes)
        selection = _selection(query, self._seen(query.scopes), timezone.now())
        found = self._page(reading, selection, query, offset=(query.page - 1) * query.page_size)
        return self._hits(found, parsed)

    def _page(
        self, reading: Reading, selection: Selection, query: SearchQuery, *, offset: int
    ) -> list[tuple[int, float]]:
        """(pk, score) of one page: the first CANDIDATES as search.ranking orders them, the rest as the engine does."""
        end = offset + query.page_size
        if query.sort == NEWEST or offset >= CANDIDATES:
            newest = query.sort == NEWEST
            found = self.best(reading, selection, limit=query.page_size, offset=offset, newest=newest)
            return [(one.pk, one.score) for one in found]
        found = self.best(reading, selection, limit=max(CANDIDATES, end))
        exact = {one.pk: one.exact for one in found}
        # What scores alike stands in the order of the keys: engines may offer it in another.
        ranked = sorted(
            rank(query.text, found[:CANDIDATES], self), key=lambda one: (not exact[one[0]], -one[1], one[0])
        )
        return [*ranked, *((one.pk, one.score) for one in found[CANDIDATES:])][offset:end]

    def _hits(
        self, found: Iterable[tuple[int, float]], parsed: ParsedQuery, *, snippets: bool = True
    ) -> list[Hit]:
        scores = dict(found)
        documents = SearchDocument.objects.using(self.using).in_bulk(list(scores))
        highlighter = Highlighter(parsed)
        hits: list[Hit] = []
        for pk, score in scores.items():
            if (document := documents.get(pk)) is None:
                continue
            title = highlighter.title(document.title)
            snippet = highlighter.snippet(document.text) if snippets else mark_safe("")
            hits.append(Hit(document, score, title, snippet, document.url))
        return hits

    # Counting

    def selected(self, query: SearchQuery) -> Selection:
        """What the query's scopes and filters leave to be found."""
        return _selection(query, self._seen(query.scopes), timezone.now())

    def _seen(self, scopes: frozenset[str]) -> Mapping[int, Mapping[str, Any]]:
        """The profiles within these scopes."""
        everything = SearchProfile.objects.using(self.using)
        known = list(everything.values_list("pk", flat=True))
        if missing := [pk for pk in known if pk not in _profiles]:
            _profiles.update(everything.filter(pk__in=missing).values_list("pk", "values"))
        return {pk: values for pk in known if (values := _profiles[pk])["scope"] in scopes}

    def _groups(
        self, reading: Reading, seen: Mapping[int, Mapping[str, Any]], code: str, now: datetime
    ) -> list[Group]:
        spans = [int((now - span).timestamp()) for span in UPDATED.values()]
        names = [*UPDATED, ""]
        found = self.counts(reading, Selection(list(seen), code=code), spans)
        return [Group(seen[profile], names[span], count) for profile, span, count in found]

    def _codes(self, reading: Reading, selection: Selection, total: int) -> Mapping[str, int]:
        if not total or total > MAX_CODES_FROM:
            return {}
        wider = Selection(selection.profiles, selection.since)
        return _most_first(self.code_counts(reading, wider))


def source_weights(profiles: Iterable[int]) -> dict[float, list[int]]:
    """Weight -> the profiles whose source has it, where it is not 1."""
    weights = {source.name: source.weight for source in sources() if source.weight != 1}
    found: dict[float, list[int]] = {}
    for pk in profiles if weights else ():
        if weight := weights.get(_profiles[pk]["source"]):
            found.setdefault(weight, []).append(pk)
    return found


def _selection(query: SearchQuery, seen: Mapping[int, Mapping[str, Any]], now: datetime) -> Selection:
    """What the query's filters leave of the profiles that may be seen."""
    filters = {facet: value for facet, value in query.filters.items() if facet in PROFILE_FACETS}
    profiles = [
        pk
        for pk, values in seen.items()
        if all(Group(values, "", 0).passes(facet, value) for facet, value in filters.items())
    ]
    if not query.updated:
        return Selection(profiles, code=query.code)
    span = UPDATED.get(query.updated)
    return Selection(profiles if span else [], int((now - span).timestamp()) if span else 0, query.code)


def _total(groups: Iterable[Group], filters: Mapping[str, str]) -> int:
    return sum(g.count for g in groups if all(g.passes(facet, value) for facet, value in filters.items()))


def _facets(groups: Sequence[Group], filters: Mapping[str, str]) -> dict[str, Mapping[str, int]]:
    """For every facet, what each of its values would leave with the other filters kept; most first."""
    facets: dict[str, Mapping[str, int]] = {}
    for facet in FACETS:
        if facet == "code":
            continue
        others = {name: value for name, value in filters.items() if name != facet}
        counts: Counter[str] = Counter()
        for_all = 0
        for group in groups:
            if all(group.passes(name, value) for name, value in others.items()):
                values = group.values(facet)
                counts.update(dict.fromkeys(values, group.count))
                if not values and facet in ("line", "model", "release"):
                    for_all += group.count
        for value in counts.keys() | {v for g in groups for v in g.values(facet)} if for_all else ():
            counts[value] += for_all
        facets[facet] = _most_first(counts)
    return facets


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
