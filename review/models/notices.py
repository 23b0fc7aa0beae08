"""What somebody is told: short texts in the reader's own language, made from a kind and a procedure."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from procedures.models import ProcedurePage, ProcedureVersion
from review.models.mails import Mail
from review.models.suggestions import Suggestion
from review.models.threads import Thread
from review.models.watches import Watch


class NoticeKind(models.TextChoices):
    ASKED = "asked", _("Your signature is asked for")
    CONSULTED = "consulted", _("Your opinion is asked for")
    REMINDED = "reminded", _("Your signature is due")
    ESCALATED = "escalated", _("An overdue stage was passed on to you")
    VOIDED = "voided", _("Your signature is void: the release did not go on as you signed it")
    VOID_NEWER = (
        "void_newer",
        _("Your signature is void: a newer text took the place of the one that you signed"),
    )
    VOID_STOPPED = (
        "void_stopped",
        _("Your signature is void: the review was stopped together with its review plan"),
    )
    SENT_BACK = "sent_back", _("Your release was sent back")
    TAKEN_BACK = "taken_back", _("Your release was taken back")
    NEWER_TEXT = "newer_text", _("A newer text took the place of the one that you submitted for release")
    STOPPED = "stopped", _("The review of your release was stopped together with its review plan")
    OVERWRITTEN = "overwritten", _("An earlier version's text took the place of unreleased words of yours")
    RELEASED = "released", _("Your release is in force")
    BLOCKED = "blocked", _("Your release cannot go into force")
    FAILED = "failed", _("What was due on a procedure could not be done")
    SCHEDULED = "scheduled", _("Your release is approved and goes into force later")
    REVIEW_DUE = "review_due", _("A procedure is due for review soon")
    REVIEW_LATE = "review_late", _("A procedure is overdue for review; readers are told")
    READ_ASKED = "read_asked", _("You are asked to read a new version")
    TAMPERED = "tampered", _("A row of a procedure was changed behind its log's back")
    READ_DUE = "read_due", _("What you were asked to read is due")
    READ_LATE = "read_late", _("What you were asked to read is overdue")
    MENTIONED = "mentioned", _("You are named in a comment")
    ANSWERED = "answered", _("Your comment was answered")
    RESOLVED = "resolved", _("Your comment was resolved")
    REOPENED = "reopened", _("A comment was reopened")
    ASKED_AGAIN = "asked_again", _("A comment waits for your answer again")
    DECIDED = "decided", _("Your proposed edit was decided on")
    ASKED_BACK = "asked_back", _("A question on your proposed edit")
    HANDED_ON = "handed_on", _("A proposed edit was handed to you to decide on")
    PASSED_ON = "passed_on", _("Your proposed edit was handed on: somebody else decides on it")
    EFFECTIVE = "effective", _("Your edit is in force")
    DISCUSSED = "discussed", _("A comment on a proposed edit")
    ALTERNATIVE = "alternative", _("An alternative to your proposed edit")
    SAFETY = "safety", _("A comment is about safety: answer it now, or put the procedure on hold")
    SAFETY_LATE = "safety_late", _("A safety comment is overdue for its first answer")
    ON_HOLD = "on_hold", _("A procedure was put on hold: nobody is to work by it")
    HOLD_LIFTED = "hold_lifted", _("A hold was lifted: the procedure can be used again")
    KIND_CHANGED = "kind_changed", _("The kind of your comment was changed")
    ANSWER_DUE = "answer_due", _("A comment or proposed edit is due for its first answer")
    ANSWER_LATE = "answer_late", _("A comment or proposed edit is overdue for its first answer")
    ANSWER_UP = "answer_up", _("Nobody has answered a comment or proposed edit for twice its time")
    DECIDE_DUE = "decide_due", _("A proposed edit is due for its decision")
    DECIDE_LATE = "decide_late", _("A proposed edit is overdue for its decision")
    DECIDE_UP = "decide_up", _("Nobody has decided on a proposed edit for twice its time")
    COMMENTED = "commented", _("A new comment")
    REPLIED = "replied", _("An answer to a comment")
    PROPOSED = "proposed", _("An edit was proposed")
    SETTLED = "settled", _("A proposed edit was decided on")
    IN_FORCE = "in_force", _("A new version is in force")
    WITHDRAWN = "withdrawn", _("A version was withdrawn")
    MAIL_FAILED = "mail_failed", _("A mail could not be sent")

    @property
    def is_own(self) -> bool:
        """Of what somebody made themselves; the others ask something of whoever is told, or come by a watch."""
        return self in _OWN

    @property
    def is_safety(self) -> bool:
        """Of safety comments and holds, whose mail has a preference of its own."""
        return self in _SAFETY

    @property
    def goes_at_once(self) -> bool:
        """Its mail does not wait for more to be said."""
        return self in _AT_ONCE

    @property
    def is_mailed(self) -> bool:
        """Not of what mails come to: that would go round for ever."""
        return self is not NoticeKind.MAIL_FAILED


_OWN = frozenset(
    {
        NoticeKind.SENT_BACK, NoticeKind.TAKEN_BACK, NoticeKind.NEWER_TEXT,
        NoticeKind.STOPPED, NoticeKind.OVERWRITTEN,
        NoticeKind.RELEASED, NoticeKind.SCHEDULED, NoticeKind.ANSWERED,
        NoticeKind.RESOLVED, NoticeKind.REOPENED, NoticeKind.DECIDED, NoticeKind.ASKED_BACK,
        NoticeKind.ALTERNATIVE, NoticeKind.DISCUSSED, NoticeKind.KIND_CHANGED, NoticeKind.REPLIED,
        NoticeKind.PASSED_ON, NoticeKind.EFFECTIVE,
    }
)  # fmt: skip
_SAFETY = frozenset({NoticeKind.SAFETY, NoticeKind.SAFETY_LATE, NoticeKind.ON_HOLD, NoticeKind.HOLD_LIFTED})
_AT_ONCE = _SAFETY | {NoticeKind.ASKED, NoticeKind.CONSULTED, NoticeKind.ESCALATED, NoticeKind.BLOCKED}

# What the clock says of marks (review.pursuing), by what is waited for: nobody is to be reminded of what is done.
REMINDS_OF_A_MARK = {
    "answer": (NoticeKind.ANSWER_DUE, NoticeKind.ANSWER_LATE, NoticeKind.ANSWER_UP),
    "decision": (NoticeKind.DECIDE_DUE, NoticeKind.DECIDE_LATE, NoticeKind.DECIDE_UP),
}
# Likewise what is told of a safety comment that nobody who answers for it has answered (review.safety).
CALLS_FOR_SAFETY = (NoticeKind.SAFETY, NoticeKind.SAFETY_LATE)

# Where a notice leads; the others lead to the working copy and its release.
_LEADS_TO = {
    NoticeKind.REVIEW_DUE: "review:still_correct",
    NoticeKind.REVIEW_LATE: "review:still_correct",
    NoticeKind.READ_ASKED: "review:read",
    NoticeKind.READ_DUE: "review:read",
    NoticeKind.READ_LATE: "review:read",
    NoticeKind.ON_HOLD: "review:hold",
    NoticeKind.HOLD_LIFTED: "review:hold",
    NoticeKind.IN_FORCE: "procedures:latest",
    NoticeKind.WITHDRAWN: "procedures:latest",
    NoticeKind.TAMPERED: "procedures:record",
}


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def news(self) -> Self:
        """Without the new marks that wait for this person's own answer: those are listed by themselves."""
        to_do = models.Q(kind__in=(NoticeKind.COMMENTED, NoticeKind.PROPOSED), watched=False)
        return self.unread().exclude(to_do)


