"""What the schedule does about the log: what is older than it may be goes, and good searches are told anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import ngettext

from search.log import good
from search.log.models import GoodSearch, SearchLog, SearchOpening

_AT_ONCE = 500
"""Rows deleted in one statement, so that nobody who writes waits for long."""


def tidy(now: datetime) -> Iterator[str]:
    """Yields a line where something was deleted."""
    if gone := forget(now):
        yield ngettext("%d search forgotten", "%d searches forgotten", gone) % gone
    if settings.REDLINE_SEARCH_LOG_DAYS:
        good.refresh(now)
    else:
        GoodSearch.objects.all().delete()


def forget(now: datetime) -> int:
    """Delete what is older than REDLINE_SEARCH_LOG_DAYS, everything where that is 0; returns how many searches."""
    old = SearchLog.objects.order_by("asked_at")
    if settings.REDLINE_SEARCH_LOG_DAYS:
        old = old.filter(asked_at__lt=now - timedelta(days=settings.REDLINE_SEARCH_LOG_DAYS))
    gone = 0
    while keys := list(old.values_list("pk", flat=True)[:_AT_ONCE]):
        SearchOpening.objects.filter(search__in=keys).delete()
        SearchLog.objects.filter(pk__in=keys).delete()
        gone += len(keys)
    return gone
