"""Review plans: which stages a release goes through, who may sign each, and who stands in for whom.

A plan is a Wagtail workflow; its stages are the workflow's tasks, all of the type ReviewTask. What a running
review asks is a copy of them (review.models.releases), so that editing a plan changes no review under way.
"""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page, Task, TaskState, Workflow

from procedures.models import ProcedurePage, ProductLine, Significance
from procedures.people import staff
from procedures.rules import NotAllowed
from review.desk_forms import DelegationForm, RoleBoxes, RoleSelect

MAX_STAGES = 10


class StageKind(models.TextChoices):
    SIGN = "sign", _("Signatures")
    CONSULT = "consult", _("Consultation: comments only")


class Meaning(models.TextChoices):
    """What a signature says."""

    RELEASE = "release", _("I approve this version for release")
    OWNER = "owner", _("I approve as owner")
    TECHNICAL = "technical", _("I reviewed it for technical correctness")
    SAFETY = "safety", _("I reviewed it for safety")
    LANGUAGE = "language", _("I reviewed the wording")


def who_may_read() -> Q:
    """Nobody signs what they may not read."""
    return Q(pk__in=staff().values("pk"))


class ReviewTask(Task):
    """One stage of a plan: who may sign, how many must, by when, and who is asked when they do not."""

    kind = models.CharField(
        _("what is asked"), max_length=10, choices=StageKind.choices, default=StageKind.SIGN
    )
    meaning = models.CharField(
        _("what a signature says"), max_length=12, choices=Meaning.choices, default=Meaning.RELEASE
    )
    groups = models.ManyToManyField(
        Group, blank=True, related_name="+", verbose_name=_("roles and teams"),
        help_text=_("Members of any of these groups may sign."),
    )  # fmt: skip
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("people"),
        help_text=_("These may sign too."), limit_choices_to=who_may_read,
    )  # fmt: skip
    needed = models.PositiveSmallIntegerField(
        _("how many must sign"), default=1, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    side_by_side = models.BooleanField(
        _("side by side with the stage before"), default=False,
        help_text=_("Both are open at once; the plan goes on when both are complete."),
    )  # fmt: skip
    days = models.PositiveSmallIntegerField(
        _("days"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("Due so many days after the stage opens; empty: no due date."),
    )  # fmt: skip
    escalate_to = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("escalate to"),
        help_text=_("Once the stage is overdue, members of this group may sign as well."),
    )  # fmt: skip

    admin_form_fields = [
        *Task.admin_form_fields,
        "kind",
        "meaning",
        "groups",
        "people",
        "needed",
        "side_by_side",
        "days",
        "escalate_to",
    ]
    admin_form_widgets = {
        "groups": RoleBoxes,
        "people": forms.CheckboxSelectMultiple,
        "escalate_to": RoleSelect,
    }

    class Meta:
        verbose_name = _("review stage")
        verbose_name_plural = _("review stages")
        constraints = [
            models.CheckConstraint(
                condition=Q(escalate_to__isnull=True) | Q(days__isnull=False),
                name="review_task_escalates_after_days",
            ),
            models.CheckConstraint(condition=Q(needed__gte=1), name="review_task_needs_somebody"),
        ]

    def clean(self) -> None:
        super().clean()
        if self.escalate_to_id and self.days is None:
            raise ValidationError({"days": gettext("Say after how many days it is passed on to that group.")})

    @classmethod
    def get_description(cls) -> str:
        return str(_("Named people or members of groups sign a release, or comment on it"))

    def start(self, workflow_state: Any, user: Any = None) -> TaskState:
        """Wagtail opens a task on the newest revision; a review stays with the one that was submitted."""
        from review.reviewing import bind  # it asks these models

        task_state: TaskState = super().start(workflow_state, user=user)
        return bind(task_state)

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, str, bool]]:
        """None of Wagtail's: a signature asks for a password beside the very bytes (review.views.release)."""
        return []

    def on_action(self, task_state: Any, user: Any, action_name: str, **kwargs: Any) -> None:
        """Wagtail's own door stays shut, whoever knocks."""
        raise NotAllowed(str(_("A release is signed on its own page, beside the text that is signed.")))


