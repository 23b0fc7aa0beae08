"""Proposed edits: what somebody in the field would change in a step, and what became of it."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords
from wagtail.images import get_image_model_string
from wagtail.models import Revision

from procedures.models import ProcedureVersion
from procedures.models.pairs import unset_when

if TYPE_CHECKING:
    from review.handing import Handing
    from review.levels import Due


class SuggestionKind(models.TextChoices):
    ERROR = "error", _("Error")
    AMBIGUITY = "ambiguity", _("Ambiguity")
    IMPROVEMENT = "improvement", _("Improvement")
    SAFETY = "safety", _("Safety")


class SuggestedAction(models.TextChoices):
    """What it does to the step; an edit may move the step as well."""

    EDIT = "edit", pgettext_lazy("proposed edit", "Change a step")
    ADD = "add", pgettext_lazy("proposed edit", "Add a step")
    REMOVE = "remove", pgettext_lazy("proposed edit", "Remove a step")


class SuggestionStatus(models.TextChoices):
    SUBMITTED = "submitted", _("Waiting for a decision")
    ASKED = "asked", _("Waiting for its author's answer")
    ACCEPTED = "accepted", _("Accepted")
    CHANGED = "accepted_with_changes", _("Accepted with changes")
    ADOPTED = "adopted", _("Already in the text")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("proposed edit", "Withdrawn")


OPEN = (SuggestionStatus.SUBMITTED, SuggestionStatus.ASKED)
LANDED = (SuggestionStatus.ACCEPTED, SuggestionStatus.CHANGED, SuggestionStatus.ADOPTED)
_ENDS = frozenset({*LANDED, SuggestionStatus.REFUSED, SuggestionStatus.WITHDRAWN})
# From which state to which; everything that is not here is refused (review.rules).
SUGGESTION_TRANSITIONS: dict[str, frozenset[str]] = {
    SuggestionStatus.SUBMITTED: _ENDS | {SuggestionStatus.ASKED},
    SuggestionStatus.ASKED: _ENDS | {SuggestionStatus.SUBMITTED},
}


NEW_STEP_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def waiting(self) -> Self:
        """Undecided, whoever it waits for."""
        return self.filter(status__in=OPEN)

    def landed(self) -> Self:
        return self.filter(status__in=LANDED)

    def unreleased(self) -> Self:
        return self.landed().filter(released_in__isnull=True)

    def on_page(self, page_id: int) -> Self:
        return self.filter(version__page_id=page_id)


class Suggestion(models.Model):
    """A change that somebody in the field proposes to one step of the text as it was shown to them.

    What they sent at once, over several steps, is as many of these, each decided by itself: `sent_with` is the
    first of them, which the others hang on, and where people vote, comment and propose an alternative.
    """

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="suggestions")
    sent_with = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="others"
    )
    alternative_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="alternatives"
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="suggestions")
    submitted_at = models.DateTimeField()
    kind = models.CharField(
        _("kind"), max_length=12, choices=SuggestionKind.choices, default=SuggestionKind.IMPROVEMENT
    )
    reason = models.TextField(_("reason"))
    ticket_reference = models.CharField(_("ticket"), max_length=40, blank=True)
    action = models.CharField(max_length=6, choices=SuggestedAction.choices, default=SuggestedAction.EDIT)
    step_id = models.CharField(max_length=64)
    after = models.CharField(  # noqa: DJ001  "" is the first place, NULL none of its own
        max_length=64, null=True, blank=True,
        help_text="The id of the step that this one is to follow; empty: it comes first; null: it stays.",
    )  # fmt: skip
    status = models.CharField(
        max_length=22, choices=SuggestionStatus.choices, default=SuggestionStatus.SUBMITTED
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who was handed the decision; empty: the procedure's owner.",
    )  # fmt: skip
    handed_note = models.TextField(blank=True, help_text="What was said when it was handed on last.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    landed_in = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, blank=True, related_name="landed_suggestions"
    )
    landed_after = models.CharField(  # noqa: DJ001  "" is the first place, NULL none of its own
        max_length=64, null=True, blank=True,
        help_text="Where the step came to stand, where its place was part of the proposal.",
    )  # fmt: skip
    released_in = models.ForeignKey(
        ProcedureVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="released_suggestions"
    )
    history = HistoricalRecords()
    dues: "Sequence[Due]" = ()  # of all that was sent together, as review.levels.show_dues tells
    step: tuple[str, str] = ("", "")  # which, and its title, as review.step_titles.show_steps tells
    handings: "Sequence[Handing]" = ()  # as review.handing.show_handings tells

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
                condition=unset_when("decided_by", "decided_at", status__in=OPEN),
                name="suggestion_decided_pair",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(answer=""), name="suggestion_refused_says_why"
            ),
            models.CheckConstraint(
                condition=Q(handed_note="") | Q(assigned_to__isnull=False),
                name="suggestion_handed_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status__in=LANDED, landed_in__isnull=False)
                | ~Q(status__in=LANDED) & Q(landed_in__isnull=True, released_in__isnull=True),
                name="suggestion_landed_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(action="edit")
                | Q(action="add", after__isnull=False)
                | Q(action="remove", after__isnull=True),
                name="suggestion_place_pair",
            ),
            models.CheckConstraint(
                condition=~Q(sent_with=F("pk")) & ~Q(alternative_to=F("pk")),
                name="suggestion_not_with_itself",
            ),
            # A new step is told from every other: the id was made for it (review.proposing.new_step_id).
            models.UniqueConstraint(
                fields=["step_id"], condition=Q(action="add"), name="suggestion_new_step_is_its_own"
            ),
            models.CheckConstraint(
                condition=~Q(action="add") | Q(step_id__regex=NEW_STEP_ID), name="suggestion_new_step_id"
            ),
            models.CheckConstraint(condition=~Q(after=F("step_id")), name="suggestion_not_after_itself"),
            models.UniqueConstraint(
                fields=["sent_with", "step_id"], name="suggestion_once_a_step_sent_together"
            ),
        ]
        indexes = [models.Index(fields=["status", "submitted_at"])]

    def __str__(self) -> str:
        return f"#{self.pk} · {self.version}"

    def get_absolute_url(self) -> str:
        """The page of all that was sent together, at this step."""
        address = reverse("review:suggestion", args=[self.head_id])
        return f"{address}#edit-{self.pk}" if self.sent_with_id else address

    @property
    def head_id(self) -> int:
        return self.sent_with_id or self.pk

    def sent_together(self) -> SuggestionQuerySet:
        """All that its author sent at once, this one among them."""
        return Suggestion.objects.filter(Q(pk=self.head_id) | Q(sent_with=self.head_id)).order_by("pk")

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class SuggestedField(models.TextChoices):
    TITLE = "title", _("Title")
    BODY = "body", _("What to do")
    EXPECTED = "expected", _("Expected result")
    CAUTION = "caution", _("Caution")


class SuggestedChange(models.Model):
    """One field of the step: the text as shown, the text proposed, and the text that landed."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="changes")
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
            models.UniqueConstraint(fields=["suggestion", "field"], name="suggested_change_once_a_field"),
            models.CheckConstraint(
                condition=~Q(base_text=F("proposed_text")), name="suggested_change_changes_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.suggestion_id} {self.field}"


def _image_name(image: "SuggestedImage", name: str) -> str:
    return f"proposed/{image.sha256}{PurePosixPath(name).suffix}"


class SuggestedImage(models.Model):
    """An image of the step in another's place, as review.photos wrote it anew."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="images")
    replaces = models.CharField(max_length=64, help_text="SHA-256 of the image as shown.")
    alt = models.CharField(_("What it shows"), max_length=255)
    file = models.FileField(upload_to=_image_name)
    sha256 = models.CharField(max_length=64)
    landed_as = models.ForeignKey(
        get_image_model_string(), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("proposed image")
        verbose_name_plural = _("proposed images")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["suggestion", "replaces"], name="suggested_image_once"),
            models.CheckConstraint(condition=~Q(replaces=F("sha256")), name="suggested_image_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.suggestion_id}: {self.sha256[:12]}"

    def get_absolute_url(self) -> str:
        return reverse("review:proposed_image", args=[self.pk])


class Vote(models.Model):
    """Somebody else met what a proposal mends: counted once a person."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ticket_reference = models.CharField(_("ticket"), max_length=40, blank=True)
    voted_at = models.DateTimeField()
    history = HistoricalRecords()

    class Meta:
        ordering = ["voted_at", "pk"]
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["suggestion", "person"], name="vote_once_a_person")]

    def __str__(self) -> str:
        return f"{self.suggestion_id}: {self.person_id}"
