"""Keeping the index true to the data. Call reindex() in the transaction that changes the data."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.db import transaction

from search import spelling, switching
from search.engine import Engine, get_engine
from search.registry import DocumentData, get_source, sources

BATCH = 500
"""Objects asked of a source at a time."""


def reindex(source: str, ids: Iterable[object]) -> None:
    """Describe these objects of a source anew; one its source yields nothing for leaves the index.

    Commits and rolls back with the caller's transaction. Raises LookupError for an unknown source.
    """
    found = get_source(source)
    if found is None:
        raise LookupError(f"No search source named {source!r} is registered.")
    engine = get_engine()
    keys = list(dict.fromkeys(ids))
    with transaction.atomic():
        switching.note()
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            kept: set[str] = set()
            engine.index(_noting(kept, found.documents(batch)))
            _delete_others(engine, source, batch, kept)


def rebuild(progress: Callable[[Iterator[DocumentData]], Iterable[DocumentData]] = iter) -> int:
    """Replace the whole index by what all sources describe now; returns how many documents.

    Searches see the old index until the new one is whole; on SQLite writers wait for it, elsewhere they go on.
    `progress` may wrap the documents, e.g. in a progress bar. Raises what the engine does: see FedEngine.rebuild.
    """
    known, words = spelling.last_learnt(), set[str]()
    documents = (document for source in sources() for document in source.documents(None))
    engine = get_engine()
    with switching.making_whole(engine):
        count = engine.rebuild(progress(_learning(words, documents)), _again)
    spelling.forget_others(words, known)
    return count


def _learning(words: set[str], documents: Iterable[DocumentData]) -> Iterator[DocumentData]:
    for document in documents:
        words |= spelling.words_of(document.title) | spelling.words_of(document.text)
        yield document


def _again(source: str, ids: Sequence[str]) -> Iterable[DocumentData]:
    found = get_source(source)
    return found.documents(ids) if found else []


def _noting(seen: set[str], documents: Iterable[DocumentData]) -> Iterator[DocumentData]:
    for document in documents:
        seen.add(str(document.object_id))
        yield document


def _delete_others(engine: Engine, source: str, asked: Iterable[object], kept: set[str]) -> None:
    gone = [key for key in map(str, asked) if key not in kept]
    if gone:
        engine.delete(source, gone)
