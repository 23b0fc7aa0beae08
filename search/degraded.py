"""What is answered while the engine is away: from the database alone, simple and without order of relevance."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from search.analysis import lexemes, normalise
from search.engine import Hit, Results, SearchQuery
from search.engines.terms import selected, shown
from search.highlight import Highlighter
from search.models import SearchDocument
from search.parsing import is_stop_word, parse

MOST_WORDS = 8
"""Words of a question that are looked for; each is one more pass over the texts."""

_HEADINGS = ("title", "number", "codes")


def find(query: SearchQuery) -> Results:
    """One page at most: what has all the words in its title, number or codes, then also in its text; newest first."""
    rows = list(_found(query, _words(query.text)))[: query.page_size]
    parsed = parse(query.text)
    highlighter = Highlighter(parsed)
    hits = [shown(row, 0.0, parsed, highlighter) for row in rows]
    return Results(hits=tuple(hits), total=len(hits), whole=len(hits), degraded=True)


def suggest(prefix: str, scopes: frozenset[str], limit: int) -> list[Hit]:
    """Documents that have what is typed in their title, number or codes."""
    parsed = parse(prefix)
    highlighter = Highlighter(parsed)
    query = SearchQuery(text=prefix, scopes=scopes)
    words = _words(prefix)
    rows = _newest(_within(query).filter(_all(words, _HEADINGS)), limit) if words else []
    return [shown(row, 0.0, parsed, highlighter, snippets=False) for row in rows]


def similar(query: SearchQuery) -> list[Hit]:
    """Documents that have a code or number of the text in their title, number or codes."""
    words = [word for word in _words(query.text, any_number=True) if any(map(str.isdigit, word))][:MOST_WORDS]
    if not words:
        return []
    parsed = parse(" ".join(words))
    highlighter = Highlighter(parsed)
    anywhere = Q()
    for word in words:
        anywhere |= _all([word], _HEADINGS)
    rows = _newest(_within(query).filter(anywhere), query.page_size)
    return [shown(row, 0.0, parsed, highlighter) for row in rows]


def _words(text: str, *, any_number: bool = False) -> list[str]:
    """The words, codes and Chinese runs of a question, as typed."""
    every = list(dict.fromkeys(lexeme.text for lexeme in lexemes(normalise(text).replace("\0", " "))))
    words = [word for word in every if not is_stop_word(word)] or every
    return words if any_number else words[:MOST_WORDS]


def _found(query: SearchQuery, words: list[str]) -> Iterator[SearchDocument]:
    if not words:
        return
    within = _within(query)
    headed = _newest(within.filter(_all(words, _HEADINGS)), query.page_size)
    yield from headed
    if left := query.page_size - len(headed):
        texts = within.exclude(pk__in=[row.pk for row in headed]).filter(_all(words, (*_HEADINGS, "text")))
        yield from _newest(texts, left)


def _within(query: SearchQuery) -> QuerySet[SearchDocument]:
    """What the query's scopes and filters leave."""
    selection = selected(query)
    since = datetime.fromtimestamp(selection.since, UTC)
    documents = SearchDocument.objects.filter(profile__in=selection.profiles, updated_at__gte=since)
    return documents.filter(codes__icontains=f'"{query.code}"') if query.code else documents


def _all(words: list[str], fields: tuple[str, ...]) -> Q:
    found = Q()
    for word in words:
        anywhere = Q()
        for field in fields:
            anywhere |= Q(**{f"{field}__icontains": word})
        found &= anywhere
    return found


def _newest(documents: QuerySet[SearchDocument], most: int) -> list[SearchDocument]:
    return list(documents.order_by("-updated_at", "-pk")[:most])
