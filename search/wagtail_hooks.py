"""What this app adds to the CMS admin: the term list, and the changes that have not reached the search engine."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.snippets.models import register_snippet

from search import feeding, outbox, switching
from search.admin import TermGroupViewSet
from search.models import PendingChange, SearchDocument

SHOWN = 100
PERMISSION = "search.change_pendingchange"


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied(gettext("Only administrators look after the search engine."))


def pending(request: HttpRequest) -> HttpResponse:
    """What was given up, the newest first, and what waits, the oldest first."""
    _check(request)
    changes = PendingChange.objects.all()
    given_up = list(changes.exclude(given_up_at=None).order_by("-given_up_at")[:SHOWN])
    due = list(changes.filter(given_up_at=None).order_by("noted_at")[:SHOWN])
    documents = SearchDocument.objects.defer("text").in_bulk(
        [change.document for change in [*given_up, *due]]
    )
    context = {
        "is_fed": feeding.is_fed(),
        "is_whole": switching.note(),
        "state": outbox.waiting(),
        "given_up": [(change, documents.get(change.document)) for change in given_up],
        "due": [(change, documents.get(change.document)) for change in due],
    }
    return render(request, "search/desk_pending.html", context)


def again(request: HttpRequest) -> HttpResponse:
    """One that was given up, or all of them, is told again by the schedule."""
    _check(request)
    if request.method != "POST":
        return redirect("desk_search")
    wanted = request.POST.get("change", "")
    is_key = wanted.isdecimal() and len(wanted) < 19
    count = outbox.send_again(None if wanted == "all" else int(wanted) if is_key else 0)
    if count:
        said = ngettext(
            "%(count)d change is sent again when the schedule next runs.",
            "%(count)d changes are sent again when the schedule next runs.",
            count,
        )
        messages.success(request, said % {"count": count})
    else:
        messages.info(request, gettext("Nothing to send again: somebody else asked for it already."))
    return redirect("desk_search")


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("search-engine/", pending, name="desk_search"),
        path("search-engine/again/", again, name="desk_search_again"),
    ]


class PendingMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)


@hooks.register("register_reports_menu_item")
def menu() -> MenuItem:
    return PendingMenuItem(_("Search engine"), reverse("desk_search"), icon_name="search", order=910)


register_snippet(TermGroupViewSet)
