"""Filters of the catalogue's lists."""

import django_filters
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet

from procedures.models import ErrorCode, Machine, MachineModel, Module, ProductLine, SoftwareRelease


class ModelFilterSet(WagtailFilterSet):
    class Meta:
        model = MachineModel
        fields = ["product_line"]


class ModuleFilterSet(WagtailFilterSet):
    class Meta:
        model = Module
        fields = ["product_line"]


class ReleaseFilterSet(WagtailFilterSet):
    class Meta:
        model = SoftwareRelease
        fields = ["product_line"]


class MachineFilterSet(WagtailFilterSet):
    line = django_filters.ModelChoiceFilter(
        field_name="model__product_line", queryset=ProductLine.objects.all(), label=_("Product line")
    )
    warranty_end = django_filters.DateFromToRangeFilter(label=_("Warranty end"))

    class Meta:
        model = Machine
        fields = ["line", "model", "warranty_end"]


class ErrorCodeFilterSet(WagtailFilterSet):
    class Meta:
        model = ErrorCode
        fields = ["product_line", "module", "severity"]
