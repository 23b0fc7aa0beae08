"""Who searches, for the log of the search: one word by what the person may do, and never who."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from search.log import roles

_BY_RIGHT = {
    "admin": "accounts.change_user",
    "docs": "procedures.accept_overlap",
    "owner": "review.decide_suggestion",
    "field": "procedures.view_internal",
}


def role_of(user: Any) -> str:
    if not user.is_authenticated:
        return "customer"
    return next((name for name, right in _BY_RIGHT.items() if user.has_perm(right)), "customer")


def register() -> None:
    roles.register(
        [
            roles.Role("customer", _("Customer or not signed in"), roles.CUSTOMER),
            roles.Role("field", _("Field engineer"), roles.STAFF),
            roles.Role("owner", _("Procedure owner"), roles.STAFF),
            roles.Role("docs", _("Documentation staff"), roles.STAFF),
            roles.Role("admin", _("Administrator"), roles.STAFF),
        ],
        role_of,
    )