class Notice(models.Model):
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    page = models.ForeignKey(ProcedurePage, on_delete=models.PROTECT, related_name="notices")
    version = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    thread = models.ForeignKey(
        Thread, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    suggestion = models.ForeignKey(
        Suggestion, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    due_on = models.DateField(
        null=True, blank=True, help_text="The day that a reminder is about: nobody is reminded of it twice."
    )
    text = models.TextField(blank=True, help_text="What a person wrote to it, e.g. the reason.")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    watched = models.BooleanField(default=False, help_text="It came by a watch, which may be gone since.")
    watch = models.ForeignKey(Watch, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, null=True, blank=True, related_name="notices")

    headline: str = ""  # as review.headlines tells

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [models.Index(fields=["recipient", "read_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind", "due_on", "recipient"],
                condition=models.Q(version__isnull=False),
                name="notice_reminds_once",
            ),
            models.CheckConstraint(
                condition=models.Q(version__isnull=True, due_on__isnull=True)
                | models.Q(version__isnull=False, due_on__isnull=False)
                | models.Q(
                    version__isnull=True, due_on__isnull=False, thread__isnull=False, suggestion__isnull=True
                )
                | models.Q(
                    version__isnull=True, due_on__isnull=False, thread__isnull=True, suggestion__isnull=False
                ),
                name="notice_reminder_pair",
            ),
            *(
                models.UniqueConstraint(
                    fields=[mark, "kind", "due_on", "recipient"],
                    condition=models.Q((f"{mark}__isnull", False), due_on__isnull=False),
                    name=f"notice_reminds_once_of_a_{mark}",
                )
                for mark in ("thread", "suggestion")
            ),
            models.CheckConstraint(
                condition=models.Q(watched=True) | models.Q(watch__isnull=True), name="notice_by_a_watch"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def get_absolute_url(self) -> str:
        """Where what it tells of is done."""
        if (mark := self.thread or self.suggestion) is not None:
            return mark.get_absolute_url()
        number = self.version.number if self.version is not None else self.page.number
        return reverse(_LEADS_TO.get(NoticeKind(self.kind), "review:draft"), args=[number])
