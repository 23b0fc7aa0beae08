"""The figures of the loop: for those who look after procedures, as a page and as CSV."""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.admin.csv_reading import write_rows
from procedures.admin.csv_views import csv_response
from review import rules
from review.figures import NOBODY, Figures, Report, Scope, report
from review.views.access import staff_only

COLUMNS = (
    "by", "name", "proposals", "comments", "edits_decided", "share_accepted_percent", "median_days_to_answer",
    "median_days_to_decision", "median_days_to_effective", "open", "overdue",
)  # fmt: skip


@staff_only
def figures(request: HttpRequest) -> HttpResponse:
    scope, found = _asked(request)
    context: dict[str, Any] = {
        "report": found,
        "scope": scope,
        "nobody": NOBODY,
        "tables": [
            ("all", _("All together"), _("Marks"), _("All"), [found.total]),
            ("line", _("By product line"), _("Product line"), _("No product line"), found.by_line),
            ("owner", _("By owner of the procedures"), _("Owner"), _("No owner"), found.by_owner),
        ],
        "bars": _bars(found),
        "query": request.GET.urlencode(),
    }
    return render(request, "review/figures.html", context)


@staff_only
def figures_csv(request: HttpRequest) -> HttpResponse:
    """All tables of the page in one."""
    _scope, found = _asked(request)
    rows = [
        _row(by, group)
        for by, groups in (
            ("all", [found.total]), ("month", found.months), ("product line", found.by_line), ("owner", found.by_owner),
        )
        for group in groups
    ]  # fmt: skip
    return csv_response(write_rows(COLUMNS, rows), "figures-of-the-loop")


def _asked(request: HttpRequest) -> tuple[Scope, Report]:
    """Raises Http404 for a product line or an owner that there is not."""
    rules.check_report(user=request.user)
    scope = Scope(request.GET.get("line", ""), request.GET.get("owner", ""))
    found = report(scope, timezone.now())
    if scope.line not in ("", NOBODY, *found.lines) or scope.owner not in ("", NOBODY, *found.owners):
        raise Http404
    return scope, found


def _bars(found: Report) -> Iterator[tuple[Figures, float, float]]:
    """Each month with the lengths of its two bars, in percent of the month with the most marks."""
    most = found.most_in_a_month or 1
    return ((month, 100 * month.proposals / most, 100 * month.comments / most) for month in found.months)


def _row(by: str, group: Figures) -> list[str]:
    few = _("too few")
    return [
        by,
        group.name,
        *(str(count) for count in (group.proposals, group.comments, group.edits_decided)),
        *(few if value is None else str(value) for value in (group.share_accepted, *group.medians)),
        str(group.open),
        str(group.overdue),
    ]
