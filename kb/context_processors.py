"""What every page of the site knows: where it is, and how much waits for the person who reads it."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from kb import typed
from review import waiting

MAX_NEXT = 4_000
"""Bytes that a link to the sign-in carries to lead back here: many servers take 8,000 of a whole address."""

# The view's name, and the part of the navigation that it belongs to.
_SECTIONS = {
    "procedures:equipment": "equipment",
    "procedures:product_line": "equipment",
    "procedures:model": "equipment",
    "procedures:machine": "equipment",
    "procedures:error_code": "equipment",
    "procedures:lint": "equipment",
    "procedures:accept_overlap": "equipment",
    "procedures:faq": "faq",
    "procedures:faq_entry": "faq",
}


def has_inbox(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.has_perm("review.add_suggestion"))


def _sign_in_address(here: str) -> str:
    """The sign-in, and back from there; without the way back where a long text in it makes it too long for an address."""
    address, back = reverse("accounts:login"), quote(here, safe="")
    return f"{address}?next={back}" if 0 < len(back) <= MAX_NEXT else address


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    match = request.resolver_match
    view_name = match.view_name if match else ""
    section = _SECTIONS.get(view_name, view_name.partition(":")[0])
    here = request.get_full_path()
    return {
        "brand": "Redline",
        "section": section,
        "here": here,
        "sign_in_address": _sign_in_address("" if section == "accounts" else here),
        "carried": typed.carried(request) if match and view_name != "accounts:language" else "",
        "waiting": SimpleLazyObject(lambda: waiting.on_page(request)) if has_inbox(user) else None,
    }
