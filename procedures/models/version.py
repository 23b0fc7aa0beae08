"""Versions: what readers see. Minted once from an approved revision and never changed after."""

from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.models import Revision

from procedures.models.catalogue import ErrorCode, MachineModel, ProductLine, SoftwareRelease
from procedures.models.page import Audience, Kind, ProcedurePage, Significance


class VersionStatus(models.TextChoices):
    APPROVED = "approved", _("Approved, not yet in force")
    EFFECTIVE = "effective", _("Effective")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Origin(models.TextChoices):
    RELEASED = "released", _("Released here")
    IMPORTED = "imported", _("Imported with its history")


# What may change after minting: where the version stands in its life, nothing of what it says.
MUTABLE_FIELDS = frozenset(
    {"status", "superseded_at", "withdrawn_at", "withdrawn_by", "withdrawn_reason", "replaced_by"}
)


def _was_called_off() -> Q:
    """Withdrawn before its day, or later while something kept it from coming into force: then the log has an event
    that it was scheduled, and none that it was released."""
    from procedures.models.audit import AuditEvent, AuditKind  # it names the versions by this model

    events = AuditEvent.objects.filter(version=OuterRef("pk")).order_by()
    never = Exists(events.filter(kind=AuditKind.SCHEDULED)) & ~Exists(events.filter(kind=AuditKind.RELEASED))
    return Q(status=VersionStatus.WITHDRAWN) & (Q(withdrawn_at__lt=F("effective_from")) | Q(never))


class VersionQuerySet(models.QuerySet["ProcedureVersion"]):
    def effective(self) -> Self:
        return self.filter(status=VersionStatus.EFFECTIVE)

    def was_in_force(self) -> Self:
        """What is in force or has been: not what was approved for a day and called off before it."""
        return self.exclude(status=VersionStatus.APPROVED).exclude(_was_called_off())

    def called_off(self) -> Self:
        return self.filter(_was_called_off())

    def due(self, at: Any) -> Self:
        """Approved versions whose day has come."""
        return self.filter(status=VersionStatus.APPROVED, effective_from__lte=at)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise ValidationError(gettext("A version is withdrawn, never deleted."))

    def visible_to(self, user: Any) -> Self:
        """The versions this person may read: staff all.

        Others what is in force for their audience, and what it replaced, so that an old link says that it is
        old; but nothing of a procedure that is no longer for them.
        """
        from procedures.access import may_read_internal, readable_audiences  # access asks the models' enums

        if may_read_internal(user):
            return self
        theirs = {"audience__in": readable_audiences(user)}
        in_force = ProcedureVersion.objects.effective().filter(page=OuterRef("page"), **theirs)
        return self.filter(
            Q(status=VersionStatus.EFFECTIVE) | Q(status=VersionStatus.SUPERSEDED) & Exists(in_force),
            **theirs,
        )

    def for_code(self, code: ErrorCode) -> Self:
        return self.filter(error_codes=code)

    def applicable_to(
        self,
        model: MachineModel,
        release: SoftwareRelease | None = None,
        options: Iterable[str] | None = None,
    ) -> Self:
        """Versions with a row for the model whose range holds the release and whose options are all fitted.

        A version with no applicability row at all is for every machine of its product line. `options=None`
        means unknown: only rows that ask for none match.
        """
        rows = VersionApplicability.objects.filter(model=model)
        if release is not None:
            rows = rows.filter(
                Q(release_from__isnull=True) | Q(release_from__position__lte=release.position),
                Q(release_before__isnull=True) | Q(release_before__position__gt=release.position),
            )
        fitted = set(options or ())
        matching = {row.version_id for row in rows.filter(version__in=self) if set(row.options) <= fitted}
        everywhere = Q(applicability__isnull=True) & (
            Q(product_line__isnull=True) | Q(product_line=model.product_line_id)
        )
        return self.filter(Q(pk__in=matching) | everywhere).distinct()


