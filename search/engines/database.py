"""What SQLite's and PostgreSQL's full-text search have in common: one table of terms beside SearchDocument.

Both call it search_index and both join it by `rowid`, so most of the SQL is the same. The terms' table is
always read first (CROSS JOIN keeps SQLite to that order): matching row by row took 7 s where this takes 5 ms.
"""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, ClassVar, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils.safestring import mark_safe

from search.analysis import MARK, Terms, analyse, code_term, raw_words
from search.engine import FACETS, Hit, Results, SearchQuery
from search.highlight import Highlighter
from search.models import SearchDocument
from search.parsing import Clause, ParsedQuery, Phrase, parse
from search.ranking import CANDIDATES, Candidate, Totals, rank
from search.registry import DocumentData, sources

ENOUGH = 3
"""Documents that have all that was asked for; where there are fewer, those that have some come as well."""
LEAD = 40
"""Characters of a text's first line that count twice: a text begins with what it is about."""
BATCH = 500
"""Documents written at a time."""

T = TypeVar("T")
_FIELDS = [f.attname for f in SearchDocument._meta.concrete_fields if not f.primary_key]


@dataclass(frozen=True, slots=True)
class Row:
    """The terms of one document, by the weight they are found with."""

    rowid: int
    title: Terms
    codes: Terms
    body: Terms


@dataclass(frozen=True, slots=True)
class Group:
    """How many of the documents found share these values; no models means all models."""

    source: str
    kind: str
    language: str
    scope: str
    models: frozenset[str]
    count: int

    def passes(self, facet: str, value: str) -> bool:
        """Whether these documents stay when the facet is narrowed to the value."""
        if facet == "model":
            return not self.models or value in self.models
        return getattr(self, facet) == value


