"""The equipment catalogue: what a procedure can apply to, and the codes that machines report."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from procedures.plain_codes import plain_code, refuse_unprintable, same_key, twin_message

# It stands in addresses, in file names and between blanks: nothing that means something there may be in it.
serial_validator = RegexValidator(
    r"\A[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?\Z",
    _(
        "A serial number has letters, digits, hyphens, underscores and, inside it, dots, "
        "e.g. LM4-24-0117; it begins with a letter or a digit."
    ),
)


class Severity(models.TextChoices):
    INFO = "info", _("Information")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


def check_options(options: object) -> None:
    """Raise ValidationError on the field `options` unless it is a list of distinct, non-empty strings."""
    if not isinstance(options, list) or not all(isinstance(name, str) and name.strip() for name in options):
        raise ValidationError({"options": gettext("Options are a list of names.")})
    if len(set(options)) < len(options):
        raise ValidationError({"options": gettext("An option is named twice.")})


class Bilingual(models.Model):
    """A record named in English and, where there is one, in Chinese."""

    name = models.CharField(_("name"), max_length=200)
    name_zh = models.CharField(_("Chinese name"), max_length=200, blank=True)

    class Meta:
        abstract = True

    @property
    def local_name(self) -> str:
        """The name in the language of the current page."""
        return self.name_zh if self.name_zh and (get_language() or "").startswith("zh") else self.name


class Named(models.Model):
    """A record that the content of versions calls by name: what is released would say something else by another."""

    identity: tuple[str, ...] = ("code", "product_line")

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        from procedures.references import check_name_kept  # it asks the versions, which import this module

        check_name_kept(self)


class ProductLine(Named, Bilingual):
    identity = ("code",)
    code = models.SlugField(_("code"), max_length=40, unique=True, allow_unicode=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        verbose_name = _("product line")
        verbose_name_plural = _("product lines")

    def __str__(self) -> str:
        return f"{self.code} {self.local_name}"

    def get_absolute_url(self) -> str:
        return reverse("procedures:product_line", args=[self.code])


class MachineModel(Named, Bilingual):
    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, related_name="models", verbose_name=_("product line")
    )
    code = models.SlugField(_("code"), max_length=40, unique=True)
    options = models.JSONField(
        _("options"), default=list, blank=True, help_text=_('The options it can have, e.g. ["lithium"].')
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        verbose_name = _("model")
        verbose_name_plural = _("models")

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("procedures:model", args=[self.code])

    def clean(self) -> None:
        """Options are a list of names, and a model with machines stays in the line of their software."""
        super().clean()
        check_options(self.options)
        if (
            self.pk
            and self.product_line_id
            and self.machines.exclude(release__product_line=self.product_line_id).exists()
        ):
            raise ValidationError(
                {"product_line": gettext("Machines of this model run software of another product line.")}
            )


class Module(Bilingual):
    """A part of the machine, in a tree below its product line."""

    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, related_name="modules", verbose_name=_("product line")
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
        verbose_name=_("part of"),
    )
    code = models.SlugField(_("code"), max_length=40)
    history = HistoricalRecords()

    class Meta:
        ordering = ["product_line", "code"]
        verbose_name = _("module")
        verbose_name_plural = _("modules")
        constraints = [
            models.UniqueConstraint(fields=["product_line", "code"], name="module_code_once_a_line"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="module_not_its_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.local_name}"

    def clean(self) -> None:
        """The tree below one product line has no cycle, and nothing in it belongs to another line."""
        if not self.product_line_id:
            return
        parent = self.parent
        if parent is not None and parent.product_line_id != self.product_line_id:
            raise ValidationError(
                {"parent": gettext("%(module)s is a module of another product line.") % {"module": parent}}
            )
        seen: list[Module] = []
        while parent is not None and parent not in seen:
            if parent is self or (self.pk and parent.pk == self.pk):
                raise ValidationError({"parent": gettext("A module cannot be part of itself.")})
            seen.append(parent)
            parent = parent.parent
        if self.pk and (
            self.children.exclude(product_line=self.product_line_id).exists()
            or self.error_codes.exclude(product_line=self.product_line_id).exists()
        ):
            raise ValidationError(
                {"product_line": gettext("Its parts or error codes belong to another product line.")}
            )


class SoftwareRelease(Named):
    """One release of a product line's software; `position` gives the order, a version string does not."""

    identity = ("version", "product_line")
    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, related_name="releases", verbose_name=_("product line")
    )
    version = models.CharField(_("version"), max_length=40)
    position = models.PositiveIntegerField(_("position"), help_text=_("1 is the oldest."))
    released_on = models.DateField(_("released on"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["product_line", "position"]
        verbose_name = _("software release")
        verbose_name_plural = _("software releases")
        constraints = [
            models.UniqueConstraint(fields=["product_line", "version"], name="release_version_once_a_line"),
            models.UniqueConstraint(fields=["product_line", "position"], name="release_position_once_a_line"),
        ]

    def __str__(self) -> str:
        return self.version

    def clean(self) -> None:
        """A release stays in the line of the machines that run it, and its version is one line."""
        refuse_unprintable("version", self.version)
        super().clean()
        if (
            self.pk
            and self.product_line_id
            and self.machines.exclude(model__product_line=self.product_line_id).exists()
        ):
            raise ValidationError(
                {"product_line": gettext("Machines of another product line run this release.")}
            )

    def unique_error_message(self, model_class: type[models.Model], unique_check: Any) -> ValidationError:
        """A position that is taken is refused in words that say by which release."""
        if tuple(unique_check) != ("product_line", "position"):
            return super().unique_error_message(model_class, unique_check)
        there = SoftwareRelease.objects.filter(product_line=self.product_line_id, position=self.position)
        return ValidationError(
            gettext("Position %(position)s is that of release %(release)s already; take one that is free.")
            % {"position": self.position, "release": there.exclude(pk=self.pk).first()},
            code="unique_together",
        )

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """It stays before or after each release that approved ranges begin or end with. Of a file of them the
        import asks it, once it knows where all of them go."""
        super().validate_unique(exclude=exclude)
        from procedures.ordering import order_problems  # it asks the versions, which import this module

        line = SoftwareRelease.objects.filter(product_line=self.product_line_id)
        before = dict(line.values_list("pk", "position")) if self.pk and self.position is not None else {}
        # A place that is taken is reason enough (unique_error_message).
        if self.pk in before and self.position not in {**before, self.pk: None}.values():
            after = before | {self.pk: self.position}
            if reason := order_problems(self.product_line_id, before, after).get(self.pk):
                raise ValidationError({"position": reason})


class Machine(models.Model):
    """One machine in the field, by serial number."""

    serial = models.CharField(_("serial number"), max_length=60, unique=True, validators=[serial_validator])
    model = models.ForeignKey(
        MachineModel, on_delete=models.PROTECT, related_name="machines", verbose_name=_("model")
    )
    release = models.ForeignKey(
        SoftwareRelease, on_delete=models.PROTECT, related_name="machines", verbose_name=_("software release")
    )
    customer = models.CharField(_("customer"), max_length=200, blank=True)
    site = models.CharField(_("site"), max_length=200, blank=True)
    options = models.JSONField(_("options"), default=list, blank=True)
    warranty_end = models.DateField(_("warranty end"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["serial"]
        verbose_name = _("machine")
        verbose_name_plural = _("machines")

    def __str__(self) -> str:
        return f"{self.serial} ({self.model})"

    def get_absolute_url(self) -> str:
        return reverse("procedures:machine", args=[self.serial])

    def clean(self) -> None:
        """It runs a release of its own product line and is fitted only with options its model can have."""
        check_options(self.options)
        if not self.model_id:
            return
        if self.release_id and self.release.product_line_id != self.model.product_line_id:
            raise ValidationError(
                {
                    "release": gettext("Release %(release)s is not of the product line of model %(model)s.")
                    % {"release": self.release, "model": self.model}
                }
            )
        if unknown := [name for name in self.options if name not in self.model.options]:
            raise ValidationError(
                {
                    "options": gettext("Model %(model)s cannot have the option %(options)s.")
                    % {"model": self.model, "options": ", ".join(unknown)}
                }
            )


class ErrorCode(Named):
    """A code that a module of a product line reports; the code is what the field types and reads aloud."""

    product_line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, related_name="error_codes", verbose_name=_("product line")
    )
    module = models.ForeignKey(
        Module,
        on_delete=models.PROTECT,
        related_name="error_codes",
        null=True,
        blank=True,
        verbose_name=_("module"),
    )
    code = models.CharField(_("code"), max_length=60)
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.WARNING
    )
    meaning = models.TextField(_("meaning"))
    meaning_zh = models.TextField(_("meaning in Chinese"), blank=True)
    causes = models.TextField(_("causes"), blank=True, help_text=_("Markdown."))
    causes_zh = models.TextField(_("causes in Chinese"), blank=True, help_text=_("Markdown."))
    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        verbose_name = _("error code")
        verbose_name_plural = _("error codes")
        constraints = [
            models.UniqueConstraint(fields=["product_line", "code"], name="error_code_once_a_line"),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("procedures:error_code", args=[self.product_line.code, self.code])

    def clean(self) -> None:
        """Its code is in plain characters, and its module belongs to its product line."""
        self.code = plain_code(self.code)
        if not self.code:
            raise ValidationError({"code": gettext("The code has no visible character.")})
        refuse_unprintable("code", self.code)
        super().clean()
        module = self.module
        if module is not None and self.product_line_id and module.product_line_id != self.product_line_id:
            raise ValidationError(
                {"module": gettext("%(module)s is a module of another product line.") % {"module": module}}
            )

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """No code of the line differs from it only in case, separators or width of its characters."""
        super().validate_unique(exclude=exclude)
        if not self.product_line_id or self._is_code_kept():
            return
        key = same_key(self.code)
        others = ErrorCode.objects.filter(product_line=self.product_line_id).exclude(pk=self.pk)
        for code in others.values_list("code", flat=True):
            if code != self.code and same_key(code) == key:
                raise ValidationError({"code": twin_message(code)})

    def _is_code_kept(self) -> bool:
        """Whether it is only something else that changes: a twin from before this rule can be edited."""
        return (
            self.pk is not None
            and ErrorCode.objects.filter(
                pk=self.pk, code=self.code, product_line=self.product_line_id
            ).exists()
        )

    @property
    def local_meaning(self) -> str:
        return (
            self.meaning_zh if self.meaning_zh and (get_language() or "").startswith("zh") else self.meaning
        )

    @property
    def local_causes(self) -> str:
        is_chinese = (get_language() or "").startswith("zh")
        return (self.causes_zh or self.causes) if is_chinese else (self.causes or self.causes_zh)

    @property
    def other_causes(self) -> str:
        """The same in the other language, if they are there in both: the search finds them by either."""
        return next((text for text in (self.causes, self.causes_zh) if text != self.local_causes), "")
