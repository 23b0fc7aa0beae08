"""The roles: groups and what each may do. Migrations of kb.accounts and `make demo` apply them."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

FIELD_ENGINEER = "Field engineer"
PROCEDURE_OWNER = "Procedure owner"
DOCUMENTATION_STAFF = "Documentation staff"
ADMINISTRATOR = "Administrator"

# The groups' names as people read them.
ROLE_LABELS = {
    FIELD_ENGINEER: _("Field engineer"),
    PROCEDURE_OWNER: _("Procedure owner"),
    DOCUMENTATION_STAFF: _("Documentation staff"),
    ADMINISTRATOR: _("Administrator"),
}

_FIELD = [
    "procedures.view_internal",
    "review.add_thread",
    "review.add_comment",
    "review.add_suggestion",
    "tickets.view_ticket",
    "tickets.add_ticket",
    "tickets.change_ticket",
]
_OWNER = [*_FIELD, "review.decide_suggestion", "review.submit_release", "wagtailadmin.access_admin"]
_CATALOGUE = [
    "productline",
    "machinemodel",
    "module",
    "softwarerelease",
    "machine",
    "errorcode",
    "faqcategory",
]
_STAFF = [
    *_OWNER,
    "review.decide_any_suggestion",
    "review.withdraw_version",
    *(
        f"review.{verb}_{model}"
        for model in ("reviewplan", "delegation", "readingrule", "servicelevel")
        for verb in ("view", "add", "change", "delete")
    ),
    *(
        f"wagtailcore.{verb}_{model}"
        for model in ("workflow", "task")
        for verb in ("add", "change", "delete")
    ),
    "procedures.accept_overlap",
    *(f"search.{verb}_termgroup" for verb in ("view", "add", "change", "delete")),
    "search.view_search_reports",
    *(f"procedures.{verb}_{model}" for model in _CATALOGUE for verb in ("view", "add", "change", "delete")),
    *(f"wagtailimages.{verb}_image" for verb in ("add", "change", "choose")),
]
_ADMINISTRATOR = [
    *_STAFF,
    *(f"accounts.{verb}_user" for verb in ("view", "add", "change", "delete")),
    *(f"auth.{verb}_group" for verb in ("view", "add", "change")),
    "search.change_pendingchange",
    "search.view_single_searches",
]

ROLE_PERMISSIONS: Mapping[str, list[str]] = {
    FIELD_ENGINEER: _FIELD,
    PROCEDURE_OWNER: _OWNER,
    DOCUMENTATION_STAFF: _STAFF,
    ADMINISTRATOR: _ADMINISTRATOR,
}
# Wagtail's page permissions on the whole tree (publishing a procedure is refused to all of them all the same).
ROLE_PAGE_PERMISSIONS: Mapping[str, list[str]] = {
    PROCEDURE_OWNER: ["add_page", "change_page"],
    DOCUMENTATION_STAFF: ["add_page", "change_page", "publish_page", "lock_page", "unlock_page"],
    ADMINISTRATOR: ["add_page", "change_page", "publish_page", "lock_page", "unlock_page"],
}
