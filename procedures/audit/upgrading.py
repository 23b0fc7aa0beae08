"""Rows that were there before the log: sealed as they are found, which says nothing of what they were."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from django.db import models, transaction

from procedures.audit.recording import Happening, record_many
from procedures.audit.sealing import sealed_models
from procedures.models import AuditEvent, AuditKind, ProcedurePage

BATCH = 50
"""Procedures sealed in one transaction."""
_Progress = Callable[[list[int | None]], Iterable[int | None]]


def seal_unsealed(*, by: Any, progress: _Progress = iter) -> int:
    """Seal what no event seals, one event a procedure; returns the number of rows. A second run seals none."""
    found = _unsealed()
    todo, count = iter(progress(list(found))), 0
    while batch := list(islice(todo, BATCH)):
        pages = ProcedurePage.objects.in_bulk([pk for pk in batch if pk is not None])
        with transaction.atomic():
            record_many(
                Happening(
                    kind=AuditKind.SEALED,
                    page=pages[pk] if pk is not None else None,
                    by=by,
                    data={"rows": len(found[pk])},
                    sealed=found[pk],
                )
                for pk in batch
            )
        count += sum(len(found[pk]) for pk in batch)
    return count


def _unsealed() -> dict[int | None, list[models.Model]]:
    """The rows that no event seals, by their procedure; of each nothing but the key is known."""
    known: dict[str, set[int]] = {}
    for seals in AuditEvent.objects.values_list("seals", flat=True).iterator(chunk_size=1000):
        for key in seals:
            label, _colon, pk = key.rpartition(":")
            known.setdefault(label, set()).add(int(pk))
    found: dict[int | None, list[models.Model]] = {}
    for label, sealed in sealed_models().items():
        rows = sealed.model._default_manager.order_by("pk").values_list("pk", sealed.page)
        for pk, page in rows.iterator(chunk_size=1000):
            if pk not in known.get(label, ()):
                found.setdefault(page, []).append(sealed.model(pk=pk))
    return found