def stages_of(workflow: Workflow) -> list[ReviewTask]:
    """The workflow's stages in order. Raises NotAllowed where it cannot be a plan, whoever is in its teams.

    A disabled workflow or task is never passed over: a release would go through fewer stages than it should.
    """
    if not workflow.active:
        raise NotAllowed(
            gettext(
                "The review plan “%(plan)s” is disabled, and nothing goes through another one in its place. "
                "Documentation staff can choose another workflow under Review plans, or enable this one under "
                "Settings, Workflows."
            )
            % {"plan": workflow.name}
        )
    links = workflow.workflow_tasks.select_related("task").order_by("sort_order")
    tasks = [link.task.specific for link in links]
    for task in tasks:
        named = {"plan": workflow.name, "stage": task.name}
        if not isinstance(task, ReviewTask):
            raise NotAllowed(
                gettext(
                    "“%(stage)s” of the review plan “%(plan)s” is a task of another type: a plan consists of review "
                    "stages only."
                )
                % named
            )
        if not task.active:
            raise NotAllowed(
                gettext(
                    "The stage “%(stage)s” of the review plan “%(plan)s” is disabled, and nothing goes past it. "
                    "Documentation staff can enable it, or take it out of the workflow, under Settings, Workflows."
                )
                % named
            )
    if not tasks:
        raise NotAllowed(gettext("The review plan “%(plan)s” has no stage.") % {"plan": workflow.name})
    if len(tasks) > MAX_STAGES:
        raise NotAllowed(
            gettext("The review plan “%(plan)s” has more than %(most)d stages.")
            % {"plan": workflow.name, "most": MAX_STAGES}
        )
    if all(task.kind != StageKind.SIGN for task in tasks):
        raise NotAllowed(gettext("The review plan “%(plan)s” asks nobody to sign.") % {"plan": workflow.name})
    return tasks


def or_any(field: str) -> Coalesce:
    """The foreign key, with 0 for none: in a unique constraint “any” is a value and stands once."""
    return Coalesce(field, 0, output_field=models.BigIntegerField())


class ReviewPlanQuerySet(models.QuerySet["ReviewPlan"]):
    def for_release(self, page: ProcedurePage, significance: str, submitter: Any) -> "ReviewPlan | None":
        """The most particular plan: the nearest page tree, then the product line, then everything.

        Within those, one for this significance goes before one for any, and one for the submitter's role
        before one for everybody.
        """
        groups = set(submitter.groups.values_list("pk", flat=True))
        found: list[ReviewPlan] = [
            plan
            for plan in self.select_related("page", "workflow").filter(
                Q(significance="") | Q(significance=significance),
                Q(product_line__isnull=True) | Q(product_line=page.product_line_id),
                Q(submitted_by__isnull=True) | Q(submitted_by__in=groups),
            )
            if plan.page is None or plan.page.path == page.path or page.is_descendant_of(plan.page)
        ]
        return max(found, key=lambda plan: plan.particularity, default=None)


