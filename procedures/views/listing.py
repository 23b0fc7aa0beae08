"""The list of procedures in force."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.access import models_visible_to
from procedures.models import Kind, MachineModel, ProcedurePage, ProcedureVersion, ProductLine
from procedures.queries import for_lists, versions_for_model

PAGE_SIZE = 30


class ProcedureFilter(forms.Form):
    """The state of the list, in its address."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Every kind")), *Kind.choices])
    product_line = forms.ModelChoiceField(
        ProductLine.objects.all(),
        to_field_name="code",
        label=_("Product line"),
        required=False,
        empty_label=_("Every product line"),
    )
    model = forms.ModelChoiceField(
        MachineModel.objects.none(),  # those that the reader may know of
        to_field_name="code",
        label=_("Model"),
        required=False,
        empty_label=_("Every model"),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Every language")), *ProcedurePage._meta.get_field("language").choices],
    )

    def __init__(self, models: QuerySet[MachineModel], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField", self.fields["model"]).queryset = models

    @classmethod
    def asked(cls, request: HttpRequest) -> tuple["ProcedureFilter", dict[str, Any]]:
        """The form to show and what it asks for; a value that is no choice asks for nothing."""
        models = models_visible_to(request.user)
        given = cls(models, request.GET)
        given.is_valid()
        chosen = {name: value for name, value in given.cleaned_data.items() if value}
        return cls(models, initial=chosen), chosen


@dataclass(frozen=True)
class ListPage:
    form: ProcedureFilter
    chosen: dict[str, Any]
    page_obj: Page[ProcedureVersion]


@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    form, chosen = ProcedureFilter.asked(request)
    versions = ProcedureVersion.objects.visible_to(request.user).effective()
    if "kind" in chosen:
        versions = versions.filter(kind=chosen["kind"])
    if "product_line" in chosen:
        versions = versions.filter(product_line=chosen["product_line"])
    if "language" in chosen:
        versions = versions.filter(language=chosen["language"])
    if "model" in chosen:
        versions = versions_for_model(versions, chosen["model"])
    paginator = Paginator(for_lists(versions).order_by("number"), PAGE_SIZE)
    page = ListPage(form, chosen, paginator.get_page(request.GET.get("page")))
    return render(request, "procedures/list.html", vars(page))
