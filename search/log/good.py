"""Past searches that helped, offered again to others like those who asked them.

Offered is what was asked often enough, has every one of its words in some document, and led somebody to a result;
so nothing gets to others that does not stand in a document, and only to those who may see a document it led to.
The schedule makes the table anew now and then: while somebody types, it is read only.
"""

import unicodedata
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from search.log.masking import MASK
from search.log.models import Channel, GoodSearch, SearchLog, SearchOpening
from search.log.roles import CUSTOMER, STAFF, group_of, names
from search.models import SearchDocument
from search.queries import visible
from search.registry import scopes_for

if TYPE_CHECKING:
    from search.registry import User

OFTEN = 3
"""Visits in which it was asked."""
MOST_KEPT = 1_000
"""Of a group, so that reading the table through takes no time."""
MOST_TEXT = 80
MOST_OPENED = 5
OFFERED = 3
AGE = timedelta(hours=1)
"""How old the table may get."""


def refresh(now: datetime) -> None:
    """Make the table anew where it has aged; an empty one each time: there is little to read then."""
    made_at = GoodSearch.objects.aggregate(latest=Max("made_at"))["latest"]
    if made_at is not None and made_at > now - AGE:
        return
    rows = [row for group in (CUSTOMER, STAFF) for row in _good(group, now)]
    with transaction.atomic():
        GoodSearch.objects.all().delete()
        # Another worker may have been quicker.
        GoodSearch.objects.bulk_create(rows, batch_size=200, ignore_conflicts=True)


def offered(user: "User", prefix: str, limit: int = OFFERED) -> list[str]:
    """Texts that begin like this, were asked by this person's group, and led to what this person may see."""
    typed = " ".join(unicodedata.normalize("NFKC", prefix).casefold().split())
    if len(typed) < 2 or len(typed) > MOST_TEXT or "\0" in typed:
        return []
    rows = GoodSearch.objects.filter(group=group_of(user), normalised__startswith=typed)
    found = list(rows.exclude(normalised=typed).order_by("-times", "normalised")[: 2 * limit])
    if not found:
        return []
    seen = _seen(user, {(source, object_id) for row in found for source, object_id in row.opened})
    return [row.text for row in found if any((source, key) in seen for source, key in row.opened)][:limit]


def _good(group: str, now: datetime) -> list[GoodSearch]:
    asked = SearchLog.objects.filter(role__in=names(group), whole__gt=0)
    # How often a program asks says nothing of what helps people.
    asked = asked.exclude(channel=Channel.API).exclude(text__contains=MASK).filter(filters={})
    opened = Exists(SearchOpening.objects.filter(search=OuterRef("pk")))
    rows = (
        asked.values("normalised")
        .annotate(times=Count("pk"), typed=Min("text"), helped=Count("pk", filter=opened))
        .filter(times__gte=OFTEN, helped__gt=0)
        .order_by("-times", "normalised")[:MOST_KEPT]
    )
    good = {row["normalised"]: row for row in rows if len(row["typed"].strip()) <= MOST_TEXT}
    led: dict[str, list[list[str]]] = {}
    openings = SearchOpening.objects.filter(
        search__normalised__in=list(good), search__role__in=names(group), search__whole__gt=0
    )
    for text, source, object_id, _times in (
        openings.values_list("search__normalised", "source", "object_id")
        .annotate(times=Count("pk"))
        .order_by("-times")
    ):
        if len(led.setdefault(text, [])) < MOST_OPENED:
            led[text].append([source, object_id])
    return [
        GoodSearch(
            group=group,
            normalised=text,
            text=row["typed"].strip(),
            times=row["times"],
            opened=led[text],
            made_at=now,
        )
        for text, row in good.items()
        if text in led
    ]


def _seen(user: "User", keys: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of these documents, those that this person may see as things are now."""
    wanted = reduce(or_, (Q(source=source, object_id=object_id) for source, object_id in keys), Q(pk__in=[]))
    documents = list(SearchDocument.objects.filter(wanted, scope__in=scopes_for(user)))
    shown = visible(user, documents)
    return {(document.source, document.object_id) for document in documents if document.pk in shown}
