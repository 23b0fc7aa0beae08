"""Who may open these pages at all, and in which shape."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from procedures.access import may_read_internal


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sign-in first; to a customer these pages do not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read_internal(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)


def page_or_fragment(request: HttpRequest, page: str, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """The form alone where htmx asked for it, else its page."""
    return render(request, fragment if request.htmx else page, context)  # type: ignore[attr-defined]  # django-htmx
