"""Where a procedure is on hold, its reader is stopped: why, since when, and what to do instead; no steps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from procedures.access import may_read_internal
from procedures.extensions import Stop
from procedures.models import ProcedureVersion

READ_ON = ("on-hold", "read")
"""What the address of a page says where somebody who answers for the procedure reads on all the same."""


def stop_page(
    request: HttpRequest, version: ProcedureVersion, stop: Stop | None, *, status: int = 200
) -> HttpResponse | None:
    """The page that stops this reader; None where nothing does, or where they may read on and said so."""
    name, value = READ_ON
    if stop is None or (stop.may_read_on and request.GET.get(name) == value):
        return None
    query = request.GET.copy()
    query[name] = value
    context = {
        "version": version,
        "stop": stop,
        "read_on": f"{request.path}?{query.urlencode()}",
        "internal": may_read_internal(request.user),
    }
    response = render(request, "procedures/on_hold.html", context, status=status)
    add_never_cache_headers(response)  # the same address shows the text again once the hold is lifted
    return response
