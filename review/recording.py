"""What every action of this app does: ask for a text, and save with the acting person in the history."""

from typing import Any

from procedures.content import clean_text
from procedures.rules import NotAllowed


def required(text: str, message: str) -> str:
    """The text cleaned. Raises NotAllowed with the message where nothing is left."""
    if not (cleaned := clean_text(text)):
        raise NotAllowed(message)
    return cleaned


def save_as(record: Any, by: Any) -> None:
    """Save with the acting person in the history, also outside a request."""
    record._history_user = by
    record.save()
