"""The one form in which events and rows are hashed: the same on SQLite, on PostgreSQL and in a file.

Format 1 of an event is the JSON object of EVENT_FIELDS; of a row {"model", "pk", "form", "fields"}. Bytes are
as in procedures.content: UTF-8, sorted keys, no spaces. Times are UTC with microseconds and a Z.

A seal is "FORM:SHA-256 of the row:DIGESTS", DIGESTS being COLUMN_DIGITS hexadecimal digits of the SHA-256 of each
column's value, in the order of the form's columns: two seals of a row tell which of its columns differ. Seals from
before there were any end after the hash of the row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from procedures.content import canonical_bytes

FORMAT = 1
COLUMN_DIGITS = 16
EVENT_FIELDS = (
    "format", "sequence", "kind", "page", "version", "actor", "actor_name", "happened_at", "recorded_at",
    "data", "seals", "previous_hash", "previous_of_page",
)  # fmt: skip


def plain(value: Any) -> Any:
    """The value as JSON holds it; what JSON cannot hold is left for canonical_bytes to refuse."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    return value


def event_hash(event: Mapping[str, Any]) -> str:
    """The SHA-256 of an event as a mapping of EVENT_FIELDS. Raises TypeError or ValueError where it has none."""
    return _sha256({name: plain(event[name]) for name in EVENT_FIELDS})


def row_seal(row: Mapping[str, Any]) -> str:
    """The seal of a row as procedures.audit.sealing reads it. Raises TypeError or ValueError."""
    digests = (_sha256({"value": value})[:COLUMN_DIGITS] for value in row["fields"].values())
    return f"{row['form']}:{_sha256(row)}:{''.join(digests)}"


def fits_seal(row: Mapping[str, Any], seal: str) -> bool:
    """Whether the row, of the seal's form, is as sealed. Raises TypeError or ValueError."""
    form, _colon, rest = seal.partition(":")
    return (str(row["form"]), _sha256(row)) == (form, rest.partition(":")[0])


def column_digests(seal: str, columns: Sequence[str]) -> dict[str, str]:
    """The digest of each of the form's columns; none where the seal is from before there were any."""
    digests = seal.split(":")[2:]
    if not digests or len(digests[0]) != COLUMN_DIGITS * len(columns):
        return {}
    starts = range(0, len(digests[0]), COLUMN_DIGITS)
    found = [digests[0][start : start + COLUMN_DIGITS] for start in starts]
    return dict(zip(columns, found, strict=True))


def check_plain(value: Any) -> None:
    """Raise TypeError for what the databases would not give back as it was: a float, a key that is no text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{key!r} is no text")
            check_plain(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_plain(item)
    elif value is not None and not isinstance(value, (str, int)):
        raise TypeError(f"{value!r} has no one form in JSON")


def _sha256(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