class DatabaseEngine:
    """The shared half. A subclass says how terms are written, matched and ranked in its database."""

    AND: ClassVar[str]
    OR: ClassVar[str]
    join_sql: ClassVar[str] = "search_index CROSS JOIN search_searchdocument d"
    match_sql: ClassVar[str]
    """One %s: the expression. Restricts search_index to what matches."""
    rank_sql: ClassVar[str]
    """As many %s as rank_params() returns. Grows with relevance."""
    exact_sql: ClassVar[str]
    """One %s: exact_expression(). True for a document that bears one of these codes."""
    model_sql: ClassVar[str]
    """One %s: an equipment model the document `d` must apply to."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using  # the database that holds the index

    # What a subclass provides

    def phrase(self, phrase: Phrase, *, prefix: bool) -> str:
        """The expression for terms next to each other, the last one unfinished with `prefix`."""
        raise NotImplementedError

    def rank_params(self, expression: str) -> list[str]:
        """Parameters of rank_sql."""
        return []

    def exact_expression(self, codes: Sequence[str]) -> str:
        """Any of these whole-code terms, among the codes."""
        raise NotImplementedError

    def heading_expression(self, parsed: ParsedQuery) -> str:
        """The query, asked of titles and codes only."""
        raise NotImplementedError

    def _candidates(self, pks: Sequence[int]) -> list[Candidate] | None:
        """The terms of these documents, in this order; None where the database's own rank has to do."""
        return None

    def totals(self) -> Totals:
        """See search.ranking.Statistics."""
        raise NotImplementedError

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics."""
        raise NotImplementedError

    def _write(self, rows: Sequence[Row]) -> None:
        raise NotImplementedError

    def _optimise(self) -> None:
        """After everything was written anew."""

    # Writing

    def index(self, documents: Iterable[DocumentData]) -> int:
        """See Engine.index."""
        count = 0
        for batch in in_batches(documents):
            # The last one wins; PostgreSQL refuses to upsert the same row twice in one statement.
            unique = list({(data.source, str(data.object_id)): data for data in batch}.values())
            with transaction.atomic(using=self.using):
                stored = SearchDocument.objects.using(self.using).bulk_create(
                    [_as_document(data) for data in unique],
                    update_conflicts=True,
                    unique_fields=["source", "object_id"],
                    update_fields=[name for name in _FIELDS if name not in ("source", "object_id")],
                )
                self._write([_row(document) for document in stored])
            count += len(stored)
        return count

    def delete(self, source: str, ids: Iterable[object]) -> int:
        """See Engine.delete."""
        count = 0
        for batch in in_batches(map(str, ids)):
            with transaction.atomic(using=self.using):
                stored = SearchDocument.objects.using(self.using).filter(source=source, object_id__in=batch)
                pks = list(stored.values_list("pk", flat=True))
                with connections[self.using].cursor() as cursor:
                    cursor.executemany("DELETE FROM search_index WHERE rowid = %s", [(pk,) for pk in pks])
                SearchDocument.objects.using(self.using).filter(pk__in=pks).delete()
            count += len(pks)
        return count

    def rebuild(self, documents: Iterable[DocumentData]) -> int:
        """See Engine.rebuild. One transaction: readers see the old index until it commits."""
        with transaction.atomic(using=self.using):
            with connections[self.using].cursor() as cursor:
                cursor.execute("DELETE FROM search_index")
            SearchDocument.objects.using(self.using).all().delete()
            count = self.index(documents)
            self._optimise()
        return count

    # Asking

    def search(self, query: SearchQuery) -> Results:
        """See Engine.search."""
        started = time.perf_counter()
        parsed = parse(query.text)
        if not parsed.clauses or not query.scopes:
            return Results(took_ms=_ms_since(started))
        whole = None  # how many have all that was asked for
        for expression, enough in self.readings(parsed, query.scopes):
            groups = self._groups(expression, query.scopes)
            total = _total(groups, query.filters)
            whole = total if whole is None else whole
            if total >= enough:
                break
        last_page = max(1, -(-total // query.page_size))
        page = min(max(1, query.page), last_page)
        highlighter = Highlighter(parsed)
        hits = [
            Hit(document, score, highlighter.title(document.title), highlighter.snippet(document.text))
            for document, score in self._page(
                expression,
                parsed.codes,
                query.scopes,
                text=query.text,
                filters=query.filters,
                limit=query.page_size,
                offset=(page - 1) * query.page_size,
            )
        ]
        return Results(
            hits=tuple(hits),
            total=total,
            facets=_facets(groups, query.filters),
            whole=min(whole or 0, total),
            took_ms=_ms_since(started),
            page=page,
        )

    def suggest(self, prefix: str, scopes: frozenset[str], limit: int = 8) -> list[Hit]:
        """See Engine.suggest."""
        parsed = parse(prefix, prefix=True)
        if not parsed.clauses or not scopes:
            return []
        highlighter = Highlighter(parsed)
        found = self._page(self.heading_expression(parsed), parsed.codes, scopes, limit=limit)
        return [
            Hit(document, score, highlighter.title(document.title), mark_safe(""))
            for document, score in found
        ]

    def readings(self, parsed: ParsedQuery, scopes: frozenset[str]) -> Iterator[tuple[str, int]]:
        """The query in the engine's own language, ever wider, each with how many documents are enough to stop at.

        First everything; then what was quoted, and any of the rest; then any word at all. Beside each stands
        whatever bears a code that the query names: somebody who types "E-1042 alarm" wants every guide of
        E-1042. The other words rank them, they must not leave a single guide standing that is for another machine.
        """
        coded = f"{self.OR}({self.exact_expression(parsed.codes)})" if parsed.codes else ""
        quoted = [self._clause(clause) for clause in parsed.clauses if clause.quoted]
        meant = len(parsed.clauses) in (1, len(quoted)) or self._is_borne(parsed.codes, scopes)
        yield f"({self.everything(parsed)}){coded}", 1 if meant else ENOUGH
        if quoted and len(quoted) < len(parsed.clauses):
            yield f"({self.AND.join([*quoted, self._any(parsed.clauses)])}){coded}", 1
        yield self._any(parsed.loosened) + coded, 0

    def _is_borne(self, codes: Sequence[str], scopes: frozenset[str]) -> bool:
        """Whether some document bears one of these codes."""
        return bool(codes) and bool(self._groups(self.exact_expression(codes), scopes))

    def everything(self, parsed: ParsedQuery) -> str:
        """What has all that is asked for, in the engine's own language."""
        return self.AND.join(map(self._clause, parsed.clauses))

    def _any(self, clauses: Iterable[Clause]) -> str:
        return "(" + self.OR.join(map(self._clause, clauses)) + ")"

    def _clause(self, clause: Clause) -> str:
        either = [self.phrase(phrase, prefix=clause.prefix) for phrase in clause.alternatives]
        return "(" + self.OR.join(either) + ")"

    def fetch(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows that the index's database answers."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def _groups(self, expression: str, scopes: frozenset[str]) -> list[Group]:
        sql = f"""
            SELECT d.source, d.kind, d.language, d.scope, d.models, COUNT(*)
            FROM {self.join_sql}
            WHERE d.id = search_index.rowid AND {self.match_sql} AND d.scope IN ({_slots(scopes)})
            GROUP BY d.source, d.kind, d.language, d.scope, d.models"""
        rows = self.fetch(sql, [expression, *scopes])
        return [
            Group(source, kind, language, scope, frozenset(json.loads(models)), count)
            for source, kind, language, scope, models, count in rows
        ]

    def _page(
        self,
        expression: str,
        codes: Sequence[str],
        scopes: frozenset[str],
        *,
        text: str = "",
        filters: dict[str, str] | None = None,
        limit: int,
        offset: int = 0,
    ) -> list[tuple[SearchDocument, float]]:
        """Documents with their scores: those that bear a code asked for, then by rank for the `text`, if any."""
        conditions, values = [], []
        for facet, value in (filters or {}).items():
            conditions.append(" AND " + (self.model_sql if facet == "model" else f"d.{facet} = %s"))
            values.append(value)
        lighter = {source.name: source.weight for source in sources() if source.weight != 1}
        weight = f"(CASE d.source {'WHEN %s THEN %s ' * len(lighter)}ELSE 1 END)" if lighter else "1"
        sql = f"""
            SELECT d.id, {self.rank_sql} * {weight} AS score, {self.exact_sql} AS exact
            FROM {self.join_sql}
            WHERE d.id = search_index.rowid AND {self.match_sql} AND d.scope IN ({_slots(scopes)})
                {"".join(conditions)}
            ORDER BY exact DESC, score DESC, d.id LIMIT %s OFFSET %s"""
        ranked = bool(text) and offset < CANDIDATES
        first = 0 if ranked else offset
        rows = self.fetch(
            sql,
            [
                *self.rank_params(expression),
                *chain.from_iterable(lighter.items()),
                self.exact_expression(codes),
                expression,
                *scopes,
                *values,
                max(CANDIDATES, offset + limit) if ranked else limit,
                first,
            ],
        )
        if ranked:
            rows = [*self._ranked(text, rows[:CANDIDATES]), *rows[CANDIDATES:]]
        rows = rows[offset - first : offset - first + limit]
        documents = SearchDocument.objects.using(self.using).in_bulk([pk for pk, _, _ in rows])
        return [(documents[pk], score) for pk, score, _ in rows if pk in documents]

    def _ranked(self, text: str, rows: list[tuple[int, float, bool]]) -> list[tuple[int, float, bool]]:
        """The rows (pk, score, exact) in the order that search.ranking gives them, the exact ones first."""
        candidates = self._candidates([pk for pk, _, _ in rows])
        if candidates is None:
            return rows
        exact = {pk: is_exact for pk, _, is_exact in rows}
        ranked = [(pk, score, exact[pk]) for pk, score in rank(text, candidates, self)]
        return sorted(ranked, key=lambda row: not row[2])


def in_batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _as_document(data: DocumentData) -> SearchDocument:
    values = {name: getattr(data, name) for name in _FIELDS} | {
        "object_id": str(data.object_id),
        "title": data.title.replace("\0", "")[:500],
        "text": data.text.replace("\0", ""),
        "codes": list(data.codes),
        "models": list(data.models),
    }
    return SearchDocument(**values)


def _row(document: SearchDocument) -> Row:
    title = analyse(document.title)
    title.extra.extend(raw_words(document.title))
    codes = Terms([], [])
    for code in filter(None, (document.number, *document.codes, *document.models)):
        terms = analyse(code)
        codes.stream.extend([*terms.stream, MARK])
        codes.extra.extend(terms.extra)
    # A model is a word to find its documents by, not a code that is theirs.
    codes.extra.extend(filter(None, map(code_term, (document.number, *document.codes))))
    body = analyse(document.text)
    lead = analyse(document.text.lstrip().partition("\n")[0][:LEAD])
    body.extra.extend([*lead.stream, *lead.extra])
    return Row(document.pk, title, codes, body)


def _total(groups: Iterable[Group], filters: dict[str, str]) -> int:
    return sum(g.count for g in groups if all(g.passes(facet, value) for facet, value in filters.items()))


def _facets(groups: Sequence[Group], filters: dict[str, str]) -> dict[str, dict[str, int]]:
    """For every facet, what each of its values would leave with the other filters kept; most first."""
    facets: dict[str, dict[str, int]] = {}
    for facet in FACETS:
        others = {name: value for name, value in filters.items() if name != facet}
        counts: Counter[str] = Counter()
        for group in groups:
            if all(group.passes(name, value) for name, value in others.items()):
                for value in _values(groups, group, facet):
                    counts[value] += group.count
        facets[facet] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return facets


def _values(groups: Sequence[Group], group: Group, facet: str) -> frozenset[str]:
    if facet != "model":
        value = getattr(group, facet)
        return frozenset([value] if value else [])
    return group.models or frozenset().union(*(other.models for other in groups))


def _slots(values: Iterable[object]) -> str:
    return ", ".join("%s" for _ in values)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