class ReviewPlan(models.Model):
    """For which releases a workflow is the plan."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="review_plans", verbose_name=_("stages (workflow)")
    )
    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("product line"), help_text=_("Empty: any."),
    )  # fmt: skip
    page = models.ForeignKey(
        Page, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("page tree"),
        help_text=_("This page and everything below it. Empty: the whole site."),
    )  # fmt: skip
    significance = models.CharField(
        _("significance"), max_length=10, choices=Significance.choices, blank=True, help_text=_("Empty: any.")
    )
    submitted_by = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("submitted by a member of"), help_text=_("Empty: by anybody."),
    )  # fmt: skip
    history = HistoricalRecords()

    panels = [
        *map(FieldPanel, ("workflow", "product_line", "page", "significance")),
        FieldPanel("submitted_by", widget=RoleSelect),
    ]
    objects = ReviewPlanQuerySet.as_manager()

    class Meta:
        ordering = ["product_line", "page", "significance"]
        verbose_name = _("review plan")
        verbose_name_plural = _("review plans")
        constraints = [
            # "Any" is a value here, not an unknown: two plans for the same releases would both be right.
            models.UniqueConstraint(
                or_any("product_line"),
                or_any("page"),
                "significance",
                or_any("submitted_by"),
                name="review_plan_once",
                violation_error_message=_("There is a plan for exactly these releases already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.workflow)

    def clean(self) -> None:
        """Whoever sets a plan up learns what is wrong with it, not whoever submits the first release."""
        super().clean()
        if self.workflow_id:
            try:
                stages_of(self.workflow)
            except NotAllowed as refused:
                raise ValidationError({"workflow": refused.reason}) from None

    @property
    def particularity(self) -> tuple[int, bool, bool, bool]:
        depth = self.page.depth if self.page is not None else 0
        return (
            depth,
            self.product_line_id is not None,
            bool(self.significance),
            self.submitted_by_id is not None,
        )


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, on: Any) -> "DelegationQuerySet":
        return self.filter(starts_on__lte=on, ends_on__gte=on)


class Delegation(models.Model):
    """Somebody signs in another's place while that person is away."""

    delegator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations_given",
        verbose_name=_("who is away"),
    )  # fmt: skip
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations_taken",
        verbose_name=_("who stands in"),
    )  # fmt: skip
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    history = HistoricalRecords()

    base_form_class = DelegationForm
    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on"]
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(
                condition=~Q(delegator=F("delegate")),
                name="delegation_to_somebody_else",
                violation_error_message=_("Nobody stands in for themselves."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="delegation_ends_after_it_starts",
                violation_error_message=_("The last day is before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegator} → {self.delegate}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._check_change()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self._check_change()
        if self.delegate_id and not staff().filter(pk=self.delegate_id).exists():
            raise ValidationError({"delegate": gettext("This person cannot read what is signed.")})

    @property
    def is_over(self) -> bool:
        return self.ends_on < timezone.localdate()

    @property
    def first_possible_end(self) -> date:
        """The earliest day that can still be its last: yesterday, or when a valid signature was given under it."""
        signed = self.delegate.signatures.valid().filter(
            on_behalf_of=self.delegator_id, signed_at__date__range=(self.starts_on, self.ends_on)
        )
        yesterday = timezone.localdate() - timedelta(days=1)
        last = signed.order_by("signed_at").last()
        return max(yesterday, timezone.localdate(last.signed_at)) if last else yesterday

    @property
    def why_kept(self) -> str:
        """Why it cannot be deleted; "" where nobody can have signed under it."""
        if self.is_over:
            return gettext("This delegation is over and stays on record: what was signed rests on it.")
        if self.first_possible_end >= self.starts_on:
            return gettext("This delegation has begun and stays on record; set its last day instead.")
        return ""

    def _check_change(self) -> None:
        """Once it has begun only its last day changes, and none on which it held. Raises ValidationError."""
        before = Delegation.objects.filter(pk=self.pk).first()
        today = timezone.localdate()
        if before is None or before.starts_on > today:
            return
        if before.is_over:
            raise ValidationError(
                gettext("This delegation is over and cannot be changed; record a new one instead.")
            )
        if changed := [
            field for field in ("delegator", "delegate", "starts_on")
            if self.serializable_value(field) != before.serializable_value(field)
        ]:  # fmt: skip
            reason = gettext("This delegation has begun: only its last day can be changed.")
            raise ValidationError({field: reason for field in changed})
        if self.ends_on is not None and self.ends_on < (first := before.first_possible_end):
            raise ValidationError(
                {
                    "ends_on": gettext("Its last day cannot be before %(date)s: it held until then.")
                    % {"date": date_format(first, "Y-m-d")}
                }
            )
