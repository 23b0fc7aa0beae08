"""A mail that carries notices to one person: on one procedure, or those of a day."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from procedures.models import ProcedurePage
from procedures.models.pairs import set_when


class MailState(models.TextChoices):
    WAITING = "waiting", _("Waiting for more to be said")
    SENDING = "sending", _("Being sent")
    REFUSED = "refused", _("Refused by the mail server; tried again later")
    SENT = "sent", _("Sent")
    DROPPED = "dropped", _("Not needed any more")
    FAILED = "failed", _("Given up: the mail server refused it every time")
    UNKNOWN = "unknown", _("Unknown whether it was sent; not sent again")


UNSENT = (MailState.WAITING, MailState.REFUSED)
STUCK = (MailState.FAILED, MailState.UNKNOWN)


def _new_key() -> str:
    return uuid.uuid4().hex


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, at: object) -> Self:
        return self.filter(state__in=UNSENT, due_at__lte=at)


class Mail(models.Model):
    """While it waits, what comes for the same person on the same procedure joins it; from the first attempt on
    it is what it is. Whoever sends it claims it before, by a lease of their own (review.mailing.sending).
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mails")
    page = models.ForeignKey(
        ProcedurePage, on_delete=models.PROTECT, null=True, blank=True, related_name="mails",
        help_text="Empty: the mail of a day.",
    )  # fmt: skip
    digest_on = models.DateField(null=True, blank=True, help_text="The day of a daily mail.")
    key = models.CharField(max_length=32, unique=True, default=_new_key, help_text="In its Message-ID.")
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Not sent, or tried again, before.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, help_text="Whoever claimed it last.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="What the mail server said last.")
    again_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who last asked for it to be tried again after it was given up.",
    )  # fmt: skip
    again_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        default_permissions = ()
        indexes = [models.Index(fields=["state", "due_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(page__isnull=True, digest_on__isnull=False)
                | Q(page__isnull=False, digest_on__isnull=True),
                name="mail_page_or_day",
            ),
            models.UniqueConstraint(
                fields=["recipient", "page"], condition=Q(state="waiting"), name="mail_one_waits_on_a_page"
            ),
            models.UniqueConstraint(
                fields=["recipient"],
                condition=Q(state="waiting", page__isnull=True),
                name="mail_one_day_waits",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", lease__isnull=True, claimed_at__isnull=True, attempts=0)
                | ~Q(state="waiting") & Q(lease__isnull=False, claimed_at__isnull=False, attempts__gte=1),
                name="mail_claimed_pair",
            ),
            models.CheckConstraint(
                condition=set_when("sent_at", state="sent"),
                name="mail_sent_pair",
            ),
            models.CheckConstraint(
                condition=Q(again_by__isnull=True, again_at__isnull=True)
                | ~Q(state="waiting") & Q(again_by__isnull=False, again_at__isnull=False),
                name="mail_again_pair",
            ),
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} · {self.page.number if self.page else self.digest_on}"
