"""The catalogue as Wagtail snippets: one menu, one viewset a model."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from procedures.admin import filters
from procedures.admin.csv_views import ExportView, ImportView, TemplateView
from procedures.admin.fields import OptionsForm
from procedures.admin.views import CatalogueIndexView, CatalogueInspectView, RecordHistoryView
from procedures.models import (
    ErrorCode,
    FaqCategory,
    Machine,
    MachineModel,
    Module,
    ProductLine,
    SoftwareRelease,
)


class PlainChooserViewSet(SnippetChooserViewSet):
    """Leaves forms their select boxes: the lists are short, and the chooser shows no product line."""

    register_widget = False


def _options_column() -> Column:
    return Column("options", label=_("Options"), accessor=lambda record: ", ".join(record.options))


class CatalogueViewSet(SnippetViewSet):
    """What the catalogue's viewsets share: search by what a field contains, own history, CSV."""

    # Wagtail's database search fails on an unbalanced quote and finds no Chinese inside a sentence.
    search_backend_name = None
    add_to_reference_index = False
    inspect_view_enabled = True
    list_per_page = 50
    related: tuple[str, ...] = ()
    chooser_viewset_class = PlainChooserViewSet
    index_view_class = CatalogueIndexView
    inspect_view_class = CatalogueInspectView
    history_view_class = RecordHistoryView

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model._default_manager.select_related(*self.related)

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_index_view_kwargs(
            import_url_name=self.get_url_name("import"),
            export_csv_url_name=self.get_url_name("export_csv"),
            **kwargs,
        )

    def get_urlpatterns(self) -> list[URLPattern]:
        names = {
            "import_url_name": self.get_url_name("import"),
            "template_url_name": self.get_url_name("import_template"),
        }
        return [
            *super().get_urlpatterns(),
            path("import/", self.construct_view(ImportView, **names), name="import"),
            path("import/template.csv", self.construct_view(TemplateView), name="import_template"),
            path("export.csv", self.construct_view(ExportView), name="export_csv"),
        ]


class ProductLineViewSet(CatalogueViewSet):
    model = ProductLine
    icon = "folder"
    list_display = ["code", "name", "name_zh"]
    search_fields = ["code", "name", "name_zh"]
    panels = [FieldPanel("code"), FieldPanel("name"), FieldPanel("name_zh")]


class MachineModelViewSet(CatalogueViewSet):
    model = MachineModel
    icon = "desktop"
    related = ("product_line",)
    list_display = ["code", "name", "name_zh", "product_line", _options_column()]
    filterset_class = filters.ModelFilterSet
    search_fields = ["code", "name", "name_zh"]
    edit_handler = ObjectList(
        [
            FieldPanel("product_line"),
            FieldPanel("code"),
            FieldPanel("name"),
            FieldPanel("name_zh"),
            FieldPanel("options"),
        ],
        base_form_class=OptionsForm,
    )


class ModuleViewSet(CatalogueViewSet):
    model = Module
    icon = "cogs"
    related = ("product_line", "parent")
    list_display = ["code", "name", "name_zh", "product_line", "parent"]
    filterset_class = filters.ModuleFilterSet
    search_fields = ["code", "name", "name_zh"]
    panels = [
        FieldPanel("product_line"),
        FieldPanel("parent"),
        FieldPanel("code"),
        FieldPanel("name"),
        FieldPanel("name_zh"),
    ]


class SoftwareReleaseViewSet(CatalogueViewSet):
    model = SoftwareRelease
    icon = "code"
    related = ("product_line",)
    list_display = ["version", "product_line", "position", Column("released_on", label=_("Released on"))]
    filterset_class = filters.ReleaseFilterSet
    search_fields = ["version", "product_line__code"]
    panels = [
        FieldPanel("product_line"),
        FieldRowPanel([FieldPanel("version"), FieldPanel("position"), FieldPanel("released_on")]),
    ]


class MachineViewSet(CatalogueViewSet):
    model = Machine
    icon = "cog"
    related = ("model__product_line", "release")
    list_display = [
        "serial",
        "model",
        "release",
        "customer",
        "site",
        _options_column(),
        Column("warranty_end", label=_("Warranty end"), sort_key="warranty_end"),
    ]
    filterset_class = filters.MachineFilterSet
    search_fields = ["serial", "model__code", "customer", "site"]
    edit_handler = ObjectList(
        [
            FieldPanel("serial"),
            FieldRowPanel([FieldPanel("model"), FieldPanel("release")]),
            FieldRowPanel([FieldPanel("customer"), FieldPanel("site")]),
            FieldPanel("options"),
            FieldPanel("warranty_end"),
        ],
        base_form_class=OptionsForm,
    )


class ErrorCodeViewSet(CatalogueViewSet):
    model = ErrorCode
    icon = "warning"
    related = ("product_line", "module")
    list_display = ["code", "product_line", "module", "severity", "meaning", "meaning_zh"]
    filterset_class = filters.ErrorCodeFilterSet
    search_fields = ["code", "meaning", "meaning_zh", "causes", "causes_zh"]
    panels = [
        FieldRowPanel([FieldPanel("product_line"), FieldPanel("module")]),
        FieldRowPanel([FieldPanel("code"), FieldPanel("severity")]),
        FieldPanel("meaning"),
        FieldPanel("meaning_zh"),
        FieldPanel("causes"),
        FieldPanel("causes_zh"),
    ]


class FaqCategoryViewSet(CatalogueViewSet):
    model = FaqCategory
    icon = "help"
    list_display = ["code", "name", "name_zh", "position"]
    search_fields = ["code", "name", "name_zh"]
    panels = [FieldPanel("code"), FieldPanel("name"), FieldPanel("name_zh"), FieldPanel("position")]
    # No history rows of its own: Wagtail's log says who changed it.
    history_view_class = SnippetViewSet.history_view_class


class CatalogueGroup(SnippetViewSetGroup):
    menu_label = _("Catalogue")
    menu_icon = "list-ul"
    menu_order = 300
    items = (
        ProductLineViewSet,
        MachineModelViewSet,
        ModuleViewSet,
        SoftwareReleaseViewSet,
        MachineViewSet,
        ErrorCodeViewSet,
        FaqCategoryViewSet,
    )
