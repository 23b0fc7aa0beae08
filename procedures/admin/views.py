"""The catalogue's lists, history and inspection in the CMS admin."""

from typing import Any

from django.contrib.admin.utils import quote
from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.snippets.views import snippets

from procedures.admin.record_changes import RecordChange, record_changes
from search.desk import DeskIndexView


class CatalogueIndexView(DeskIndexView):
    import_url_name = ""
    export_csv_url_name = ""

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = list(super().header_buttons)
        if self.user_has_permission("add") and self.user_has_permission("change"):
            buttons.append(
                HeaderButton(gettext("Import CSV"), url=reverse(self.import_url_name), icon_name="upload")
            )
        return buttons

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        return [
            *super().header_more_buttons,
            Button(gettext("Download CSV"), url=reverse(self.export_csv_url_name), icon_name="download"),
        ]


class CatalogueInspectView(snippets.InspectView):
    history_url_name = ""

    def get_options_display_value(self) -> str:
        return ", ".join(self.object.options)

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        history = reverse(self.history_url_name, args=(quote(self.object.pk),))
        return [
            *super().header_more_buttons,
            Button(gettext("History"), url=history, icon_name="history", priority=30),
        ]


class ChangesColumn(Column):
    cell_template_name = "procedures/admin/changes_cell.html"


class RecordHistoryView(snippets.HistoryView):
    """Who changed which field when, from the record's own history rather than Wagtail's log."""

    any_permission_required = ["add", "change", "delete", "view"]
    filterset_class = None
    is_searchable = False
    verbose_name = _("change")
    verbose_name_plural = _("changes")
    columns = [
        ChangesColumn("changes", label=_("Change"), accessor=lambda change: change),
        Column("by", label=_("User"), accessor=lambda change: change.by or "–", width="20%"),
        Column("reason", label=_("Reason"), width="15%"),
        DateColumn("at", label=_("Date"), width="15%"),
    ]

    def get_base_queryset(self) -> models.QuerySet[Any]:
        return self.object.history.select_related("history_user").order_by("-history_date", "-history_id")

    def get_table(self, object_list: Any) -> Any:
        return super().get_table(self._described(list(object_list)))

    def _described(self, rows: list[Any]) -> list[RecordChange]:
        """The rows of this page, the last one compared with the one that comes after the page."""
        if rows and rows[-1].history_type != "+":
            last = rows[-1]
            older = models.Q(history_date__lt=last.history_date) | models.Q(
                history_date=last.history_date, history_id__lt=last.history_id
            )
            rows += self.get_base_queryset().filter(older)[:1]
        return record_changes(rows)

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return super().header_buttons if self.user_has_permission("change") else []

    def get_edit_url(self, instance: models.Model) -> str | None:
        return super().get_edit_url(instance) if self.user_has_permission("change") else None
