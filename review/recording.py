"""What every action of this app does: ask for a text, and save with the acting person in the history."""

import unicodedata
from datetime import datetime
from typing import Any

from procedures.content import clean_text
from procedures.rules import NotAllowed

# Letters and signs by their category, and yet nothing to see: Hangul fillers, the empty Braille cell, selectors.
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(sign) for sign in range(0xFE00, 0xFE10)
}


def required(text: str, message: str) -> str:
    """The text cleaned. Raises NotAllowed with the message where nothing is left that anybody could see."""
    if not (cleaned := cleaned_text(text)):
        raise NotAllowed(message)
    return cleaned


def cleaned_text(text: str) -> str:
    """The text cleaned, "" where there is nothing in it that anybody could see."""
    cleaned = clean_text(text)
    return "" if is_blank(cleaned) else cleaned


def is_blank(text: str) -> bool:
    """Whether there is nothing in it that anybody could see."""
    return all(unicodedata.category(sign)[0] in "CZ" or sign in _BLANK for sign in text)


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
