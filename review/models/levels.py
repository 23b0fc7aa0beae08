"""Service levels: within how many days whoever answers for a procedure answers a mark, and decides on it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.models import ProductLine
from review.models.plans import or_any

_DAYS = [MinValueValidator(1), MaxValueValidator(365)]


class ServiceLevel(models.Model):
    """What the site promises for marks on procedures of a product line. Without one nothing is due.

    Comments about safety are not meant: they have a clock of their own, in hours (SafetyClock).
    """

    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("product line"), help_text=_("Empty: every line that has none of its own."),
    )  # fmt: skip
    first_answer_days = models.PositiveSmallIntegerField(
        _("days to the first answer"), default=7, validators=_DAYS,
        help_text=_("Of comments and proposed edits; calendar days."),
    )  # fmt: skip
    decision_days = models.PositiveSmallIntegerField(
        _("days to the decision"), default=21, validators=_DAYS,
        help_text=_("Of proposed edits; days on which a question waits for its author do not count."),
    )  # fmt: skip
    history = HistoricalRecords()

    class Meta:
        ordering = ["product_line"]
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        constraints = [
            models.UniqueConstraint(
                or_any("product_line"),
                name="service_level_once",
                violation_error_message=_("There is a service level for this product line already."),
            ),
            models.CheckConstraint(
                condition=Q(first_answer_days__gte=1, decision_days__gte=F("first_answer_days")),
                name="service_level_gives_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.product_line or _("any product line"))

    def clean(self) -> None:
        days: Any = (self.first_answer_days, self.decision_days)
        if None not in days and days[1] < days[0]:
            raise ValidationError(
                {"decision_days": gettext("A decision is an answer: it is not due before the first answer.")}
            )
