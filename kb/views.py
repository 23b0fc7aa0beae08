"""The home page, the site's own files, and what is answered when something is missing or refused."""

from dataclasses import dataclass
from mimetypes import guess_type
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.db.models import Count, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from wagtail.documents import get_document_model

from kb import typed
from kb.context_processors import has_inbox
from kb.tickets.models import TicketStatus
from procedures.access import may_read_internal
from procedures.models import FaqCategory, Machine, ProcedureVersion
from procedures.queries import faq_categories, for_lists
from review.waiting import Waiting, on_page

RECENT = 8


@dataclass(frozen=True)
class HomePage:
    machines: list[Machine]
    sees_machines: bool
    sees_tickets: bool
    waits: Waiting | None
    recent: list[ProcedureVersion]
    categories: list[FaqCategory]


def home(request: HttpRequest) -> HttpResponse:
    """The search box, then what this person works with and what waits for this person."""
    user: Any = request.user
    sees_tickets = user.is_authenticated and user.has_perm("tickets.view_ticket")
    machines: list[Machine] = []
    if user.is_authenticated:
        mine = user.machines.select_related("model", "release")
        if sees_tickets:
            mine = mine.annotate(
                open_tickets=Count("tickets", filter=~Q(tickets__status=TicketStatus.RESOLVED))
            )
        machines = list(mine)
    recent = for_lists(ProcedureVersion.objects.visible_to(user).effective())
    page = HomePage(
        machines=machines,
        sees_machines=may_read_internal(user),
        sees_tickets=sees_tickets,
        waits=on_page(request) if has_inbox(user) else None,
        recent=list(recent.order_by("-effective_from", "-pk")[:RECENT]),
        categories=faq_categories(user),
    )
    return render(request, "kb/home.html", vars(page))


# ---------- files of the site ----------


def robots(request: HttpRequest) -> HttpResponse:
    """Only what everybody may read is worth a crawler's time."""
    closed = (
        "/admin/", "/accounts/", "/api/", "/copies/", "/media/", "/procedures/*/pdf/", "/review/", "/search/",
        "/tickets/",
    )  # fmt: skip
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("favicon.svg"))


@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "name": "Redline",
            "short_name": "Redline",
            "description": _("Controlled procedures and error-code guides that the field can correct."),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f4f3ef",
            "theme_color": "#ffffff",
            "icons": [{"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml"}],
        },
        content_type="application/manifest+json",
    )


# What an editor's browser may show in place; anything else is a download.
_SHOWN = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})


def media(request: HttpRequest, name: str) -> FileResponse:
    """An uploaded file, for those who edit. Readers get a version's images from the version's own address."""
    if not request.user.has_perm("wagtailadmin.access_admin"):
        raise Http404
    try:
        stored = default_storage.open(name)
    except (OSError, SuspiciousFileOperation, ValueError) as error:
        raise Http404 from error
    content_type, _encoding = guess_type(name)
    if content_type in _SHOWN:
        response = FileResponse(stored, content_type=content_type)
    else:
        response = FileResponse(stored, as_attachment=True, content_type="application/octet-stream")
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def document(request: HttpRequest, pk: int, filename: str) -> FileResponse:
    """A file of Wagtail's documents, by the address that the editing desk knows it by."""
    found = get_object_or_404(get_document_model(), pk=pk)
    return media(request, found.file.name)


# ---------- missing, refused, broken ----------


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return typed.answer(request, "404.html", 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """With the rule's own sentence, where a rule refused; Django's and Wagtail's own doors give none."""
    return typed.answer(request, "403.html", 403, reason=str(exception))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Some requests are refused before anybody is known: this page asks for neither person nor database."""
    return HttpResponse(render_to_string("400.html"), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("500.html"), status=500)
