"""Service tickets, their log, and the versions that were used."""

from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.models import ErrorCode, Machine, ProcedureVersion
from procedures.models.pairs import set_when


class TicketSeverity(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class TicketStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    WAITING = "waiting", _("Waiting for customer or parts")
    RESOLVED = "resolved", _("Resolved")


class Outcome(models.TextChoices):
    SOLVED = "solved", _("Solved it")
    HELPED = "helped", _("Helped")
    DID_NOT_HELP = "did_not_help", _("Did not help")
    WRONG = "wrong", _("Was wrong")
    NOT_KNOWN = "not_known", _("Not known yet")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def open(self) -> Self:
        return self.exclude(status=TicketStatus.RESOLVED)

    def visible_to(self, user: Any) -> Self:
        """All for those whose role reads tickets, none for anybody else."""
        return self if user.is_authenticated and user.has_perm("tickets.view_ticket") else self.none()


class Ticket(models.Model):
    number = models.CharField(_("number"), max_length=20, unique=True, editable=False)
    machine = models.ForeignKey(
        Machine, on_delete=models.PROTECT, related_name="tickets", verbose_name=_("machine")
    )
    error_code = models.ForeignKey(
        ErrorCode,
        on_delete=models.PROTECT,
        related_name="tickets",
        null=True,
        blank=True,
        verbose_name=_("error code"),
    )
    symptom = models.TextField(_("symptom"))
    severity = models.CharField(
        _("severity"), max_length=10, choices=TicketSeverity.choices, default=TicketSeverity.MEDIUM
    )
    status = models.CharField(
        _("status"), max_length=12, choices=TicketStatus.choices, default=TicketStatus.OPEN
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opened_tickets"
    )
    opened_at = models.DateTimeField(_("opened at"))
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()
    _history_user: Any  # whom the next history row names; the actions set it

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(
                condition=set_when("resolved_by", "resolved_at", status="resolved"),
                name="ticket_resolved_pair",
            )
        ]
        indexes = [models.Index(fields=["status", "-opened_at"])]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Number a new ticket by its row, T-00001 and on: never given twice, no gap by a race."""
        if not self._state.adding or self.number:
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            self.number = f"new-{uuid4().hex[:12]}"
            self.skip_history_when_saving = True
            super().save(*args, **kwargs)
            self.number = f"T-{self.pk:05d}"
            del self.skip_history_when_saving
            super().save(update_fields=["number"])

    def get_absolute_url(self) -> str:
        return reverse("tickets:detail", args=[self.number])


class TicketEntry(models.Model):
    """One entry of a ticket's log; entries are added, never changed."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="entries")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    text = models.TextField(_("entry"))

    class Meta:
        ordering = ["written_at", "pk"]
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")

    def __str__(self) -> str:
        return self.text[:60]


class ProcedureUse(models.Model):
    """The exact version that was used on a ticket, and how it went, as one person says.

    The database refuses to hand a record to another person, version or ticket (migration 0004).
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="uses")
    version = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, related_name="uses", verbose_name=_("procedure version")
    )
    outcome = models.CharField(_("how it went"), max_length=12, choices=Outcome.choices)
    note = models.TextField(_("note"), blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    history = HistoricalRecords()
    _history_user: Any

    class Meta:
        ordering = ["recorded_at", "pk"]
        verbose_name = _("procedure used")
        verbose_name_plural = _("procedures used")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "version", "recorded_by"], name="procedure_use_once_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.version}"
