"""Safety: a procedure that is on hold, and the clock of a safety comment."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.models import ProcedurePage, ProcedureVersion
from review.models.threads import Thread


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> Self:
        return self.filter(lifted_at__isnull=True)


class Hold(models.Model):
    """Nobody is to work by a procedure until somebody lifts this; both are signed.

    It is of the procedure, not of one text: a version that goes into force meanwhile is on hold as well.
    """

    page = models.ForeignKey(ProcedurePage, on_delete=models.PROTECT, related_name="holds")
    version = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, related_name="holds", help_text="In force when it was placed."
    )  # fmt: skip
    reason = models.TextField(_("why"))
    instead = models.TextField(_("what to do instead"))
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    name = models.CharField(max_length=200, help_text="Of whoever placed it, as it was then.")
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_name = models.CharField(max_length=200, blank=True)
    lift_reason = models.TextField(_("why it is lifted"), blank=True)
    history = HistoricalRecords()

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["page"], condition=Q(lifted_at__isnull=True), name="hold_one_open_a_procedure"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True, lifted_name="", lift_reason="")
                | Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason="") & ~Q(lifted_name=""),
                name="hold_lifted_pair",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(instead=""), name="hold_says_why_and_what_instead"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=F("placed_at")),
                name="hold_lifted_after_it_was_placed",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.version} · {self.placed_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.lifted_at is None


class SafetyClockQuerySet(models.QuerySet["SafetyClock"]):
    def running(self) -> Self:
        return self.filter(stopped_at__isnull=True)


class SafetyClock(models.Model):
    """By when the first answer to a safety comment is due, and whether anybody who answers for it gave one.

    It stops when an owner or documentation staff answers, resolves the comment, says that it is not about
    safety, or puts the procedure on hold; it starts anew whenever the comment is open again.
    """

    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="safety_clock")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    stopped_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="To documentation staff.")
    escalated_again_at = models.DateTimeField(null=True, blank=True, help_text="To administrators.")

    objects = SafetyClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock of a safety comment")
        verbose_name_plural = _("clocks of safety comments")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(stopped_by__isnull=True, stopped_at__isnull=True)
                | Q(stopped_by__isnull=False, stopped_at__isnull=False),
                name="safety_clock_stopped_pair",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("started_at")), name="safety_clock_due_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(escalated_again_at__isnull=True) | Q(escalated_at__isnull=False),
                name="safety_clock_escalates_in_order",
            ),
        ]
        indexes = [models.Index(fields=["stopped_at", "due_at"])]

    def __str__(self) -> str:
        return f"{self.thread} → {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_running and self.due_at <= timezone.now()

    @property
    def twice_due_at(self) -> datetime:
        """When it has gone over twice the time."""
        return self.due_at + (self.due_at - self.started_at)
