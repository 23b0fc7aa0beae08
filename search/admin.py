"""The term list in the CMS admin."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn
from wagtail.snippets.views import snippets
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import SnippetViewSet

from search.desk import DeskIndexView
from search.term_groups import TermGroup

_FIELDS = {
    "english": _("English terms"),
    "chinese": _("Chinese terms"),
    "short": _("abbreviations"),
    "is_active": _("in use"),
}


@dataclass(frozen=True)
class Change:
    """One entry of a group's history, in words."""

    what: str
    by: Any
    at: datetime


class TermGroupHistoryView(snippets.HistoryView):
    """Who changed which terms when, from the group's own history rather than Wagtail's log."""

    any_permission_required = ["add", "change", "delete", "view"]
    filterset_class = None
    is_searchable = False
    verbose_name = _("change")
    verbose_name_plural = _("changes")
    columns = [
        Column("what", label=_("Change")),
        Column("by", label=_("User"), accessor=lambda change: change.by or "–", width="20%"),
        DateColumn("at", label=_("Date"), width="15%"),
    ]

    def get_base_queryset(self) -> QuerySet[Any]:
        return self.object.history.select_related("history_user").order_by("-history_date", "-history_id")

    def get_table(self, object_list: Any) -> Any:
        return super().get_table(list(_changes(list(object_list))))


class NoChooser(SnippetChooserViewSet):
    """Nothing chooses a group of terms."""

    register_widget = False


class TermGroupViewSet(SnippetViewSet):
    model = TermGroup
    icon = "list-ul"
    menu_label = _("Term list")
    add_to_admin_menu = True
    # Wagtail's database search fails on an unbalanced quote and finds no Chinese inside a sentence.
    search_backend_name = None
    search_fields = ["english", "chinese", "short"]
    add_to_reference_index = False
    list_per_page = 50
    list_display = [
        "__str__",
        BooleanColumn("is_active", label=_("In use")),
        DateColumn("updated_at", label=_("Changed"), sort_key="updated_at"),
    ]
    list_filter = ["is_active"]
    chooser_viewset_class = NoChooser
    index_view_class = DeskIndexView
    history_view_class = TermGroupHistoryView
    panels = [FieldPanel(name) for name in _FIELDS]


def _changes(rows: list[Any]) -> Iterator[Change]:
    """The rows of a page, newest first, each against the one before it in time."""
    for row in rows:
        before = row.prev_record if row.history_type == "~" else None
        what = {"+": gettext("Created"), "-": gettext("Deleted")}.get(row.history_type, gettext("Changed"))
        told = [_told(row, before, name) for name in _FIELDS if before and _differs(row, before, name)]
        yield Change("; ".join([what, *told]), row.history_user, row.history_date)


def _differs(row: Any, before: Any, name: str) -> bool:
    return bool(getattr(row, name) != getattr(before, name))


def _told(row: Any, before: Any, name: str) -> str:
    return f"{capfirst(_FIELDS[name])}: {_shown(before, name)} → {_shown(row, name)}"


def _shown(row: Any, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return ", ".join(value.split("\n")) or "–"
