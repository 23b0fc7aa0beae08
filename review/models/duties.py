"""The duties that a version in force brings: to review it again in time, and to read what it changed."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from wagtail.admin.panels import FieldPanel

from procedures.models import ProcedureVersion, ProductLine, VersionStatus
from review.desk_forms import RoleBoxes
from review.models.plans import or_any


class Confirmation(models.Model):
    """Somebody signed that a version in force is still correct; the next review counts from that day."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="confirmations")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="confirmations"
    )
    name = models.CharField(_("name"), max_length=200, help_text="The signatory's name at that time.")
    confirmed_at = models.DateTimeField()
    comment = models.TextField(_("comment"), blank=True)
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        ordering = ["-confirmed_at", "-pk"]
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        default_permissions = ()
        indexes = [models.Index(fields=["version", "-confirmed_at"])]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(sha256=""), name="confirmation_is_signed")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.version}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise models.ProtectedError("A confirmation is kept.", {self})


class ReadingRuleQuerySet(models.QuerySet["ReadingRule"]):
    def for_line(self, product_line: ProductLine | None) -> "ReadingRule | None":
        """The rule of a product line; where it has none, the one for any."""
        rules = self.filter(Q(product_line__isnull=True) | Q(product_line=product_line))
        return rules.order_by(F("product_line").asc(nulls_last=True)).first()


class ReadingRule(models.Model):
    """Who is asked to read a major version, and within how many days. A rule without groups asks nobody."""

    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("product line"), help_text=_("Empty: any."),
    )  # fmt: skip
    groups = models.ManyToManyField(
        Group, blank=True, related_name="+", verbose_name=_("roles and teams"),
        help_text=_("Members of any of these groups are asked to read a major version. None: nobody is asked."),
    )  # fmt: skip
    days = models.PositiveSmallIntegerField(
        _("days to read it"), default=14, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    history = HistoricalRecords()

    objects = ReadingRuleQuerySet.as_manager()

    panels = [
        FieldPanel("product_line"),
        FieldPanel("groups", widget=RoleBoxes),
        FieldPanel("days"),
    ]

    class Meta:
        ordering = ["product_line"]
        verbose_name = _("reading rule")
        verbose_name_plural = _("reading rules")
        constraints = [
            models.UniqueConstraint(
                or_any("product_line"),
                name="reading_rule_once",
                violation_error_message=_("There is a rule for this product line already."),
            ),
            models.CheckConstraint(condition=Q(days__gte=1), name="reading_rule_gives_time"),
        ]

    def __str__(self) -> str:
        return str(self.product_line or _("any product line"))


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    def open(self) -> Self:
        """What still has to be read; nobody has to read what was withdrawn."""
        return self.filter(acknowledged_at__isnull=True, overtaken_at__isnull=True).exclude(
            version__status=VersionStatus.WITHDRAWN
        )


class Acknowledgement(models.Model):
    """One person is asked to read one version, and says that they have understood it: once, by an act of theirs."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="acknowledgements")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    asked_at = models.DateTimeField()
    due_on = models.DateField(_("due"))
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    overtaken_at = models.DateTimeField(
        null=True, blank=True, help_text="A newer major version came before it was read."
    )

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["version", "person"], name="acknowledgement_once_a_person"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(overtaken_at__isnull=True),
                name="acknowledgement_read_or_overtaken",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(acknowledged_at__gte=F("asked_at")),
                name="acknowledgement_after_it_was_asked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "due_on"],
                condition=Q(acknowledged_at__isnull=True, overtaken_at__isnull=True),
                name="acknowledgement_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("review:read", args=[self.version.number])

    @property
    def is_open(self) -> bool:
        return (
            self.acknowledged_at is None
            and self.overtaken_at is None
            and self.version.status != VersionStatus.WITHDRAWN
        )

    def is_overdue(self, today: date) -> bool:
        """Open, and its last day is over."""
        return self.is_open and self.due_on < today

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise models.ProtectedError("An acknowledgement is kept.", {self})
