"""Making the vectors: by the schedule and `manage.py embed_search`, never in a transaction that changes documents.

A document that changed keeps its old vectors until then. Whoever is interrupted goes on where it stopped.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef
from django.db.models.functions import Length
from django.utils.translation import ngettext

from search.documents import in_batches
from search.meaning import model, vectors
from search.meaning.passages import rows
from search.models import Embedding, SearchDocument

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 16
"""Documents of which the vectors are written at a time, and passages that the model is given at a time."""
_READ = 500  # documents whose vectors are looked at at a time
SECONDS = 60.0
"""How long one run of the schedule makes vectors; the rest is for the next."""


def pending(using: str = DEFAULT_DB_ALIAS) -> "QuerySet[SearchDocument]":
    """The documents that changed since their vectors were made, or have none."""
    made = Embedding.objects.filter(
        source=OuterRef("source"),
        object_id=OuterRef("object_id"),
        document=OuterRef("pk"),
        revision=OuterRef("revision"),
        model=model.MODEL,
    )
    return SearchDocument.objects.using(using).filter(~Exists(made)).order_by("pk")


def make(
    using: str = DEFAULT_DB_ALIAS,
    *,
    seconds: float | None = None,
    progress: Callable[[int], object] = lambda count: None,
) -> int:
    """Bring the vectors up to date, for so many seconds if given; returns for how many documents.

    `progress` is told after each batch how many documents it had. Damaged ones are made anew: all that there are where
    there is time enough, else those whose size tells. Raises model.Missing.
    """
    model.require()
    until = None if seconds is None else time.monotonic() + seconds
    _drop_gone(using)
    if until is None:
        _drop_damaged(using)
    else:
        _of_another_size(using).delete()
    waiting = pending(using)
    count = last = 0
    while batch := list(waiting.filter(pk__gt=last)[:BATCH]):
        _renew(batch, using)
        last = batch[-1].pk
        count += len(batch)
        progress(len(batch))
        if until is not None and time.monotonic() >= until:
            break
    return count


def make_due(now: datetime) -> Iterator[str]:
    """The schedule's part: SECONDS of it where the option is on; yields a line if anything was done."""
    if not model.is_on():
        return
    try:
        count = make(seconds=SECONDS)
    except model.Missing as error:
        model.say_once(str(error))
        return
    if count:
        yield ngettext(
            "%(count)d document read for the search by meaning",
            "%(count)d documents read for the search by meaning",
            count,
        ) % {"count": count}


def _drop_gone(using: str) -> None:
    there = SearchDocument.objects.filter(source=OuterRef("source"), object_id=OuterRef("object_id"))
    Embedding.objects.using(using).filter(~Exists(there)).delete()


class _Starts(Func):
    """How many passages, and so vectors, a row is for."""

    output_field = IntegerField()
    function = "jsonb_array_length"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="json_array_length", **context)


def _of_another_size(using: str) -> "QuerySet[Embedding]":
    """Vectors that are more or fewer bytes than were written; no database reads them for that."""
    sized = Embedding.objects.using(using).alias(size=Length("vectors"), passages=_Starts("starts"))
    return sized.exclude(size=F("passages") * vectors.BYTES)


def _drop_damaged(using: str) -> None:
    stored = Embedding.objects.using(using)
    rows_ = stored.values_list("pk", "starts", "vectors").order_by("pk")
    damaged: list[int] = []
    last = 0
    while some := list(rows_.filter(pk__gt=last)[:_READ]):
        last = some[-1][0]
        damaged += [pk for pk, starts, data in some if vectors.read(bytes(data), len(starts)) is None]
    for batch in in_batches(damaged):
        stored.filter(pk__in=batch).delete()


def _renew(documents: Sequence[SearchDocument], using: str) -> None:
    stored = Embedding.objects.using(using)
    pks = _stored_pks(documents, using)
    changed: list[tuple[SearchDocument, str]] = []
    for document in documents:
        digest = _digest(document)
        known = pks.get((document.source, document.object_id))
        if known is not None and known[1] == digest:
            # Saved again with the same text, or the index was rebuilt.
            stored.filter(pk=known[0]).update(document=document.pk, revision=document.revision)
        else:
            changed.append((document, digest))
    made = list(_embedded(changed))
    with transaction.atomic(using=using):
        stored.filter(
            pk__in=[pks[key][0] for d, _ in changed if (key := (d.source, d.object_id)) in pks]
        ).delete()
        stored.bulk_create(made, ignore_conflicts=True)  # somebody else may just have made the same


def _stored_pks(documents: Iterable[SearchDocument], using: str) -> dict[tuple[str, str], tuple[int, str]]:
    """(source, object_id) -> (primary key, digest) of what is stored."""
    documents = list(documents)
    found = Embedding.objects.using(using).filter(
        source__in={document.source for document in documents},
        object_id__in=[document.object_id for document in documents],
    )
    return {
        (source, object_id): (pk, digest if name == model.MODEL else "")
        for source, object_id, pk, digest, name in found.values_list(
            "source", "object_id", "pk", "digest", "model"
        )
    }


def _embedded(documents: Iterable[tuple[SearchDocument, str]]) -> Iterator[Embedding]:
    import numpy

    for document, digest in documents:
        parts = rows(document.title, document.text, [start for start, _anchor in document.passages])
        texts = [part for _start, part in parts]
        made = [model.of_passages(batch) for batch in in_batches(texts, BATCH)]
        yield Embedding(
            source=document.source,
            object_id=document.object_id,
            document=document.pk,
            revision=document.revision,
            language=document.language,
            model=model.MODEL,
            digest=digest,
            starts=[start for start, _part in parts],
            vectors=vectors.stored(numpy.concatenate(made)),
        )


def _digest(document: SearchDocument) -> str:
    """Of all that the vectors are made from."""
    starts = [start for start, _anchor in document.passages]
    return hashlib.sha256(
        json.dumps([document.language, document.title, document.text, starts]).encode()
    ).hexdigest()
