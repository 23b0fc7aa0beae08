"""When a record of the catalogue last changed: what the search sorts by and counts, so it must be a fact."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils import timezone

from search.models import SearchDocument


class LastChanges:
    """Of these records of a model with a history, or of all: by one query for them all.

    Of one without any history, what the search said before; else now, when it is seen for the first time.
    """

    def __init__(self, source: str, model: Any, ids: Collection[Any] | None) -> None:
        self._source = source
        self._stored: dict[str, datetime] | None = None
        self._now = timezone.now()
        history = model.history.all() if ids is None else model.history.filter(id__in=ids)
        self._by_history: dict[int, datetime] = dict(
            history.order_by().values_list("id").annotate(Max("history_date"))
        )

    def of(self, pk: int) -> datetime:
        """The date of that record."""
        return self._by_history.get(pk) or self._as_stored().get(str(pk), self._now)

    def _as_stored(self) -> dict[str, datetime]:
        if self._stored is None:
            stored = SearchDocument.objects.filter(source=self._source)
            self._stored = dict(stored.values_list("object_id", "updated_at"))
        return self._stored
