"""Form fields of the catalogue: options as a line of text, releases and modules named with their line."""

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm, register_form_field_override

from procedures.admin.csv_columns import split_options
from procedures.models import Module, SoftwareRelease


class OptionsField(forms.CharField):
    """A list of names, edited as text with commas between."""

    widget = forms.TextInput

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("label", _("Options"))
        kwargs.setdefault("help_text", _("Names, divided by commas."))
        super().__init__(*args, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return split_options(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != split_options(data or "")


class OptionsForm(WagtailAdminModelForm):
    options = OptionsField()


class LineChoiceField(forms.ModelChoiceField):
    """A record of a product line, shown with the line: two lines may both have a release 3.0."""

    def __init__(self, queryset: models.QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(queryset.select_related("product_line"), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.product_line.code} · {obj}"


def register_fields() -> None:
    """Use LineChoiceField for every release and module in the admin's forms."""
    for model in (SoftwareRelease, Module):
        register_form_field_override(models.ForeignKey, to=model, override={"form_class": LineChoiceField})
