"""Past searches that helped, offered again to others like those who asked them.

Offered is what was asked often enough and led somebody to a document in which every one of its words stands
(search.log.offering); so nothing gets to others that does not stand there, and only to those who may see it.
The schedule makes the table anew now and then: while somebody types, it is read only.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from search.log.masking import MASK
from search.log.models import Channel, GoodSearch, SearchLog, SearchOpening
from search.log.offering import MOST_TEXT, is_of_words, stands_in, terms_of
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
MOST_OPENED = 5
_AT_ONCE = 50
"""Documents read in one query."""
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
    found = [row for row in found if is_of_words(row.text)]  # the table may be of a release with other rules
    if not found:
        return []
    seen = _seen(user, {(source, object_id) for row in found for source, object_id in row.opened})
    return [row.text for row in found if any((source, key) in seen for source, key in row.opened)][:limit]


def _good(group: str, now: datetime) -> list[GoodSearch]:
    asked = SearchLog.objects.filter(role__in=names(group), whole__gt=0)
    # How often a program asks says nothing of what helps people.
    asked = asked.exclude(channel=Channel.API).exclude(text__contains=MASK).filter(filters={})
    opened = Exists(SearchOpening.objects.filter(search=OuterRef("pk")))
    rows = list(
        asked.values("normalised")
        .annotate(times=Count("pk"), typed=Min("text"), helped=Count("pk", filter=opened))
        .filter(times__gte=OFTEN, helped__gt=0)
        .order_by("-times", "normalised")[:MOST_KEPT]
    )
    # Of several writings of one search the least comes: it may be adorned with what does not count.
    shown = {row["normalised"]: row["typed"].strip() for row in rows}
    shown = {text: typed if is_of_words(typed) else text for text, typed in shown.items()}
    led = _led(group, [text for text, typed in shown.items() if is_of_words(typed)])
    return [
        GoodSearch(
            group=group,
            normalised=text,
            text=shown[text],
            times=row["times"],
            opened=led[text],
            made_at=now,
        )
        for row in rows
        if (text := row["normalised"]) in led
    ]


def _led(group: str, texts: list[str]) -> dict[str, list[list[str]]]:
    """{text: [source, object id] of the documents it led to most often and that have each of its words}"""
    found: dict[str, list[tuple[str, str]]] = {}
    openings = SearchOpening.objects.filter(
        search__normalised__in=texts, search__role__in=names(group), search__whole__gt=0
    )
    for text, source, object_id, _times in (
        openings.values_list("search__normalised", "source", "object_id")
        .annotate(times=Count("pk"))
        .order_by("-times", "source", "object_id")
    ):
        if len(found.setdefault(text, [])) < MOST_OPENED:
            found[text].append((source, object_id))
    keys = sorted({key for several in found.values() for key in several})
    saying: dict[tuple[str, str], set[str]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        for document in _documents(keys[start : start + _AT_ONCE]):
            key, terms = (document.source, document.object_id), terms_of(document)
            saying[key] = {
                text for text, several in found.items() if key in several and stands_in(text, terms)
            }
    led = {
        text: [list(key) for key in several if text in saying.get(key, ())] for text, several in found.items()
    }
    return {text: several for text, several in led.items() if several}


def _documents(keys: Iterable[tuple[str, str]]) -> "QuerySet[SearchDocument]":
    wanted = reduce(or_, (Q(source=source, object_id=object_id) for source, object_id in keys), Q(pk__in=[]))
    return SearchDocument.objects.filter(wanted)


def _seen(user: "User", keys: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of these documents, those that this person may see as things are now."""
    documents = list(_documents(keys).filter(scope__in=scopes_for(user)))
    shown = visible(user, documents)
    return {(document.source, document.object_id) for document in documents if document.pk in shown}
