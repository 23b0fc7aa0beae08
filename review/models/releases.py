"""A release on its way from submission to a version: the bytes, the stages, the signatures."""

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from wagtail.models import Revision, Task, WorkflowState

from procedures.models import ProcedurePage, ProcedureVersion, Significance
from procedures.models.pairs import unset_when
from review.models.plans import Meaning, StageKind


class ReleaseStatus(models.TextChoices):
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    SENT_BACK = "sent_back", _("Sent back")
    TAKEN_BACK = "taken_back", _("Taken back")
    REPLACED = "replaced", _("Replaced by other bytes")
    STOPPED = "stopped", _("Stopped with its review plan")


class ReleaseQuerySet(models.QuerySet["Release"]):
    def in_review(self) -> Self:
        return self.filter(status=ReleaseStatus.IN_REVIEW)

    def ended_by_others(self) -> Self:
        """Without a version, and not by their submitters, who have to do something about them."""
        taken_back = Q(status=ReleaseStatus.TAKEN_BACK) & ~Q(ended_by=F("submitted_by"))
        return self.filter(Q(status__in=[ReleaseStatus.SENT_BACK, ReleaseStatus.STOPPED]) | taken_back)


class Release(models.Model):
    """One submission of a working copy: exactly these bytes go through these stages."""

    page = models.ForeignKey(ProcedurePage, on_delete=models.PROTECT, related_name="releases")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="releases")
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.JSONField(
        help_text="The canonical content as submitted: an image replaced since changes nothing."
    )
    editors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Whose words it holds: they may not sign.",
    )
    significance = models.CharField(_("significance"), max_length=10, choices=Significance.choices)
    change_summary = models.TextField(_("change summary"))
    effective_from = models.DateTimeField(
        _("goes into force"), null=True, blank=True, help_text=_("Empty: as soon as it is approved.")
    )
    workflow_state = models.OneToOneField(WorkflowState, on_delete=models.PROTECT, related_name="release")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="releases"
    )
    submitted_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=ReleaseStatus.choices, default=ReleaseStatus.IN_REVIEW)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    version = models.OneToOneField(
        ProcedureVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="release"
    )
    history = HistoricalRecords()

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        permissions = [
            ("submit_release", "Can submit a working copy for release"),
            ("withdraw_version", "Can withdraw a version in force"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["page"], condition=Q(status="in_review"), name="release_one_in_review"
            ),
            models.CheckConstraint(
                condition=unset_when("ended_at", status="in_review"),
                name="release_ended_pair",
            ),
            models.CheckConstraint(
                condition=Q(status="approved", version__isnull=False)
                | ~Q(status="approved") & Q(version__isnull=True),
                name="release_approved_has_version",
            ),
            models.CheckConstraint(condition=~Q(change_summary=""), name="release_says_what_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.page.number} · {self.get_status_display()}"

    def get_absolute_url(self) -> str:
        return reverse("review:draft", args=[self.page.number])

    @property
    def is_open(self) -> bool:
        return self.status == ReleaseStatus.IN_REVIEW

    @property
    def why_ended(self) -> str:
        """What somebody wrote to it, else what its status alone tells, in the language of now."""
        if self.status == ReleaseStatus.STOPPED:
            return gettext(
                "The workflow that is its review plan was disabled or cancelled in the editing desk. Signatures given "
                "on it are void; the text is unchanged, and can be submitted again once a review plan is in use."
            )
        return self.reason


class StageQuerySet(models.QuerySet["Stage"]):
    def open(self) -> Self:
        return self.filter(
            opened_at__isnull=False, completed_at__isnull=True, release__status=ReleaseStatus.IN_REVIEW
        )


# What the site's set-up (kb.bootstrap) and its example call their stages; records keep these words.
SEEDED_STAGES = {
    "Release approval": _("Release approval"),
    "Technical review": _("Technical review"),
    "Safety review": _("Safety review"),
}


class Stage(models.Model):
    """One stage of a review under way, as the plan had it on submission."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="stages")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    batch = models.PositiveSmallIntegerField(help_text="Stages of one number are open at the same time.")
    name = models.CharField(_("name"), max_length=255)
    kind = models.CharField(max_length=10, choices=StageKind.choices)
    meaning = models.CharField(max_length=12, choices=Meaning.choices)
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    needed = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    escalate_to = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["release", "position"]
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="stage_position_once"),
            models.UniqueConstraint(fields=["release", "task"], name="stage_task_once"),
        ]

    def __str__(self) -> str:
        return self.local_name

    @property
    def local_name(self) -> str:
        """As a page shows it: a stage of this project's own plans in the reader's language, others as they are named."""
        return str(SEEDED_STAGES.get(self.name, self.name))

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None and self.completed_at is None and self.release.is_open


class SignatureQuerySet(models.QuerySet["Signature"]):
    def valid(self) -> Self:
        return self.filter(voided_at__isnull=True)


class Signature(models.Model):
    """Who signed which bytes, when, in whose place, and what it means."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="signatures")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="signatures")
    signatory = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures"
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(_("name"), max_length=200, help_text="The signatory's name at that time.")
    signed_at = models.DateTimeField()
    meaning = models.CharField(max_length=12, choices=Meaning.choices)
    comment = models.TextField(blank=True)
    sha256 = models.CharField("SHA-256", max_length=64)
    voided_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    objects = SignatureQuerySet.as_manager()

    class Meta:
        ordering = ["signed_at", "pk"]
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "signatory"],
                condition=Q(voided_at__isnull=True),
                name="signature_once_a_person",
            ),
            models.UniqueConstraint(
                fields=["stage", "on_behalf_of"],
                condition=Q(voided_at__isnull=True),
                name="signature_once_a_person_represented",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of__isnull=True) | ~Q(on_behalf_of=F("signatory")),
                name="signature_on_behalf_of_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_meaning_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise models.ProtectedError("A signature is voided, never deleted.", {self})


class Remark(models.Model):
    """What somebody consulted says of a release; it signs nothing."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="remarks")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    text = models.TextField(_("comment"))
    history = HistoricalRecords()

    class Meta:
        ordering = ["written_at", "pk"]
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")

    def __str__(self) -> str:
        return self.text[:60]
