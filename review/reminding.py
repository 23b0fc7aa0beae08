"""What the clock says of duties: a review is due or overdue, a version is still to be read. Each once."""

from collections.abc import Iterable, Iterator, Set
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from procedures.models import ProcedureVersion
from review import upkeep
from review.eligibility import acting_owners, documentation_staff
from review.models import Acknowledgement, Notice, NoticeKind
from review.notifying import post_once

READ_BEFORE = timedelta(days=1)


def remind(now: datetime) -> Iterator[str]:
    """Tell the owners what is due for review within 30 days and what is overdue, and the readers of what is due
    tomorrow and what is overdue; yields a line for each. A day that moves is told anew."""
    today = timezone.localdate(now)
    soon = upkeep.due_by(today + upkeep.REMIND_BEFORE)
    acting = set(acting_owners().values_list("pk", flat=True))
    for late in (False, True):
        kind = NoticeKind.REVIEW_LATE if late else NoticeKind.REVIEW_DUE
        for version in _untold(_on_time_or_late(soon, "review_due_on", late, today), kind):
            if _tell(_responsible(version, acting), kind, version, version.review_due_on, now):
                yield f"{version}: review {'overdue' if late else 'due'} {version.review_due_on}"
    tasks = Acknowledgement.objects.open().filter(due_on__lte=today + READ_BEFORE, person__is_active=True)
    tasks = tasks.select_related("person", "version__page").defer("version__content", "version__html")
    for late in (False, True):
        kind = NoticeKind.READ_LATE if late else NoticeKind.READ_DUE
        told = Notice.objects.filter(
            version=OuterRef("version"), kind=kind, due_on=OuterRef("due_on"), recipient=OuterRef("person")
        )
        for task in _on_time_or_late(tasks, "due_on", late, today).filter(~Exists(told)):
            if _tell([task.person], kind, task.version, task.due_on, now):
                yield f"{task.version}: {task.person.get_username()} reminded"


def _on_time_or_late(found: QuerySet[Any], column: str, late: bool, today: date) -> QuerySet[Any]:
    return found.filter(**{f"{column}__lt" if late else f"{column}__gte": today})


def _untold(versions: QuerySet[Any], kind: str) -> list[Any]:
    told = Notice.objects.filter(version=OuterRef("pk"), kind=kind, due_on=OuterRef("review_due_on"))
    return list(versions.filter(~Exists(told)))


def _responsible(version: ProcedureVersion, acting: Set[int]) -> Iterable[Any]:
    """The owner; documentation staff where there is none who could act."""
    owner = version.page.procedure_owner
    return [owner] if owner is not None and owner.pk in acting else documentation_staff()


def _tell(people: Iterable[Any], kind: str, version: ProcedureVersion, due_on: date, now: datetime) -> bool:
    """Whether anybody was told; another worker may have been first, which the database decides."""
    notices = [
        Notice(recipient=person, kind=kind, page=version.page, version=version, due_on=due_on, created_at=now)
        for person in people
    ]
    return post_once(notices, now, version=version, kind=kind, due_on=due_on)
