"""What this app adds to the CMS admin."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.models import Page
from wagtail.snippets.models import register_snippet

from procedures.admin.deletion import refuse_if_used
from procedures.admin.fields import register_fields
from procedures.admin.viewsets import CatalogueGroup
from procedures.models import ProcedurePage
from procedures.models.page import RESPONSIBILITY

register_fields()
register_snippet(CatalogueGroup)
hooks.register("before_delete_snippet", refuse_if_used)


@hooks.register("before_edit_page")
def tell_autosave(request: HttpRequest, page: Page) -> None:
    """Tell the page whether the editing desk saves by itself: then, as in Wagtail's view, it asks for no HTML."""
    if isinstance(page, ProcedurePage):
        page.is_autosave = not request.accepts("text/html")


@hooks.register("after_edit_page")
def leave_what_was_given_away(request: HttpRequest, page: Page) -> HttpResponse | None:
    """To the folder, where the editor would answer "no permission" to who has just named another owner."""
    if not isinstance(page, ProcedurePage) or page.is_autosave:
        return None
    if page.permissions_for_user(request.user).can_edit():
        return None
    return redirect("wagtailadmin_explore", page.get_parent().pk)


@hooks.register("register_log_actions")
def log_actions(actions: LogActionRegistry) -> None:
    @actions.register_action(RESPONSIBILITY)
    class Responsibility(LogFormatter):
        label = gettext_lazy("Change who answers for it")

        def format_message(self, log_entry: Any) -> str:
            """E.g. “Procedure owner: Oscar → Olivia”."""
            return "; ".join(
                f"{ProcedurePage._meta.get_field(field).verbose_name}: {before or _('none')} → {after or _('none')}"
                for field, (before, after) in log_entry.data.items()
            )
