"""What is told to Elasticsearch by many at once, and what it says to it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from search.documents import Entry
from search.engines.elastic_index import source_of
from search.outbox import Unreachable

Action = dict[str, Any]

LATER = frozenset({429, 502, 503, 504})
"""Statuses of what goes well another time."""
HOW: Mapping[str, Any] = {
    "max_chunk_bytes": 4 * 1024 * 1024,
    "raise_on_error": False,
    "raise_on_exception": False,  # of answers; where there is none it raises all the same
}

_CONFLICT, _ABSENT = 409, 404


class Refusal(NamedTuple):
    """Why Elasticsearch does not take a document."""

    pk: int
    status: int
    kind: str
    reason: str

    @property
    def is_conflict(self) -> bool:
        """Whether a newer revision is there."""
        return self.status == _CONFLICT

    @property
    def is_for_now(self) -> bool:
        """Whether it is the index that takes nothing, whatever the document."""
        return self.status in (_ABSENT, *LATER) or "block" in self.kind

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}" if self.reason else self.kind


def put(entry: Entry) -> Action:
    """Add or replace it, unless a newer revision is there."""
    return _versioned(entry.pk, entry.revision, "index") | {"_source": source_of(entry)}


def drop(pk: int, revision: int) -> Action:
    """Take it out, whether it is in or not; its end has that revision."""
    return _versioned(pk, revision, "delete")


def refusals(answers: Iterable[tuple[bool, Mapping[str, Any]]]) -> Iterator[Refusal]:
    """What was not taken; that there is nothing to delete is all right."""
    for taken, answer in answers:
        ((action, item),) = answer.items()
        status = item.get("status", 500)
        error = item.get("error")
        if taken or (action == "delete" and status == _ABSENT and not error):
            continue
        kind, reason = (error.get("type"), error.get("reason")) if isinstance(error, dict) else (error, "")
        yield Refusal(int(item["_id"]), status, str(kind), str(reason or ""))


def raise_if_closed(refused: Iterable[Refusal]) -> None:
    """Raises Unreachable where the index takes nothing for now."""
    for refusal in refused:
        if refusal.is_for_now:
            raise Unreachable(f"Elasticsearch takes nothing for now: {refusal}")


def _versioned(pk: int, revision: int, action: str) -> dict[str, Any]:
    return {"_op_type": action, "_id": str(pk), "version": revision, "version_type": "external_gte"}
