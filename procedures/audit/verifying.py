"""The whole log against what the database and the file storage hold, a chunk at a time."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _

from procedures.audit.canonical import EVENT_FIELDS
from procedures.audit.chain import ChainWalk, row_problems
from procedures.audit.revisions import revision_findings
from procedures.audit.sealing import (
    Facts,
    Finding,
    Sealed,
    final_findings,
    read_chunks,
    sealed_models,
)
from procedures.audit.versions import CATALOGUE, HASHES, IMAGES, read_catalogue_names
from procedures.frozen_files import frozen_name
from procedures.models import AuditEvent, AuditHead

Head = tuple[int, str]
"""(sequence, hash) of an event."""
_COLUMNS = [
    *(f"{name}_id" if name in ("page", "version", "actor") else name for name in EVENT_FIELDS),
    "hash",
]
_EVENTS, _HEAD = AuditEvent._meta.db_table, AuditHead._meta.db_table


class Verification:
    """One walk through everything; `kept` is a head written down before, which the chain must still hold.

    `tick` is called with the number of rows just walked.
    """

    def __init__(self, *, kept: Head | None = None, tick: Callable[[int], Any] = lambda rows: None) -> None:
        self._kept, self._tick = kept, tick
        self.chain = ChainWalk(whole=True)
        self.rows: dict[str, int] = {}
        self.images = 0
        self._facts: Facts = defaultdict(dict)

    @staticmethod
    def total() -> int:
        """How many events and rows there are to walk."""
        rows = sum(sealed.model._default_manager.count() for sealed in sealed_models().values())
        return AuditEvent.objects.count() + rows

    def findings(self) -> Iterator[Finding]:
        """What does not fit, in the order of the chain, then of the tables, then of the files."""
        with _snapshot():
            yield from self._walk_chain()
            yield from self.chain.misfits()
            self._facts[HASHES] = dict(self.chain.hashes)
            self._facts[CATALOGUE] = read_catalogue_names()
            for sealed in sealed_models().values():
                yield from self._walk_rows(sealed)
            yield from self._gone()
            yield from final_findings(self._facts)
            yield from revision_findings()
        yield from self._walk_images()

    def _walk_chain(self) -> Iterator[Finding]:
        kept_sequence, kept_hash = self._kept or (0, self.chain.hash)
        held = kept_sequence == 0
        for chunk in read_chunks(AuditEvent, _COLUMNS):
            for sequence, values in chunk:
                if values is None:
                    self.chain.skip(sequence)
                    yield Finding(_EVENTS, sequence, _("It cannot be read."))
                    continue
                event = dict(zip((*EVENT_FIELDS, "hash"), values, strict=True))
                for problem in self.chain.take(event):
                    yield Finding(_EVENTS, sequence, problem)
                if sequence == kept_sequence:
                    held = True
                    if event["hash"] != kept_hash:
                        yield Finding(_EVENTS, sequence, _("It is not the event whose hash was kept."))
            self._tick(len(chunk))
        if not held:
            yield Finding(_EVENTS, kept_sequence, _("It was kept as the last event and is gone."))
        head = AuditHead.objects.filter(pk=1).values_list("sequence", "hash").first() or (0, self.chain.hash)
        if head != (self.chain.sequence, self.chain.hash):
            yield Finding(_HEAD, 1, _("It names event %(sequence)s as the last one.") % {"sequence": head[0]})

    def _walk_rows(self, sealed: Sealed) -> Iterator[Finding]:
        seals = self.chain.seals.get(sealed.label, {})
        self.rows[sealed.label] = 0
        for pk, fields in sealed.rows():
            sealed_as = seals.pop(pk, None)
            self.rows[sealed.label] += 1
            self._tick(1)
            if fields is None:
                yield Finding(sealed.table, pk, _("It cannot be read."))
                continue
            row_of = partial(sealed.row, pk, fields)
            for problem in row_problems(sealed, pk, fields, row_of, sealed_as, self._facts):
                yield Finding(sealed.table, pk, problem)
        for pk in sorted(seals):
            yield Finding(
                sealed.table,
                pk,
                _("It is gone; event %(sequence)d sealed it.") % {"sequence": seals[pk][1]},
            )

    def _gone(self) -> Iterator[Finding]:
        for label in sorted(self.chain.seals.keys() - sealed_models().keys()):
            if self.chain.seals[label]:
                pk, (_seal, sequence) = min(self.chain.seals[label].items())
                problem = _("Event %(sequence)d seals it, but this table is not known here.")
                yield Finding(label, pk, problem % {"sequence": sequence})

    def _walk_images(self) -> Iterator[Finding]:
        for digest in self._facts[IMAGES]:
            self.images += 1
            if problem := _image_problem(digest):
                yield Finding("frozen", digest, problem)


def _image_problem(digest: str) -> str:
    name = frozen_name(digest)
    if name is None:
        return _("The image file is gone.")
    with default_storage.open(name) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            return _("The image file does not have the hash that it is named by.")
    return ""


@contextmanager
def _snapshot() -> Iterator[None]:
    """Everything is read as of one moment, while others go on writing."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Django would begin an IMMEDIATE transaction, which keeps every writer out.
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
