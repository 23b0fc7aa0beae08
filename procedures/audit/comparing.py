"""Whether rows still are what the log last said of them, asked before an action seals them anew."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models

from procedures.audit.canonical import column_digests
from procedures.audit.sealing import Sealed, row_key, sealed_models, seals_of
from procedures.models import AuditEvent

Misfits = dict[str, list[str]]
"""{"app.model:pk": columns whose value is not the one sealed, none named where the seal has no digests}."""


def newest_seals(pages: Collection[int], keys: Collection[str]) -> dict[str, str]:
    """The newest seal of each of these rows among the events of these procedures."""
    if not keys:
        return {}
    wanted, found = set(keys), {}
    events = AuditEvent.objects.filter(page__in=pages).order_by("-sequence")
    for seals in events.values_list("seals", flat=True).iterator(chunk_size=200):
        for key in wanted & seals.keys():
            found[key] = seals[key]
        wanted -= found.keys()
        if not wanted:
            break
    return found


def changed_columns(sealed: Sealed, before: str, after: str) -> list[str] | None:
    """The columns that differ between two seals of a row; None where one of them has no digests."""
    digests = [_digests(sealed, seal) for seal in (before, after)]
    if not all(digests):
        return None
    return [name for name, digest in digests[0].items() if digests[1].get(name, digest) != digest]


def frozen_misfits(before: Mapping[str, str], after: Mapping[str, str]) -> Misfits:
    """The rows with a column that may never change and has, between two seals of each."""
    models_by_label, found = sealed_models(), {}
    for key in before.keys() & after.keys():
        sealed = models_by_label.get(key.rpartition(":")[0])
        columns = sealed and changed_columns(sealed, before[key], after[key])
        if sealed and (frozen := [name for name in columns or () if name not in sealed.changing]):
            found[key] = frozen
    return found


def misfits_of(page: int, rows: Iterable[models.Model]) -> Misfits:
    """The stored rows of this procedure that are not as they were last sealed, in whatever column."""
    now = seals_of(rows)
    found: Misfits = {}
    for key, before in newest_seals([page], now).items():
        columns = changed_columns(sealed_models()[key.rpartition(":")[0]], before, now[key])
        if columns or (columns is None and _differ_as_a_whole(before, now[key])):
            found[key] = columns or []
    return found


def compare_with_log(rows: Sequence[models.Model], *, page: Any, at: datetime | None = None) -> None:
    """Before these stored rows of the procedure are changed: put on record which are not as they were sealed.

    What was tampered with can still be replaced by a new release; but not without a trace.
    """
    from procedures.audit.recording import record_misfits  # it compares as well, whenever it seals

    if found := misfits_of(page.pk, rows):
        record_misfits(found, [row for row in rows if row_key(row) in found], page=page, at=at)


def _differ_as_a_whole(before: str, after: str) -> bool:
    """Whether two seals of a row have other hashes; those of different forms hash different columns."""
    (form, digest), (form_after, digest_after) = before.split(":")[:2], after.split(":")[:2]
    return form == form_after and digest != digest_after


def _digests(sealed: Sealed, seal: str) -> dict[str, str]:
    form = seal.partition(":")[0]
    columns = sealed.forms.get(int(form)) if form.isdecimal() and len(form) < 10 else None
    return column_digests(seal, columns) if columns else {}
