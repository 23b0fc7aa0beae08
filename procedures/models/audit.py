"""The log of what happened to procedures: events that hold the hash of the one before (procedures.audit)."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from procedures.models.page import ProcedurePage
from procedures.models.version import ProcedureVersion

NO_HASH = "0" * 64
"""What the first event holds in place of the hash of the one before."""
MISFITS = "misfits"
"""Where an event TAMPERED says what it found: {"app.model:pk": [column, …]}."""


class AuditKind(models.TextChoices):
    """What happens in a procedure's life; other apps add theirs (procedures.audit.register_kind)."""

    SUBMITTED = "submitted", pgettext_lazy("event", "Submitted for release")
    SIGNED = "signed", pgettext_lazy("event", "Signed")
    SENT_BACK = "sent_back", pgettext_lazy("event", "Sent back")
    VOIDED = "voided", pgettext_lazy("event", "Submission void")
    APPROVED = "approved", pgettext_lazy("event", "Approved")
    SCHEDULED = "scheduled", pgettext_lazy("event", "Scheduled")
    RELEASED = "released", pgettext_lazy("event", "Released")
    SUPERSEDED = "superseded", pgettext_lazy("event", "Superseded")
    WITHDRAWN = "withdrawn", pgettext_lazy("event", "Withdrawn")
    CALLED_OFF = "called_off", pgettext_lazy("event", "Called off before it came into force")
    IMPORTED = "imported", pgettext_lazy("event", "Imported")
    RESTORED = "restored", pgettext_lazy("event", "Restored")
    REVIEWED = "reviewed", pgettext_lazy("event", "Reviewed: still correct")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("event", "Acknowledged")
    HELD = "held", pgettext_lazy("event", "Put on hold")
    HOLD_LIFTED = "hold_lifted", pgettext_lazy("event", "Hold lifted")
    SEALED = "sealed", pgettext_lazy("event", "Sealed as found")
    TAMPERED = "tampered", pgettext_lazy("event", "Found changed behind the log's back")


class AuditEvent(models.Model):
    """One event of the chain; the database refuses a change or a deletion (migration 0006).

    `hash` is the SHA-256 of the canonical JSON of all the other columns (procedures.audit.canonical).
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    format = models.PositiveSmallIntegerField(help_text="The form of what is hashed.")
    kind = models.CharField(max_length=40)
    page = models.ForeignKey(
        ProcedurePage, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    version = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=400, blank=True, help_text="As the name was then.")
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = models.JSONField(default=dict)
    seals = models.JSONField(
        default=dict, help_text='{"app.model:pk": "form:SHA-256 of the row:digests of its columns"}'
    )
    previous_hash = models.CharField(max_length=64, help_text="Of the event before.")
    previous_of_page = models.CharField(max_length=64, help_text="Of the event before of the same procedure.")
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(sequence__gte=1), name="audit_event_from_one")]
        indexes = [models.Index(fields=["page", "-sequence"], name="audit_event_of_page")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    def get_absolute_url(self) -> str:
        """Where staff read the record of the event's procedure."""
        assert self.page is not None  # an event about no procedure is on no page
        return reverse("procedures:record", args=[self.page.number])

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValidationError(gettext("An event cannot be changed."))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise ValidationError(gettext("An event cannot be deleted."))


class AuditHead(models.Model):
    """The one row that says where the chain ends; whoever appends holds it locked."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=NO_HASH)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="audit_head_one_row")]

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"
