"""Threads: conversations on what is read."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from review.levels import Due
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

    def on_text(self) -> Self:
        """Those that stand on what is read, not on a proposed edit."""
        return self.filter(suggestion__isnull=True)


class Thread(models.Model):
    """A conversation about a step of the version it was written on, a passage or an image of it, or the whole.

    It follows its step into later versions; whether they still hold the passage is told by review.anchors.
    """

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="threads")
    step_id = models.CharField(max_length=64, blank=True, help_text="Empty: the whole procedure.")
    suggestion = models.OneToOneField(
        "review.Suggestion", on_delete=models.PROTECT, null=True, blank=True, related_name="thread",
        help_text="The proposed edit that it is about, where it is about one.",
    )  # fmt: skip
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
    dues: "Sequence[Due]" = ()  # as review.levels.show_dues tells
    step: tuple[str, str] = ("", "")  # what it is on, and its title, as review.step_titles.show_steps tells

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
        if self.suggestion_id:
            return reverse("review:suggestion", args=[self.suggestion_id]) + "#comments"
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
