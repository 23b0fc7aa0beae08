"""Addresses that only take a form, and the page that somebody who merely opens one belongs to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

View = Callable[..., HttpResponse]


def post_only(page: str, *parameters: str) -> Callable[[View], View]:
    """Take POST; lead GET to the named page, with those parameters of this address that it has as well.

    People come by GET after signing in (`next=`), or from the address bar after a form was refused.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return redirect(page, **{name: kwargs[name] for name in parameters})
            if request.method != "POST":
                return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
            return view(request, *args, **kwargs)

        return guarded

    return decorate
