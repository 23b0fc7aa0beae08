"""What every action of this app does: ask for a text, and save with the acting person in the history."""

from datetime import datetime
from typing import Any

from procedures.content import clean_text
from procedures.rules import NotAllowed


def required(text: str, message: str) -> str:
    """The text cleaned. Raises NotAllowed with the message where nothing is left."""
    if not (cleaned := clean_text(text)):
        raise NotAllowed(message)
    return cleaned


def save_as(record: Any, by: Any, at: datetime | None = None) -> None:
    """Save with the acting person in the history, also outside a request, and when it was (None: now)."""
    record._history_user = by
    if at is None:
        record.save()
        return
    record._history_date = at
    try:
        record.save()
    finally:
        del record._history_date  # a later save is of its own time
