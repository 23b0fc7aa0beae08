"""Who may open these pages at all, and in which shape."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from procedures.access import may_read_internal
from procedures.audit.records import page_numbered
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review.models import Suggestion


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sign-in first; to a customer these pages do not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read_internal(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)


def page_of(number: str) -> ProcedurePage:
    """The procedure that goes by this number, or did in a version. Raises Http404."""
    page = ProcedurePage.objects.select_related("procedure_owner").filter(number__iexact=number).first()
    page = page or page_numbered(number)
    if page is None:
        raise Http404
    return page


def leads_on(request: HttpRequest, name: str, number: str, present: str) -> HttpResponse | None:
    """To the same page under the number that the procedure goes by now; a form that was sent is taken where it is."""
    return redirect(name, present) if request.method in ("GET", "HEAD") and number != present else None


def head_of(pk: int) -> Suggestion:
    """The first of what was sent together with this proposed edit. Raises Http404."""
    found = get_object_or_404(
        Suggestion.objects.select_related("version__page", "sent_with__version__page", "author"), pk=pk
    )
    return found.sent_with or found


def do_and_say(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Do it; the next page says that it is done, or why it is not."""
    try:
        act()
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, done)


def page_or_fragment(request: HttpRequest, page: str, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """The form alone where htmx asked for it, else its page."""
    return render(request, fragment if request.htmx else page, context)  # type: ignore[attr-defined]  # django-htmx