class ProcedureVersion(models.Model):
    """One numbered, approved, immutable text of a procedure.

    `content` is the canonical content (procedures.content), `sha256` its digest; the database refuses a
    change to either (migration 0002), an approval by the last editor and a second effective version.
    """

    page = models.ForeignKey(ProcedurePage, on_delete=models.PROTECT, related_name="versions")
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, blank=True, related_name="procedure_versions"
    )
    major = models.PositiveIntegerField(_("major"))
    minor = models.PositiveIntegerField(_("minor"))
    status = models.CharField(_("status"), max_length=12, choices=VersionStatus.choices)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.RELEASED)
    significance = models.CharField(max_length=10, choices=Significance.choices, default=Significance.MINOR)
    change_summary = models.TextField(_("change summary"), blank=True)

    number = models.CharField(_("number"), max_length=120, db_index=True)
    title = models.CharField(_("title"), max_length=255)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10)
    audience = models.CharField(_("audience"), max_length=10, choices=Audience.choices)
    summary = models.TextField(_("summary"), blank=True)
    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, null=True, blank=True, related_name="versions"
    )
    error_codes = models.ManyToManyField(ErrorCode, related_name="versions", blank=True)

    content = models.JSONField(_("frozen content"))
    html = models.JSONField(_("frozen HTML"), help_text="{safety, steps: {id: {body, expected, caution}}}")
    search_text = models.TextField(blank=True)
    sha256 = models.CharField("SHA-256", max_length=64)

    last_editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(
        _("author"), max_length=200, blank=True, help_text=_("As the imported history names the author.")
    )
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved at"))
    approved_sha256 = models.CharField(max_length=64)
    effective_from = models.DateTimeField(_("effective from"))
    superseded_at = models.DateTimeField(_("superseded at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_reason = models.TextField(_("why withdrawn"), blank=True)
    replaced_by = models.ForeignKey(
        ProcedurePage, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("what to use instead"),
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    on_hold: bool = False  # as procedures.extensions.with_on_hold found it, where that was asked

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["page", "-major", "-minor"]
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        permissions = [("view_internal", "Can read internal procedures")]
        constraints = [
            models.UniqueConstraint(fields=["page", "major", "minor"], name="version_number_once"),
            # Migration 0010 refuses a number that was another procedure's in any version.
            models.UniqueConstraint(Lower("number"), "major", "minor", name="version_address_once"),
            models.UniqueConstraint(
                fields=["page"], condition=Q(status="effective"), name="version_one_effective"
            ),
            models.UniqueConstraint(
                fields=["page"], condition=Q(status="approved"), name="version_one_approved"
            ),
            models.CheckConstraint(
                condition=Q(approved_sha256=F("sha256")), name="version_is_what_was_approved"
            ),
            models.CheckConstraint(
                condition=Q(last_editor__isnull=True) | ~Q(approved_by=F("last_editor")),
                name="version_approver_not_last_editor",
            ),
            models.CheckConstraint(
                condition=Q(origin="imported") | Q(last_editor__isnull=False, revision__isnull=False),
                name="version_released_has_editor_and_revision",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason=""),
                name="version_withdrawn_pair",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["approved", "effective"],
                    superseded_at__isnull=True,
                    withdrawn_at__isnull=True,
                )
                | Q(status="superseded", superseded_at__isnull=False)
                | Q(status="withdrawn", withdrawn_at__isnull=False),
                name="version_status_has_its_date",
            ),
        ]
        indexes = [models.Index(fields=["status", "-effective_from"])]

    def __str__(self) -> str:
        return f"{self.number} {self.label}"

    @property
    def label(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The frozen steps, in order, as in procedures.content."""
        return self.content["steps"]

    @property
    def is_effective(self) -> bool:
        return self.status == VersionStatus.EFFECTIVE

    @property
    def was_called_off(self) -> bool:
        """Withdrawn before it came into force: it never was."""
        return (
            self.status == VersionStatus.WITHDRAWN
            and ProcedureVersion.objects.filter(pk=self.pk).called_off().exists()
        )

    def get_status_display(self) -> str:  # type: ignore[no-redef]  # Django keeps one that is there
        """Its state in words: what was called off was never there to be withdrawn."""
        return gettext("Called off") if self.was_called_off else str(VersionStatus(self.status).label)

    def get_absolute_url(self) -> str:
        """The permanent address of exactly this version."""
        return reverse("procedures:version", args=[self.number, self.label])

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            fields = kwargs.get("update_fields")
            if fields is None or not set(fields) <= MUTABLE_FIELDS:
                raise ValidationError(gettext("A version cannot be changed; release a new one."))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise ValidationError(gettext("A version is withdrawn, never deleted."))


class VersionApplicability(models.Model):
    """The frozen "applies to" rows of a version, queryable."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.PROTECT, related_name="applicability")
    model = models.ForeignKey(MachineModel, on_delete=models.PROTECT, related_name="version_applicability")
    release_from = models.ForeignKey(
        SoftwareRelease, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    release_before = models.ForeignKey(
        SoftwareRelease, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    options = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("applicability of a version")
        verbose_name_plural = _("applicability of versions")

    def __str__(self) -> str:
        return f"{self.version}: {self.model}"
