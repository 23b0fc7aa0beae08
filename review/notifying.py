"""Telling people what happened: one notice each, and none to whoever did it; review.mailing carries it on."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from procedures.models import ProcedurePage
from review.mailing.routing import route
from review.models import Notice, Suggestion, Thread

SHOWN = 500  # characters of what somebody wrote in a notice


def notify(
    people: Iterable[Any],
    kind: str,
    page: ProcedurePage,
    *,
    at: datetime,
    by: Any = None,
    text: str = "",
    thread: Thread | None = None,
    suggestion: Suggestion | None = None,
    besides: Collection[int] = (),
) -> set[int]:
    """Tell these people, except `by`, who did it, and `besides`, who are told of the same event otherwise.

    `text`: what `by` wrote to it. `thread`, `suggestion`: where the notice leads. Returns whom it told (keys),
    `besides` among them: what the next call about the same event leaves out.
    """
    left_out = {*besides, by.pk} if by is not None else {*besides}
    told = {person.pk: person for person in people if person.pk not in left_out}
    post(
        Notice(
            recipient=person, kind=kind, page=page, text=text, created_at=at, thread=thread, suggestion=suggestion
        )
        for person in told.values()
    )  # fmt: skip
    return {*besides, *told}


@transaction.atomic
def post(notices: Iterable[Notice]) -> None:
    """Into the inboxes, and into the mails of those who want them."""
    route(Notice.objects.bulk_create(notices))


@transaction.atomic
def post_once(notices: Sequence[Notice], at: datetime, **about: Any) -> bool:
    """Post reminders that the database lets nobody get twice; whether anybody was told.

    `about` tells these reminders from all others. Another worker may have been first: its stay, ours do not count.
    """
    before = Notice.objects.filter(**about)
    count = before.count()
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    route(list(before.filter(created_at=at, mail__isnull=True).select_related("watch")))
    return before.count() > count


def dismiss(kinds: Collection[str], at: datetime, **about: Any) -> None:
    """Mark as read what told of something that is done: `about` names the mark that it was on."""
    Notice.objects.unread().filter(kind__in=kinds, **about).update(read_at=at)
