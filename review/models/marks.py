"""Marks: threads on what is read, and proposed changes to it."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords
from wagtail.models import Revision

from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from review.models.holds import SafetyClock
    from review.pointing import PointedImage


class ThreadKind(models.TextChoices):
    QUESTION = "question", _("Question")
    ERROR = "error", _("Error")
    AMBIGUITY = "ambiguity", _("Ambiguity")
    SAFETY = "safety", _("Safety")


class ThreadStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    RESOLVED = "resolved", _("Resolved")


class ThreadQuerySet(models.QuerySet["Thread"]):
    def waiting(self) -> Self:
        return self.filter(status=ThreadStatus.OPEN)

    def on_page(self, page_id: int) -> Self:
        return self.filter(version__page_id=page_id)


class Thread(models.Model):
    """A conversation about a step of the version it was written on, a passage or an image of it, or the whole.

    It follows its step into later versions; whether they still hold the passage is told by review.anchors.
    """

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="threads")
    step_id = models.CharField(max_length=64, blank=True, help_text="Empty: the whole procedure.")
    kind = models.CharField(_("kind"), max_length=10, choices=ThreadKind.choices, default=ThreadKind.QUESTION)
    status = models.CharField(max_length=10, choices=ThreadStatus.choices, default=ThreadStatus.OPEN)
    quote = models.TextField(_("quoted passage"), blank=True)
    prefix = models.CharField(max_length=100, blank=True, help_text="What stands before the passage.")
    suffix = models.CharField(max_length=100, blank=True, help_text="What stands after the passage.")
    image_sha256 = models.CharField(
        max_length=64, blank=True, help_text="The image of the step, where it is on one."
    )
    image_x = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Thousandths of its width.")
    image_y = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Thousandths of its height.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="threads")
    started_at = models.DateTimeField()
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()
    # What review.queries.show_places tells of it for the version that is being read.
    passage_is_gone: bool = False
    pointed: "PointedImage | None" = None

    objects = ThreadQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        constraints = [
            models.CheckConstraint(
                condition=Q(resolved_by__isnull=True, resolved_at__isnull=True) & ~Q(status="resolved")
                | Q(resolved_by__isnull=False, resolved_at__isnull=False, status="resolved"),
                name="thread_resolved_pair",
            ),
            models.CheckConstraint(
                condition=Q(image_sha256="", image_x__isnull=True, image_y__isnull=True)
                | ~Q(image_sha256="") & ~Q(step_id="") & Q(image_x__lte=1000, image_y__lte=1000),
                name="thread_points_at_an_image",
            ),
        ]
        indexes = [models.Index(fields=["status", "started_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("review:thread", args=[self.pk])

    @property
    def clock(self) -> "SafetyClock | None":
        """By when it is to be answered, where it is about safety (queries.threads_with_comments reads it)."""
        return getattr(self, "safety_clock", None) if self.kind == ThreadKind.SAFETY else None


class Comment(models.Model):
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comments")
    written_at = models.DateTimeField()
    text = models.TextField(_("comment"))
    history = HistoricalRecords()

    class Meta:
        ordering = ["written_at", "pk"]
        verbose_name = _("comment")
        verbose_name_plural = _("comments")

    def __str__(self) -> str:
        return self.text[:60]


def _photo_name(photo: "Photo", name: str) -> str:
    return f"photos/{photo.sha256}{PurePosixPath(name).suffix}"


class Photo(models.Model):
    """A photo that somebody attached to a comment, as review.photos wrote it anew."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="photos")
    file = models.FileField(upload_to=_photo_name)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    has_position = models.BooleanField(help_text="Its author wanted the file to tell where it was taken.")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.sha256[:12]}"

    def get_absolute_url(self) -> str:
        return reverse("review:photo", args=[self.pk])


class SuggestionStatus(models.TextChoices):
    SUBMITTED = "submitted", _("Waiting for a decision")
    ACCEPTED = "accepted", _("Accepted")
    CHANGED = "accepted_with_changes", _("Accepted with changes")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("proposed edit", "Withdrawn")
    OVERTAKEN = "overtaken", _("Overtaken")


# From which state to which; everything that is not here is refused (review.rules).
SUGGESTION_TRANSITIONS: dict[str, frozenset[str]] = {
    SuggestionStatus.SUBMITTED: frozenset(
        {
            SuggestionStatus.ACCEPTED,
            SuggestionStatus.CHANGED,
            SuggestionStatus.REFUSED,
            SuggestionStatus.WITHDRAWN,
            SuggestionStatus.OVERTAKEN,
        }
    ),
}
LANDED = (SuggestionStatus.ACCEPTED, SuggestionStatus.CHANGED)


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def waiting(self) -> Self:
        return self.filter(status=SuggestionStatus.SUBMITTED)

    def landed(self) -> Self:
        return self.filter(status__in=LANDED)

    def unreleased(self) -> Self:
        return self.landed().filter(released_in__isnull=True)

    def on_page(self, page_id: int) -> Self:
        return self.filter(version__page_id=page_id)


class Suggestion(models.Model):
    """A change that somebody in the field proposes to the text as it was shown to them."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="suggestions")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="suggestions")
    submitted_at = models.DateTimeField()
    reason = models.TextField(_("reason"))
    ticket_reference = models.CharField(_("ticket"), max_length=40, blank=True)
    status = models.CharField(
        max_length=22, choices=SuggestionStatus.choices, default=SuggestionStatus.SUBMITTED
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    landed_in = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, blank=True, related_name="landed_suggestions"
    )
    released_in = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="released_suggestions"
    )
    history = HistoricalRecords()

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering = ["submitted_at", "pk"]
        verbose_name = _("proposed edit")
        verbose_name_plural = _("proposed edits")
        permissions = [
            ("decide_suggestion", "Can decide on proposed edits of own procedures"),
            ("decide_any_suggestion", "Can decide on proposed edits of any procedure"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="submitted", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(status="submitted") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="suggestion_decided_pair",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(answer=""), name="suggestion_refused_says_why"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["accepted", "accepted_with_changes"], landed_in__isnull=False)
                | ~Q(status__in=["accepted", "accepted_with_changes"])
                & Q(landed_in__isnull=True, released_in__isnull=True),
                name="suggestion_landed_somewhere",
            ),
        ]
        indexes = [models.Index(fields=["status", "submitted_at"])]

    def __str__(self) -> str:
        return f"#{self.pk} · {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("review:suggestion", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == SuggestionStatus.SUBMITTED


class SuggestedField(models.TextChoices):
    TITLE = "title", _("Title")
    BODY = "body", _("What to do")
    EXPECTED = "expected", _("Expected result")
    CAUTION = "caution", _("Caution")


class SuggestedChange(models.Model):
    """One field of one step: the text as shown, the text proposed, and the text that landed."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="changes")
    step_id = models.CharField(max_length=64)
    field = models.CharField(max_length=10, choices=SuggestedField.choices)
    base_text = models.TextField(blank=True)
    proposed_text = models.TextField(blank=True)
    landed_text = models.TextField(blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("change of a step")
        verbose_name_plural = _("changes of a step")
        constraints = [
            models.UniqueConstraint(
                fields=["suggestion", "step_id", "field"], name="suggested_change_once_a_field"
            ),
            models.CheckConstraint(
                condition=~Q(base_text=models.F("proposed_text")), name="suggested_change_changes_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.field}"
