"""Keys of rows as a request names them."""

from django.urls import register_converter
from django.urls.converters import IntConverter

LARGEST = 2**63 - 1
"""What a database's largest integer holds; Python's hold more, and no database takes those."""


def row_key(text: str) -> int | None:
    """The key written in the text; None where no row can have it."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    key = int(text)
    return key if key <= LARGEST else None


class KeyConverter(IntConverter):
    """`<key:pk>` in an address: a number that no row can have leads nowhere, rather than to a fault of the database."""

    def to_python(self, value: str) -> int:
        key = row_key(value)
        if key is None:
            raise ValueError(value)
        return key


register_converter(KeyConverter, "key")
