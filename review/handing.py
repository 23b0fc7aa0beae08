"""To whom a decision was handed on, read from the mark's own history: every handing on, not the last alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from review.models import Suggestion


@dataclass(frozen=True, slots=True)
class Handing:
    by: Any
    to: Any
    at: datetime
    note: str


def show_handings(parts: Sequence[Suggestion]) -> None:
    """Set `handings` of each, the first first; one query, and none where nothing was handed on."""
    handed = {part.pk: part for part in parts if part.assigned_to_id is not None}
    if not handed:
        return
    found: dict[int, list[Handing]] = {pk: [] for pk in handed}
    holders: dict[int, int | None] = {}
    rows = Suggestion.history.filter(id__in=handed).select_related("assigned_to", "history_user")
    for row in rows.order_by("history_date", "history_id"):
        if row.assigned_to_id is not None and row.assigned_to_id != holders.get(row.id):
            found[row.id].append(
                Handing(row.history_user, row.assigned_to, row.history_date, row.handed_note)
            )
        holders[row.id] = row.assigned_to_id
    for pk, part in handed.items():
        part.handings = found[pk]
