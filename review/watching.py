"""Watches: who wants to be told of what happens to a procedure, a code, a product line or a module."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from procedures.models import ErrorCode, Module, ProcedurePage, ProcedureVersion, ProductLine
from procedures.people import staff
from review import rules
from review.covering import covering
from review.models import How, MailPreference, Notice, NoticeKind, Suggestion, Thread, Watch
from review.notifying import SHOWN, notify, post

# A thing that can be watched, by the name of the watch's column.
KINDS: dict[str, type[Any]] = {
    "page": ProcedurePage,
    "error_code": ErrorCode,
    "product_line": ProductLine,
    "module": Module,
}
# Of several watches of one person the one that tells soonest counts, of those the most particular.
_SOONEST = [How.AT_ONCE, How.DAILY, How.INBOX]
_PARTICULAR = ["page", "error_code", "module", "product_line"]


def kind_of(target: Any) -> str:
    return next(kind for kind, model in KINDS.items() if isinstance(target, model))


def watch(*, target: Any, by: Any, at: datetime | None = None) -> Watch:
    """Begin to watch, told as this person usually wants to be; a watch that is there stays as it is.

    Raises PermissionDenied for whoever may not read internal procedures.
    """
    rules.check_watch(user=by)
    new = {"how": MailPreference.of(by).usual, "since": at or timezone.now()}
    found, _created = Watch.objects.get_or_create(person=by, **{kind_of(target): target}, defaults=new)
    return found


def stop(*, target: Any, by: Any) -> None:
    Watch.objects.filter(person=by, **{kind_of(target): target}).delete()


def watch_on(target: Any, person: Any) -> Watch | None:
    return Watch.objects.filter(person=person, **{kind_of(target): target}).first()


def tell_watchers(
    page: ProcedurePage,
    kind: str,
    *,
    at: datetime,
    by: Any = None,
    text: str = "",
    thread: Thread | None = None,
    suggestion: Suggestion | None = None,
    version: ProcedureVersion | None = None,
    besides: Collection[int] = (),
) -> set[int]:
    """Tell whoever watches this procedure or what it belongs to; arguments and result are those of `notify`.

    `version`: what it is about where that is not in force, e.g. any more.
    """
    left_out = {*besides, by.pk} if by is not None else {*besides}
    found = Watch.objects.filter(covering(page, version), person__in=staff()).exclude(person__in=left_out)
    best: dict[int, Watch] = {}
    for row in sorted(found, key=_rank, reverse=True):
        best[row.person_id] = row
    post(
        Notice(
            recipient_id=row.person_id, kind=kind, page=page, text=text, created_at=at,
            thread=thread, suggestion=suggestion, watched=True, watch=row,
        )
        for row in best.values()
    )  # fmt: skip
    return {*besides, *best}


def tell_of_new_version(
    version: ProcedureVersion, *, at: datetime, by: Any = None, besides: Collection[int] = ()
) -> None:
    """Tell whoever proposed what it carries, a notice for each proposal, and whoever watches it."""
    told = {*besides}
    proposals: dict[int, Suggestion] = {}
    for edit in version.released_suggestions.select_related("author").order_by("pk"):
        proposals.setdefault(edit.head_id, edit)
    for edit in proposals.values():
        told |= notify(
            [edit.author], NoticeKind.EFFECTIVE, version.page,
            by=by, at=at, text=edit.reason[:SHOWN], suggestion=edit,
        )  # fmt: skip
    tell_watchers(version.page, NoticeKind.IN_FORCE, at=at, by=by, text=version.change_summary, besides=told)


def tell_of_withdrawal(version: ProcedureVersion) -> None:
    assert version.withdrawn_at is not None  # version_withdrawn_pair
    tell_watchers(
        version.page, NoticeKind.WITHDRAWN, version=version,
        at=version.withdrawn_at, by=version.withdrawn_by, text=version.withdrawn_reason,
    )  # fmt: skip


def _rank(row: Watch) -> tuple[int, int]:
    kind = next(kind for kind in KINDS if getattr(row, f"{kind}_id") is not None)
    return _SOONEST.index(How(row.how)), _PARTICULAR.index(kind)


@transaction.atomic
def change(*, person: Any, wishes: Mapping[int, str]) -> None:
    """How each of this person's watches tells them; "" stops it. One that is gone meanwhile stays gone."""
    mine = Watch.objects.filter(person=person)
    mine.filter(pk__in=[pk for pk, how in wishes.items() if not how]).delete()
    for how in How.values:
        mine.filter(pk__in=[pk for pk, wish in wishes.items() if wish == how]).update(how=how)
