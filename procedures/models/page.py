"""The working copy of a procedure: a Wagtail page that editors change and readers never see.

What readers see is a ProcedureVersion, minted from one approved revision of this page.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, ObjectList, TabbedInterface
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.log_actions import log
from wagtail.models import Page, PagePermissionTester, Revision

from procedures.content import canonical_content, clean_line
from procedures.editor_panel import NotesPanel
from procedures.forms import CANNOT_OWN, ProcedurePageForm
from procedures.models.catalogue import ErrorCode, ProductLine
from procedures.models.fields import TextListField
from procedures.models.page_permissions import ApprovedOnlyPermissionTester, ProcedureFolderPermissionTester
from procedures.people import possible_owners

number_validator = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", _("Use letters, digits, dots, hyphens and underscores, e.g. SOP-1042.")
)


class Kind(models.TextChoices):
    INSTALL = "install", _("Installation")
    UPGRADE = "upgrade", _("Upgrade")
    CALIBRATE = "calibrate", _("Calibration")
    MAINTAIN = "maintain", _("Maintenance")
    DIAGNOSE = "diagnose", _("Diagnosis")
    REPAIR = "repair", _("Repair")
    DISASSEMBLE = "disassemble", _("Disassembly")
    TRANSPORT = "transport", _("Transport")
    ERROR_HANDLING = "error_handling", _("Error handling")


class Audience(models.TextChoices):
    """Who may read it once released; each audience includes the ones below it."""

    INTERNAL = "internal", _("Internal: service staff")
    CUSTOMER = "customer", _("Customers with an account")
    PUBLIC = "public", _("Everybody")


class Importance(models.TextChoices):
    NORMAL = "normal", _("Normal")
    IMPORTANT = "important", _("Important")
    CRITICAL = "critical", pgettext_lazy("step", "Critical")


class Significance(models.TextChoices):
    """Decides the next number (editorial and minor 1.2 -> 1.3, major 1.2 -> 2.0) and the review plan."""

    EDITORIAL = "editorial", _("Editorial")
    MINOR = "minor", _("Minor")
    MAJOR = "major", _("Major")


class StepBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("Title"), max_length=255)
    body = blocks.TextBlock(label=_("What to do"), required=False, rows=6, help_text=_("Markdown."))
    expected = blocks.TextBlock(label=_("Expected result"), required=False, rows=2)
    caution = blocks.TextBlock(label=_("Caution"), required=False, rows=2)
    images = blocks.ListBlock(
        blocks.StructBlock(
            [
                ("image", ImageChooserBlock(label=_("Image"))),
                ("alt", blocks.CharBlock(label=_("What it shows"), max_length=255)),
            ]
        ),
        label=_("Images"),
        required=False,
        default=[],
        collapsed=True,
    )
    minutes = blocks.IntegerBlock(label=_("Minutes"), required=False, min_value=0, max_value=10_000)
    importance = blocks.ChoiceBlock(
        label=_("Importance"), choices=Importance.choices, default=Importance.NORMAL
    )

    class Meta:
        icon = "list-ol"
        label = _("Step")


class ProcedureIndexPage(Page):
    """The folder that all procedures live in."""

    parent_page_types = ["kb.HomePage"]
    subpage_types = ["procedures.ProcedurePage"]
    max_count = 1
    has_workflow = (
        False  # asked on the add page: a release starts on the site, once there is something to see
    )

    class Meta:
        verbose_name = _("procedures folder")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("procedures:list")

    def permissions_for_user(self, user: Any) -> PagePermissionTester:
        return ProcedureFolderPermissionTester(user, self)


# What a save puts into force at once: it is no part of the text, so no release would ever bring it.
RESPONSIBILITY = "procedures.responsibility"
NO_TEXT = ("procedure_owner_id", "team", "review_months")


class ProcedurePage(Page):
    number = models.CharField(_("number"), max_length=120, unique=True, validators=[number_validator])
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.REPAIR)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("en", _("English")), ("zh-hans", _("Simplified Chinese"))],
        default="en",
    )
    audience = models.CharField(
        _("audience"), max_length=10, choices=Audience.choices, default=Audience.INTERNAL
    )
    product_line = models.ForeignKey(
        ProductLine,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="procedure_pages",
        verbose_name=_("product line"),
    )
    procedure_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_procedures",
        verbose_name=_("procedure owner"),
    )
    team = models.CharField(_("team"), max_length=120, blank=True)
    summary = models.TextField(
        _("summary"), blank=True, help_text=_("When to use it, in one or two sentences.")
    )
    safety = models.TextField(_("safety notes"), blank=True, help_text=_("Markdown. The dangers first."))
    tools = TextListField(_("tools"), default=list, blank=True)
    parts = TextListField(_("parts"), default=list, blank=True)
    skills = TextListField(_("skills"), default=list, blank=True)
    error_codes = ParentalManyToManyField(
        ErrorCode, blank=True, related_name="procedure_pages", verbose_name=_("error codes")
    )
    review_months = models.PositiveSmallIntegerField(
        _("review every … months"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("Empty: as the site has it. It holds as soon as it is saved and is no part of the text."),
    )  # fmt: skip
    steps = StreamField([("step", StepBlock())], blank=True, verbose_name=_("steps"))
    source_key = models.CharField(
        max_length=500, unique=True, null=True, blank=True, editable=False,
        help_text="Where an importer took it from: the set's name and the file's path.",
    )  # fmt: skip

    parent_page_types = ["procedures.ProcedureIndexPage"]
    subpage_types: list[str] = []
    base_form_class = ProcedurePageForm
    is_autosave = False  # the save under way is the editing desk's own (procedures.wagtail_hooks)

    content_panels = [
        FieldPanel("title"),
        FieldRowPanel([FieldPanel("number"), FieldPanel("kind")]),
        FieldRowPanel([FieldPanel("language"), FieldPanel("audience")]),
        FieldPanel("summary"),
        FieldPanel("safety"),
        NotesPanel(heading=_("Open marks")),
        FieldPanel("steps"),
    ]
    applicability_panels = [
        FieldPanel("product_line"),
        InlinePanel("applicability", label=_("Applies to")),
        FieldPanel("error_codes"),
        FieldRowPanel(
            [
                FieldPanel(
                    "procedure_owner",
                    help_text=_("Owner, team and interval change only when you save, not by autosave."),
                ),
                FieldPanel("team"),
                FieldPanel("review_months"),
            ]
        ),
        FieldPanel("tools"),
        FieldPanel("parts"),
        FieldPanel("skills"),
    ]
    edit_handler = TabbedInterface(
        [
            ObjectList(content_panels, heading=_("Procedure")),
            ObjectList(applicability_panels, heading=_("Where it applies")),
        ]
    )

    class Meta:
        verbose_name = _("procedure")
        verbose_name_plural = _("procedures")
        # SQLite enforces no max_length. Migration 0011 refuses it for a version.
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("number"), 120), name="procedure_number_length"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("procedures:latest", args=[self.number])

    def get_admin_display_title(self) -> str:
        return f"{self.number} {super().get_admin_display_title()}".strip()

    def full_clean(self, *args: Any, **kwargs: Any) -> None:
        """Its address on the site is its number; Wagtail's slug is made from the title, or where that has no
        letter from the number. Titles and the number are kept without what nobody sees in them."""
        self.title, self.number = clean_line(self.title), clean_line(self.number)  # type: ignore[has-type]  # as below
        for step in self.steps:
            if (title := clean_line(step.value["title"])) != step.value["title"]:
                step.value["title"] = title
        if not self.slug and not slugify(self.title, allow_unicode=True):  # type: ignore[has-type]  # Wagtail has no types
            self.slug = slugify(self.number.replace(".", "-"))
        super().full_clean(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        from procedures.numbers import (
            owner_of,
            taken_message,
        )  # it asks the versions, which import this module

        if self.number and (owner := owner_of(self.number, besides=self.pk)) is not None:
            raise ValidationError({"number": taken_message(self.number, owner)})
        self._check_owner()

    def _check_owner(self) -> None:
        """Whoever is named must be able to act. Whoever could when they were named stays until another is."""
        named = self.procedure_owner_id
        if named is None or possible_owners().filter(pk=named).exists():
            return
        if not ProcedurePage.objects.filter(pk=self.pk, procedure_owner=named).exists():
            raise ValidationError({"procedure_owner": CANNOT_OWN})

    def save(self, *args: Any, **kwargs: Any) -> Any:
        """Whoever makes a procedure answers for it until somebody else is named, if they can."""
        if self._state.adding and self.procedure_owner is None:
            self.procedure_owner = possible_owners().filter(pk=self.owner_id).first()
        return super().save(*args, **kwargs)

    @property
    def exclude_fields_in_copy(self) -> list[str]:
        """What Wagtail asks first when it copies a page, by whatever class's method: there is no signal for it."""
        raise PermissionDenied(
            gettext("A procedure is not copied: its number, and who wrote what of it, are its own.")
        )

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        parts = super().get_url_parts(request)
        # "View live" must lead to the released version, never to a rendering of the working copy.
        return parts and (parts[0], parts[1], self.get_absolute_url())

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect(self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        from procedures.views.preview import preview_page  # views import models

        return preview_page(request, self)

    def permissions_for_user(self, user: Any) -> PagePermissionTester:
        return ApprovedOnlyPermissionTester(user, self)

    def save_revision(
        self, *args: Any, overwrite_revision: Revision | None = None, **kwargs: Any
    ) -> Revision:
        """Save a revision; an autosave never overwrites one that is live, was reviewed or became a version.

        Raises NotAllowed where its number has become another procedure's: also where no form says so.
        """
        from procedures.numbers import check_number  # it asks the versions, which import this module

        check_number(page_id=self.pk, number=self.number)
        if overwrite_revision is not None and (
            overwrite_revision.pk == self.live_revision_id
            or overwrite_revision.task_states.exists()
            or overwrite_revision.procedure_versions.exists()
            or overwrite_revision.pk != self.latest_revision_id
        ):
            overwrite_revision = None
        canonical_content(self)  # keeps the bytes of its images as they are now (procedures.frozen_files)
        revision = super().save_revision(*args, overwrite_revision=overwrite_revision, **kwargs)
        self._save_what_is_no_text(revision)
        return revision

    def restore_what_is_no_text(self) -> None:
        """Take back what was chosen and is not saved yet: who gives a procedure away may be shut out by it."""
        stored = ProcedurePage.objects.filter(pk=self.pk).only(*NO_TEXT).get()
        for name in NO_TEXT:
            setattr(self, name, getattr(stored, name))

    def _save_what_is_no_text(self, revision: Revision) -> None:
        """Who answers for it and how often it is reviewed hold at once: it is no new text to be released."""
        stored = ProcedurePage.objects.filter(pk=self.pk)
        before = stored.only(*NO_TEXT).get()
        changed = {
            name: getattr(self, name) for name in NO_TEXT if getattr(before, name) != getattr(self, name)
        }
        if not changed:
            return
        stored.update(**changed)
        # Who may submit and who is asked follow from it: the page's log says who changed it, and from what.
        fields = [name.removesuffix("_id") for name in changed]
        log(
            instance=self,
            action=RESPONSIBILITY,
            user=revision.user,
            revision=revision,
            data={field: [str(getattr(page, field) or "") for page in (before, self)] for field in fields},
        )

    def with_content_json(self, content: dict[str, Any]) -> "ProcedurePage":
        """The page as the revision has it, but with today's owner, team and review interval, which are no text."""
        page: ProcedurePage = super().with_content_json(content)
        for name in NO_TEXT:
            setattr(page, name, getattr(self, name))
        return page

    def publish(self, revision: Revision, *args: Any, **kwargs: Any) -> Any:
        """Make a released revision the live one. Raises PermissionDenied where no version was minted from it."""
        if not revision.procedure_versions.exists():
            raise PermissionDenied(gettext("Only an approved version can be published."))
        kwargs["skip_permission_checks"] = True  # the approval decided; see ApprovedOnlyPermissionTester
        return super().publish(revision, *args, **kwargs)
