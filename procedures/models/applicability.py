"""To what a working copy applies. What a version froze of it is procedures.models.version.VersionApplicability."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel

from procedures.models.catalogue import MachineModel, SoftwareRelease
from procedures.models.fields import TextListField
from procedures.models.page import ProcedurePage


class Applicability(models.Model):
    """One row of "applies to": a model, from a release (inclusive) to before a release (exclusive)."""

    page = ParentalKey(ProcedurePage, on_delete=models.CASCADE, related_name="applicability")
    model = models.ForeignKey(MachineModel, on_delete=models.PROTECT, verbose_name=_("model"))
    release_from = models.ForeignKey(
        SoftwareRelease,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("from release"),
    )
    release_before = models.ForeignKey(
        SoftwareRelease,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("before release"),
    )
    options = TextListField(
        _("options"), default=list, blank=True, help_text=_("All of these must be fitted.")
    )
    panels = [
        FieldRowPanel([FieldPanel("model"), FieldPanel("release_from"), FieldPanel("release_before")]),
        FieldPanel("options"),
    ]

    class Meta:
        ordering = ["id"]
        verbose_name = _("applicability")
        verbose_name_plural = _("applicability")

    def __str__(self) -> str:
        return f"{self.model} {self.release_from or ''}–{self.release_before or ''}"

    def clean(self) -> None:
        from procedures.ordering import range_problem  # it asks the versions, which import this module

        if reason := range_problem(self.release_from, self.release_before):
            raise ValidationError({"release_before": reason})
