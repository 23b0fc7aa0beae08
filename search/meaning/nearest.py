"""The passages nearest to a question, among the documents that may be found.

All vectors are held in memory, once a process: 768 bytes a passage, MOST_PASSAGES at most (300 MB). What was made
meanwhile is read after REFRESH seconds. An index of approximate neighbours would save time at a million passages;
here a question costs a fraction of a millisecond for every thousand.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Max

from search.meaning import model
from search.meaning.vectors import read
from search.models import Embedding, SearchDocument

MOST = 100
"""Documents that are looked for."""
FLOOR = 0.80
"""The cosine below which a passage has nothing to do with a question: this model gives strangers .70 to .80."""
STRANGER = 0.78
"""The cosine of a question with any other text, as far as there are no documents to tell."""
_PRIOR = 3  # documents that STRANGER counts for
MOST_PASSAGES = 400_000
"""Passages held; further documents are found by their words only."""
REFRESH = 30.0
_AT_A_TIME = 500  # documents asked of the database
_MOST_ASKED = 10_000  # documents looked through for those that may be found
_ROWS = 16_384  # vectors multiplied at a time, as 32 bits

Key = tuple[str, str]  # source, object_id


@dataclass(frozen=True, slots=True)
class Near:
    """How much nearer a document is than others of its language, and where in its text the nearest passage begins."""

    above: float
    start: int
    profile: int = 0


@dataclass
class _Held:
    """The vectors of one database, and which of them are whose.

    Row `wholes[n]` is `keys[n]` as a whole, `openings[n]` its first passage, the same row where it has no other.
    """

    state: tuple[object, ...] = ()
    looked_at: float = 0.0
    rows: dict[int, tuple[Key, str, Sequence[int], Any]] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    languages: dict[str, int] = field(default_factory=dict)
    language: Any = None  # the number of each key's
    wholes: Any = None
    openings: Any = None
    starts: list[int] = field(default_factory=list)
    matrix: Any = None


_held: dict[str, _Held] = {}
_reading = Lock()


def nearest(text: str, using: str, may_be_found: Callable[[SearchDocument], bool]) -> Mapping[int, Near]:
    """SearchDocument's primary key -> how near, the nearest first. Empty where the model or the vectors are missing.

    `may_be_found` is asked of each document as the database has it now.
    """
    try:
        found = _ranked(text, using)
        return dict(_allowed(found, using, may_be_found))
    except DatabaseError:  # the caller's own to deal with: it may have ended the transaction
        raise
    except Exception as error:  # whatever becomes of the option, the search by words answers
        model.say_once(f"{type(error).__name__}: {error}")
        return {}


def forget(using: str) -> None:
    """Hold nothing of this database any more."""
    _held.pop(using, None)


def _ranked(text: str, using: str) -> list[tuple[Key, Near]]:
    """All documents above the floor, the nearest first.

    To this model a stranger in the question's own language is as near as the answer in another. So each document
    is held against the mean of those in its language.
    """
    import numpy

    held = _current(using)
    if not held.keys:
        return []
    question = model.of_question(text)
    cosines = numpy.concatenate(
        [
            held.matrix[at : at + _ROWS].astype(numpy.float32) @ question
            for at in range(0, len(held.matrix), _ROWS)
        ]
    )
    whole, opening = cosines[held.wholes], cosines[held.openings]
    cosines[held.wholes[held.openings > held.wholes]] = -1  # from here on, of passages only
    best = numpy.maximum.reduceat(cosines, held.wholes)
    # Of two with as near a passage, the one that is about it is meant: as a whole, and as it begins.
    nearness = (best + opening + whole) / 3
    counts = numpy.bincount(held.language, minlength=len(held.languages))
    sums = numpy.bincount(held.language, weights=nearness, minlength=len(held.languages))
    above = nearness - ((sums + _PRIOR * STRANGER) / (counts + _PRIOR))[held.language]
    enough = numpy.flatnonzero((best >= FLOOR) & (above > 0))
    order = enough[numpy.argsort(-above[enough], kind="stable")][:_MOST_ASKED]
    edges = [*held.wholes.tolist(), len(cosines)]
    found: list[tuple[Key, Near]] = []
    for n in order.tolist():
        row = edges[n] + int(cosines[edges[n] : edges[n + 1]].argmax())
        found.append((held.keys[n], Near(float(above[n]), held.starts[row])))
    return found


def _allowed(
    found: Sequence[tuple[Key, Near]], using: str, may_be_found: Callable[[SearchDocument], bool]
) -> Iterator[tuple[int, Near]]:
    count = 0
    for at in range(0, len(found), _AT_A_TIME):
        some = dict(found[at : at + _AT_A_TIME])
        stored = SearchDocument.objects.using(using).filter(
            source__in={source for source, _ in some}, object_id__in=[key for _, key in some]
        )
        documents = {
            (document.source, document.object_id): document
            for document in stored.only("source", "object_id", "profile", "updated_at", "codes")
        }
        for key, near in some.items():
            if (document := documents.get(key)) is not None and may_be_found(document):
                yield document.pk, replace(near, profile=document.profile)
                count += 1
                if count == MOST:
                    return


def _current(using: str) -> _Held:
    """What is held, as of REFRESH seconds ago at most."""
    with _reading:
        held = _held.setdefault(using, _Held())
        if held.state and time.monotonic() - held.looked_at < REFRESH:
            return held
        stored = Embedding.objects.using(using).filter(model=model.MODEL)
        state = tuple(stored.aggregate(Count("pk"), Max("pk")).values())
        held.looked_at = time.monotonic()
        if state != held.state:
            held = _held[using] = _read(held, stored, state)
        return held


def _read(old: _Held, stored: Any, state: tuple[object, ...]) -> _Held:
    """The vectors anew, of which only those that were not held before are read."""
    import numpy

    pks = list(stored.order_by("pk").values_list("pk", flat=True))
    held = _Held(state, time.monotonic())
    wholes: list[int] = []
    openings: list[int] = []
    languages: list[int] = []
    parts: list[Any] = []
    for at in range(0, len(pks), _AT_A_TIME):
        some = pks[at : at + _AT_A_TIME]
        rows = {pk: old.rows[pk] for pk in some if pk in old.rows}
        for row in stored.filter(pk__in=[pk for pk in some if pk not in rows]):
            vectors = read(bytes(row.vectors), len(row.starts))
            if vectors is None:  # the others still answer
                model.say_once(
                    f"for {row.source} {row.object_id}, whose vectors are damaged: manage.py embed_search"
                )
                continue
            rows[row.pk] = (row.source, row.object_id), row.language, row.starts, vectors
        if len(held.starts) + sum(len(row[-1]) for row in rows.values()) > MOST_PASSAGES:
            model.say_once(
                f"after {len(held.keys)} of {len(pks)} documents, which have {MOST_PASSAGES} passages"
            )
            break
        for key, language, starts, vectors in rows.values():
            languages.append(held.languages.setdefault(language, len(held.languages)))
            wholes.append(len(held.starts))
            openings.append(len(held.starts) + (len(starts) > 1))
            held.keys.append(key)
            held.starts.extend(starts)
            parts.append(vectors)
        held.rows |= rows
    held.wholes = numpy.array(wholes, dtype=numpy.intp)
    held.openings = numpy.array(openings, dtype=numpy.intp)
    held.language = numpy.array(languages, dtype=numpy.intp)
    held.matrix = numpy.concatenate(parts) if parts else None
    # Views of the one matrix, so that no vector is held twice.
    for first, (pk, (key, language, starts, vectors)) in zip(wholes, list(held.rows.items()), strict=True):
        held.rows[pk] = key, language, starts, held.matrix[first : first + len(vectors)]
    return held
