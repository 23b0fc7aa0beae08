"""An address that names one thing in another spelling leads on to the address of that thing."""

from typing import Protocol

from django.http import HttpRequest, HttpResponseRedirect


class Addressed(Protocol):
    def get_absolute_url(self) -> str: ...


def leads_to(request: HttpRequest, thing: Addressed) -> HttpResponseRedirect:
    """To the thing's own address, with the same question."""
    query = request.META.get("QUERY_STRING", "")
    address = thing.get_absolute_url()
    return HttpResponseRedirect(f"{address}?{query}" if query else address)
