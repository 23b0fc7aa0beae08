"""What people search for: for those who look after the documentation, as a page and as CSV."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from procedures.admin.csv_reading import write_rows
from procedures.admin.csv_views import csv_response
from procedures.models import ProcedureIndexPage
from review.views.access import staff_only
from search.log.models import Channel
from search.log.reports import EVERY, EXPORTED, SHOWN, Kind, Report, Scope, report
from search.log.roles import roles

COLUMNS = ("text", "times_asked", "most_found", "times_opened", "last_asked")
PERIODS = (7, 30, 90)
SINGLE = "search.view_single_searches"


@staff_only
@require_safe
def searches(request: HttpRequest) -> HttpResponse:
    kind, scope, found = _asked(request, SHOWN)
    choice = request.GET.copy()
    choice.pop("report", None)
    context: dict[str, Any] = {
        "report": found,
        "scope": scope,
        "kind": kind,
        "kinds": [
            (each, label, f"?{'&'.join(filter(None, [f'report={each}', choice.urlencode()]))}")
            for each, label in _labels().items()
        ],
        "title": _labels()[kind],
        "periods": PERIODS,
        "languages": settings.LANGUAGES,
        "roles": roles(),
        "channels": _channels(),
        "query": request.GET.urlencode(),
        "kept": settings.REDLINE_SEARCH_LOG_DAYS,
        "write": _where_to_write(request.user) if kind == Kind.NOTHING else "",
    }
    return render(request, "review/searches.html", context)


@staff_only
@require_safe
def searches_csv(request: HttpRequest) -> HttpResponse:
    """The report of the page, further down."""
    kind, _scope, found = _asked(request, EXPORTED)
    rows = [
        [row.text, str(row.times), str(row.found), str(row.opened), row.latest.strftime("%Y-%m-%dT%H:%M:%SZ")]
        for row in found.rows
    ]
    return csv_response(write_rows(COLUMNS, rows), f"searches-{kind}")


def _asked(request: HttpRequest, limit: int) -> tuple[Kind, Scope, Report]:
    """Raises PermissionDenied for a missing right, Http404 for a report or a choice that there is not."""
    if not request.user.has_perm("search.view_search_reports"):
        raise PermissionDenied(_("Your role does not include reading what people search for."))
    given = request.GET
    days, language, role, channel = (given.get(name, "") for name in ("days", "language", "role", "channel"))
    if (
        given.get("report", Kind.ASKED) not in list(Kind)
        or days not in ("", *map(str, PERIODS))
        or language not in ("", *dict(settings.LANGUAGES))
        or role not in ("", *(each.name for each in roles()))
        or channel not in _channels()
    ):
        raise Http404
    kind, scope = Kind(given.get("report", Kind.ASKED)), Scope(int(days or 0), language, role, channel)
    may_read_single = request.user.has_perm(SINGLE)
    return kind, scope, report(kind, scope, now=timezone.now(), may_read_single=may_read_single, limit=limit)


def _labels() -> Mapping[Kind, str]:
    return {
        Kind.ASKED: _("Asked most"),
        Kind.NOTHING: _("Nothing found"),
        Kind.UNOPENED: _("Nothing opened"),
    }


def _channels() -> Mapping[str, str]:
    return {
        "": _("People: the search page and tickets"),
        Channel.PAGE.value: _("The search page only"),
        Channel.TICKET.value: _("Tickets only"),
        Channel.API.value: _("Programs (API)"),
        EVERY: _("People and programs"),
    }


def _where_to_write(user: Any) -> str:
    """Where this person begins a new procedure; "" for whoever may not."""
    folder = ProcedureIndexPage.objects.first()
    may = user.has_perm("wagtailadmin.access_admin") and folder is not None
    if not may or not folder.permissions_for_user(user).can_add_subpage():
        return ""
    return reverse("wagtailadmin_pages:add", args=["procedures", "procedurepage", folder.pk])
