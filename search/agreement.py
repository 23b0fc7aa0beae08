"""Whether an index has what the database has: four sums over both, which differ as soon as one of them went back.

A database restored from a copy, an index emptied or put back from one: nothing of it passes the outbox. The sums are
of the keys, the revisions and the dates, so that what came and what went do not make up for each other.
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, F, Func, Sum
from django.utils.translation import gettext as _

from search.models import PendingChange, SearchDocument

TRIES = 3
"""How often both are looked at while people write."""
MOST_WAITING = 1_000
"""Documents that may wait to be told; where there are more, nothing is compared."""

_EXACT = 1 << 53  # above it a sum in floating point, as Elasticsearch's, is not


class Sums(NamedTuple):
    """Over all documents but those that wait: how many, and the sums of what an Entry has."""

    documents: int
    keys: int
    revisions: int
    updated: int


Held = Callable[[Collection[int]], Sums]
"""What an index has, without the documents of these keys. Raises Unreachable."""


class _Seconds(Func):
    """Whole seconds since 1970, as Entry.updated has them."""

    output_field = BigIntegerField()
    template = "CAST(TRUNC(EXTRACT(EPOCH FROM %(expressions)s)) AS bigint)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # strftime() rounds the last half of a millisecond up.
        template = "CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


def complaint(held: Held) -> str:
    """How the index differs from the database, in words; "" where it does not, or nobody can tell for now.

    What is written at this moment is no difference: it counts only between two looks at an unchanged database.
    """
    for _try in range(TRIES):
        before = _stored()
        if before is None:
            return ""
        found = held(before[0])
        if _alike(found, before[1]):
            return ""
        if _stored() == before:
            return _("it has %(held)d documents and the database %(stored)d, or other revisions of them") % {
                "held": found.documents,
                "stored": before[1].documents,
            }
    return ""


def _stored() -> tuple[frozenset[int], Sums] | None:
    """What waits, and the sums of the rest; None where too much waits."""
    waiting = frozenset(PendingChange.objects.values_list("document", flat=True)[: MOST_WAITING + 1])
    if len(waiting) > MOST_WAITING:
        return None
    found = SearchDocument.objects.exclude(pk__in=waiting).aggregate(
        documents=Count("pk"),
        keys=Sum("pk"),
        revisions=Sum("revision"),
        updated=Sum(_Seconds(F("updated_at"))),
    )
    return waiting, Sums(**{name: int(value or 0) for name, value in found.items()})


def _alike(one: Sums, other: Sums) -> bool:
    return all(a == b or min(a, b) >= _EXACT for a, b in zip(one, other, strict=True))
