"""When each procedure is due for review again, and how old what is in force has become.

Nothing of it is stored: the day follows from the version in force, its confirmations and the interval on the
procedure's page, so it cannot drift from them. One statement asks for any number of procedures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import DateField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, TruncDate

from procedures.models import ProcedurePage, ProcedureVersion, ProductLine
from review.eligibility import acting_owners
from review.models import Confirmation

REMIND_BEFORE = timedelta(days=30)


class AddMonths(Func):
    """The date so many months after another: on the same day of the month, or on the last where it has none."""

    arity = 2
    output_field = DateField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        (day, of_day), (months, of_months) = map(compiler.compile, self.source_expressions)
        # SQLite counts 31 January and one month as 3 March: not later than the end of February.
        sql = (
            f"MIN(DATE({day}, ({months}) || ' months'),"
            f" DATE({day}, 'start of month', (({months}) + 1) || ' months', '-1 day'))"
        )
        return sql, (*of_day, *of_months, *of_day, *of_months)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        (day, of_day), (months, of_months) = map(compiler.compile, self.source_expressions)
        return f"({day} + make_interval(months => ({months})::int))::date", (*of_day, *of_months)


def with_review_due(versions: QuerySet[ProcedureVersion]) -> QuerySet[Any]:
    """With `reviewed_at`, when each was last confirmed or else went into force, and `review_due_on`, a date."""
    last = Confirmation.objects.filter(version=OuterRef("pk")).order_by("-confirmed_at")
    return versions.annotate(
        reviewed_at=Coalesce(Subquery(last.values("confirmed_at")[:1]), "effective_from"),
        review_due_on=AddMonths(
            TruncDate("reviewed_at"), Coalesce("page__review_months", Value(settings.REDLINE_REVIEW_MONTHS))
        ),
    )


def review_due_on(version: ProcedureVersion) -> date | None:
    """When it is due for review again; None where it is not in force."""
    if not version.is_effective:
        return None
    found = with_review_due(ProcedureVersion.objects.filter(pk=version.pk).order_by())
    due_on: date = found.values_list("review_due_on", flat=True).get()
    return due_on


def in_force() -> QuerySet[Any]:
    """The versions in force as with_review_due has them, without their frozen texts."""
    versions = ProcedureVersion.objects.effective().defer("content", "html", "search_text")
    return with_review_due(versions)


def due_by(day: date) -> QuerySet[Any]:
    """What is due for review on this day or before, the longest due first."""
    return (
        in_force()
        .filter(review_due_on__lte=day)
        .select_related("page__procedure_owner", "product_line")
        .defer("page__steps")
        .order_by("review_due_on", "number")
    )


def mine(user: Any) -> Q:
    """The procedures that this person is asked to review: their own, and for documentation staff also those
    without an owner who can still act."""
    asked = Q(procedure_owner=user)
    if user.has_perm("review.decide_any_suggestion"):
        asked |= Q(procedure_owner__isnull=True) | ~Q(procedure_owner__in=acting_owners().values("pk"))
    # By their keys: the few pages are found before the day is computed, not after it was for all.
    return Q(page__in=ProcedurePage.objects.filter(asked).values("pk"))


def due_for(user: Any, today: date) -> QuerySet[Any]:
    """What this person is asked to review within the next 30 days, or should have."""
    if not user.has_perm("review.decide_suggestion"):
        return ProcedureVersion.objects.none()
    return due_by(today + REMIND_BEFORE).filter(mine(user))


@dataclass(slots=True)
class Ages:
    """The procedures of one owner or product line: days since each was last reviewed, how many are overdue."""

    name: str
    days: list[int]
    overdue: int = 0
    share: int = 0  # of the greatest median, in percent

    @property
    def count(self) -> int:
        return len(self.days)

    @property
    def median(self) -> int:
        return round(median(self.days))

    @property
    def late(self) -> int:
        """How much of the bar, in the same percents, stands for the overdue ones."""
        return round(self.share * self.overdue / self.count)


def ages(today: date) -> tuple[list[Ages], list[Ages]]:
    """What is in force by owner and by product line, in the order of their names; "" is for those without."""
    rows = list(
        in_force()
        .annotate(reviewed_on=TruncDate("reviewed_at"), owner=F("page__procedure_owner"))
        .order_by()
        .values_list("owner", "product_line", "reviewed_on", "review_due_on")
    )
    people = get_user_model()._default_manager.in_bulk({row[0] for row in rows})
    lines = ProductLine.objects.in_bulk({row[1] for row in rows})
    by_owner = (
        (person.display_name if (person := people.get(owner)) else "", on, due)
        for owner, _line, on, due in rows
    )
    by_line = (
        (line.local_name if (line := lines.get(line_pk)) else "", on, due)
        for _owner, line_pk, on, due in rows
    )
    return _grouped(by_owner, today), _grouped(by_line, today)


def _grouped(rows: Iterable[tuple[str, date, date]], today: date) -> list[Ages]:
    found: dict[str, Ages] = {}
    for name, reviewed_on, due_on in rows:
        group = found.setdefault(name, Ages(name, []))
        group.days.append((today - reviewed_on).days)
        group.overdue += due_on < today
    greatest = max((group.median for group in found.values()), default=0)
    for group in found.values():
        group.share = max(0, round(100 * group.median / greatest)) if greatest > 0 else 0
    return sorted(found.values(), key=lambda group: (not group.name, group.name))
