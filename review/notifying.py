"""Telling people what happened: one notice each, and none to whoever did it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from procedures.models import ProcedurePage
from review.models import Notice, Suggestion, Thread


def notify(
    people: Iterable[Any],
    kind: str,
    page: ProcedurePage,
    *,
    at: datetime,
    by: Any = None,
    text: str = "",
    thread: Thread | None = None,
    suggestion: Suggestion | None = None,
) -> None:
    """`by`: who did it. `text`: what that person wrote to it. `thread`, `suggestion`: where the notice leads."""
    told = {person.pk: person for person in people if by is None or person.pk != by.pk}
    Notice.objects.bulk_create(
        Notice(
            recipient=person, kind=kind, page=page, text=text, created_at=at, thread=thread, suggestion=suggestion
        )
        for person in told.values()
    )  # fmt: skip
