"""Keys of rows as a request names them."""

LARGEST = 2**63 - 1
"""What a database's largest integer holds; Python's hold more, and no database takes those."""


def row_key(text: str) -> int | None:
    """The key written in the text; None where no row can have it."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    key = int(text)
    return key if key <= LARGEST else None
