"""Writing SearchDocuments, and what an engine indexes of each."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import DEFAULT_DB_ALIAS

from search import spelling
from search.analysis import CJK, MARK, Terms, analyse, code_term, number_term, raw_words, unpadded_term
from search.models import SearchDocument, SearchProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.registry import DocumentData

BATCH = 500
"""Documents written at a time."""
LEAD = 40
"""Characters of a text's first line that count twice: a text begins with what it is about."""
# To the end of a word, if it has one: a part of it is another.
_LEAD = re.compile(rf".{{0,{LEAD}}}(?:(?<=[^\s{CJK}])[^\s{CJK}]{{0,{LEAD}}})?")
PROFILE = ("source", "kind", "lines", "models", "releases", "language", "status", "scope")
"""The fields that make a profile."""

T = TypeVar("T")
_FIELDS = [
    field.attname
    for field in SearchDocument._meta.concrete_fields
    if not field.primary_key and field.attname not in ("revision", "profile")
]


@dataclass(frozen=True, slots=True)
class Entry:
    """What an engine indexes of a document: its terms by field, with blanks between, and what it is filtered by."""

    pk: int
    revision: int
    profile: int
    updated: int  # seconds since 1970
    codes: Sequence[str]
    title_terms: str
    code_terms: str
    text_terms: str


def save(documents: Iterable["DocumentData"], using: str = DEFAULT_DB_ALIAS) -> list[SearchDocument]:
    """Add or replace the documents of one batch; returns them as stored. Call it in a transaction."""
    # The last one wins; PostgreSQL refuses to upsert the same row twice in one statement.
    unique = {(data.source, str(data.object_id)): data for data in documents}
    stored = SearchDocument.objects.using(using)
    known = {
        (source, object_id): revision
        for source, object_id, revision in stored.select_for_update()
        .filter(source__in={source for source, _ in unique}, object_id__in={key for _, key in unique})
        .values_list("source", "object_id", "revision")
    }
    rows = [_as_document(data, known.get(key, 0) + 1) for key, data in unique.items()]
    SearchProfile.objects.using(using).bulk_create(
        [SearchProfile(pk=pk, values=values) for pk, values in dict(map(_profile, rows)).items()],
        ignore_conflicts=True,
    )
    spelling.learn((text for row in rows for text in (row.title, row.text)), using)
    return stored.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "object_id"],
        update_fields=["revision", "profile", *(f for f in _FIELDS if f not in ("source", "object_id"))],
    )


def same(data: "DocumentData", stored: SearchDocument) -> bool:
    """Whether the document is stored just as its source describes it."""
    document = _as_document(data, stored.revision)
    return all(getattr(document, name) == getattr(stored, name) for name in (*_FIELDS, "profile"))


def prune() -> None:
    """Drop the profiles that no document has. Nobody may save documents meanwhile."""
    used = SearchDocument.objects.values("profile")
    SearchProfile.objects.exclude(pk__in=used).delete()


def entry_of(document: SearchDocument) -> Entry:
    """What is indexed of a document."""
    title = analyse(document.title)
    title.extra.extend(raw_words(document.title))
    codes = Terms([], [])
    for code in filter(None, (document.number, *document.codes, *document.models)):
        terms = analyse(code)
        codes.stream.extend([*terms.stream, MARK])
        codes.extra.extend(terms.extra)
    # A model is a word to find its documents by, not a code that is theirs; so is a release.
    releases = [analyse(release) for release in document.releases]
    codes.extra.extend(dict.fromkeys(term for terms in releases for term in (*terms.stream, *terms.extra)))
    borne = (document.number, *document.codes)
    several = [form(code) for form in (code_term, unpadded_term) for code in borne]
    # "Alarm 2004" is a code's number, and no procedure's or ticket's.
    several += map(number_term, document.codes)
    codes.extra.extend(filter(None, several))
    body = analyse(document.text)
    beginning = _LEAD.match(document.text.lstrip())
    lead = analyse(beginning[0] if beginning else "")
    body.extra.extend([*lead.stream, *lead.extra])
    return Entry(
        pk=document.pk,
        revision=document.revision,
        profile=document.profile,
        updated=int(document.updated_at.timestamp()),
        codes=document.codes,
        title_terms=_joined(title),
        code_terms=_joined(codes),
        text_terms=_joined(body),
    )


def in_batches(items: Iterable[T], size: int = BATCH) -> "Iterator[list[T]]":
    """Lists of up to `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _as_document(data: "DocumentData", revision: int) -> SearchDocument:
    values: dict[str, Any] = {name: getattr(data, name) for name in _FIELDS} | {
        "object_id": str(data.object_id),
        "title": data.title.replace("\0", "")[:500],
        "text": data.text.replace("\0", ""),
        "passages": [[start, anchor] for start, anchor in data.passages],
    }
    for name in ("codes", "lines", "models", "releases"):
        values[name] = list(values[name])
    document = SearchDocument(revision=revision, **values)
    document.profile = _profile(document)[0]
    return document


def _profile(document: SearchDocument) -> tuple[int, Mapping[str, Any]]:
    """(id, values) of the document's profile."""
    values = {name: getattr(document, name) for name in PROFILE}
    for name in ("lines", "models", "releases"):
        values[name] = sorted(set(values[name]))
    return _hash(json.dumps(values, sort_keys=True, ensure_ascii=False)), values


@lru_cache(maxsize=10_000)
def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1  # a positive 64-bit integer


def _joined(terms: Terms) -> str:
    return " ".join([*terms.stream, MARK, *terms.extra])
