"""Read and understood: what changed for one person, their own act to say so, and the report of who has."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.admin.csv_reading import write_rows
from procedures.admin.csv_views import csv_response
from procedures.compare import compare
from procedures.extensions import stop_of
from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from procedures.views.stop import stop_page
from procedures.views.version import build_article
from review import duties, readers, rules
from review.models import Acknowledgement
from review.views.access import staff_only

VERSIONS_A_PAGE = 20


@staff_only
def read(request: HttpRequest, number: str) -> HttpResponse:
    """What changed since this person last acknowledged; all of it where they never did. Opening says nothing."""
    task = readers.last_task(request.user, number)
    if task is None:
        raise Http404
    if request.method == "POST":
        return _acknowledge(request, task)
    stopped = stop_page(request, task.version, stop_of(request.user, task.version))
    if stopped is not None:
        return stopped
    since = readers.last_read(task)
    context: dict[str, Any] = {
        "task": task,
        "version": task.version,
        "since": since,
        "refusal": rules.why_not(rules.check_acknowledge, user=request.user, task=task),
        "today": timezone.localdate(),
        "newer": ProcedureVersion.objects.effective()
        .filter(page=task.version.page_id)
        .exclude(pk=task.version_id)
        .first(),
    }
    if since is not None:
        context |= {
            "comparison": compare(since.content, task.version.content),
            "changes": readers.changes_between(since, task.version),
        }
    else:
        context["article"] = build_article(task.version)
    return render(request, "review/read.html", context)


def _acknowledge(request: HttpRequest, task: Acknowledgement) -> HttpResponse:
    """The button names the version that was shown: what was asked since is not acknowledged with it."""
    if request.POST.get("version") != str(task.version_id):
        messages.error(request, _("What you have to read has changed. Look again below."))
        return redirect("review:read", task.version.number)
    try:
        duties.acknowledge(task=task, by=request.user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
        return redirect("review:read", task.version.number)
    messages.success(request, _("Recorded: you have read and understood it."))
    return redirect("review:inbox")


@staff_only
def readers_report(request: HttpRequest) -> HttpResponse:
    """Who has read what, by version and team: an owner sees their own procedures, documentation staff all."""
    rules.check_report(user=request.user)
    today = timezone.localdate()
    versions = readers.versions_asked(request.user)
    page_obj = Paginator(versions, VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page_obj)
    teams = readers.by_team(readers.tasks_for_report(shown), today)
    rows = [(version, teams.get(version.pk, [])) for version in shown]
    return render(request, "review/readers.html", {"rows": rows, "page_obj": page_obj, "today": today})


@staff_only
def readers_csv(request: HttpRequest) -> HttpResponse:
    """The whole report, a row for each person and version."""
    rules.check_report(user=request.user)
    user: Any = request.user
    today = timezone.localdate()
    names = [
        "number",
        "version",
        "title",
        "person",
        "account",
        "teams",
        "asked",
        "due",
        "acknowledged",
        "state",
    ]
    rows = [
        [
            task.version.number,
            task.version.label,
            task.version.title,
            str(task.person),
            task.person.get_username(),
            "; ".join(readers.teams_of(task.person)),
            _day(task.asked_at),
            task.due_on.isoformat(),
            _day(task.acknowledged_at),
            readers.state_of(task, today),
        ]
        for task in readers.tasks_for_report(readers.versions_asked(user))
    ]
    return csv_response(write_rows(names, rows), "read-and-understood")


def _day(moment: Any) -> str:
    return timezone.localdate(moment).isoformat() if moment else ""
