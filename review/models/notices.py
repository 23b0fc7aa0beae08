"""What somebody is told: short texts in the reader's own language, made from a kind and a procedure."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from procedures.models import ProcedurePage


class NoticeKind(models.TextChoices):
    ASKED = "asked", _("Your signature is asked for")
    CONSULTED = "consulted", _("Your opinion is asked for")
    REMINDED = "reminded", _("Your signature is due")
    ESCALATED = "escalated", _("An overdue stage was passed on to you")
    VOIDED = "voided", _("Your signature is void: the release did not go on as you signed it")
    SENT_BACK = "sent_back", _("Your release was sent back")
    RELEASED = "released", _("Your release is in force")
    BLOCKED = "blocked", _("Your release cannot go into force")
    SCHEDULED = "scheduled", _("Your release is approved and goes into force later")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    page = models.ForeignKey(ProcedurePage, on_delete=models.PROTECT, related_name="notices")
    text = models.TextField(blank=True, help_text="What a person wrote to it, e.g. the reason.")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [models.Index(fields=["recipient", "read_at"])]

    def __str__(self) -> str:
        return self.get_kind_display()
