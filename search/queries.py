"""What one person finds: the engine's answer, asked again of each hit's source before it is shown."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from search import degraded, switching
from search.corrections import is_sure
from search.engine import Hit, Results, SearchQuery, get_engine
from search.outbox import Unreachable
from search.registry import get_source, scopes_for

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from search.models import SearchDocument
    from search.registry import User

SUGGESTIONS = 8

logger = logging.getLogger(__name__)


def find(user: "User", query: SearchQuery) -> Results:
    """Search as this person: their scopes replace the query's, and hits they may not see are dropped.

    Where a word is mistyped, says what it may have been meant for; where nothing else is found, without the filters
    either, and there is hardly a doubt, answers that.
    While the engine is away the database answers.
    """
    asked = replace(query, scopes=scopes_for(user))
    try:
        return _find(user, asked)
    except Unreachable as error:
        logger.warning("The search answers from the database: %s", error)
        return _checked(user, degraded.find(asked))


def _find(user: "User", asked: SearchQuery) -> Results:
    engine = get_engine()
    switching.check()
    results = _checked(user, engine.search(asked))
    meant = "" if results.completed else engine.did_you_mean(asked)
    if not meant:
        return results
    other = _checked(user, engine.search(replace(asked, text=meant)))
    if not other.hits:
        return results
    if results.total or asked.exactly or not is_sure(asked.text, meant) or _finds_unfiltered(user, asked):
        return replace(results, did_you_mean=meant)
    return replace(other, did_you_mean=meant, is_corrected=True)


def _finds_unfiltered(user: "User", asked: SearchQuery) -> bool:
    """Whether it finds something but for its filters. Then they may be what is wrong: answered by another question, its
    facets would promise what is gone once a filter is taken back."""
    if not asked.filters:
        return False
    no_filters: dict[str, Any] = dict.fromkeys(asked.filters, "")
    return bool(_checked(user, get_engine().search(replace(asked, page=1, **no_filters))).total)


def _checked(user: "User", results: Results) -> Results:
    seen = _visible(user, results.hits)
    return results.without(hit.document for hit in results.hits if hit.document.pk not in seen)


def suggest(user: "User", prefix: str, limit: int = SUGGESTIONS) -> list[Hit]:
    """Documents whose title or code begins like this, as far as this person may see them."""
    scopes = scopes_for(user)
    try:
        switching.check()
        hits = get_engine().suggest(prefix, scopes, limit)
    except Unreachable:
        hits = degraded.suggest(prefix, scopes, limit)
    seen = _visible(user, hits)
    return [hit for hit in hits if hit.document.pk in seen]


def similar(user: "User", query: SearchQuery) -> list[Hit]:
    """What is most like this text, as far as this person may see it; fewer where some of it is not for them."""
    asked = replace(query, scopes=scopes_for(user))
    try:
        switching.check()
        hits = get_engine().similar(asked)
    except Unreachable as error:
        logger.warning("What is alike is looked for in the database: %s", error)
        hits = degraded.similar(asked)
    seen = _visible(user, hits)
    return [hit for hit in hits if hit.document.pk in seen]


def warnings_of(hits: Iterable[Hit]) -> "dict[int, StrOrPromise]":
    """{document's pk: what its source warns of}: one query a source at most."""
    asked: dict[str, dict[str, int]] = defaultdict(dict)
    for hit in hits:
        asked[hit.document.source][hit.document.object_id] = hit.document.pk
    found: dict[int, StrOrPromise] = {}
    for name, pks in asked.items():
        if (source := get_source(name)) is not None:
            found |= {pks[object_id]: warning for object_id, warning in source.warnings(list(pks)).items()}
    return found


def _visible(user: "User", hits: Iterable[Hit]) -> set[int]:
    return visible(user, (hit.document for hit in hits))


def visible(user: "User", documents: "Iterable[SearchDocument]") -> set[int]:
    """Primary keys of the documents whose source says, from the database as it is now, that they may show."""
    asked: dict[str, dict[str, int]] = defaultdict(dict)
    for document in documents:
        asked[document.source][document.object_id] = document.pk
    seen: set[int] = set()
    for name, pks in asked.items():
        source = get_source(name)
        if source is not None:
            seen.update(pks[found] for found in source.visible_to(user, list(pks)) if found in pks)
    return seen
