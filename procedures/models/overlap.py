"""Overlaps that are meant: why two guides may answer the same code on the same machine."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.models.catalogue import ErrorCode
from procedures.models.page import ProcedurePage


class AcceptedOverlap(models.Model):
    """Documentation staff let two procedures answer the same code, or all codes that they share.

    It holds for the procedures, whatever their versions, until it is withdrawn; history keeps it then.
    """

    one = models.ForeignKey(
        ProcedurePage, on_delete=models.PROTECT, related_name="overlaps_as_one", verbose_name=_("procedure")
    )
    other = models.ForeignKey(
        ProcedurePage,
        on_delete=models.PROTECT,
        related_name="overlaps_as_other",
        verbose_name=_("other procedure"),
    )
    code = models.ForeignKey(
        ErrorCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("error code"),
        help_text=_("Empty: every code that both answer."),
    )
    reason = models.TextField(_("reason"))
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("accepted by")
    )
    accepted_at = models.DateTimeField(_("accepted at"))
    history = HistoricalRecords()
    _history_user: Any  # whom the next history row names; the actions set it

    class Meta:
        ordering = ["-accepted_at", "-pk"]
        verbose_name = _("accepted overlap")
        verbose_name_plural = _("accepted overlaps")
        default_permissions = ()  # one right for both: recording why, and taking it back
        permissions = [("accept_overlap", "Can record why two guides overlap")]
        constraints = [
            # A pair has no order of its own: the procedure made first stands first, so no pair stands twice.
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="overlap_pair_in_order"),
            models.UniqueConstraint(fields=["one", "other", "code"], name="overlap_accepted_once_a_code"),
            models.UniqueConstraint(
                fields=["one", "other"], condition=Q(code__isnull=True), name="overlap_accepted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.one.number} / {self.other.number}"
