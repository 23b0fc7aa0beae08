"""What is on its way to a version: a higher app registers it in its AppConfig.ready()."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

# () -> rows with the columns `page`, `revision` and `content` (procedures.content) of what may yet be released
UnderWay = Callable[[], QuerySet[Any]]
_sources: list[UnderWay] = []


def register(source: UnderWay) -> None:
    if source not in _sources:
        _sources.append(source)


def under_way() -> Iterator[QuerySet[Any]]:
    return (source() for source in _sources)
