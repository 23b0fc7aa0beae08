"""What people want to be told of, and how: their watches, and what holds for what concerns themselves."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from procedures.models import ErrorCode, Module, ProcedurePage, ProductLine

TARGETS = ("page", "error_code", "product_line", "module")


class How(models.TextChoices):
    """Every notice is in the inbox; this is what else happens."""

    AT_ONCE = "at_once", _("E-mail at once")
    DAILY = "daily", _("E-mail once a day")
    INBOX = "inbox", _("Inbox only")


# What is about safety waits for no hour of the day.
SAFETY_HOW = [(how.value, how.label) for how in (How.AT_ONCE, How.INBOX)]


def _only(name: str) -> Q:
    return Q(**{f"{target}__isnull": target != name for target in TARGETS})


class Watch(models.Model):
    """One person watches one thing. A thing that is deleted is watched by nobody, so a watch keeps nothing."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="watches")
    page = models.ForeignKey(
        ProcedurePage, on_delete=models.CASCADE, null=True, blank=True, related_name="watches"
    )
    error_code = models.ForeignKey(
        ErrorCode, on_delete=models.CASCADE, null=True, blank=True, related_name="watches"
    )
    product_line = models.ForeignKey(
        ProductLine, on_delete=models.CASCADE, null=True, blank=True, related_name="watches"
    )
    module = models.ForeignKey(
        Module, on_delete=models.CASCADE, null=True, blank=True, related_name="watches"
    )
    how = models.CharField(max_length=10, choices=How.choices, default=How.AT_ONCE)
    since = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=_only("page") | _only("error_code") | _only("product_line") | _only("module"),
                name="watch_has_one_target",
            ),
            models.CheckConstraint(condition=Q(how__in=How.values), name="watch_how"),
            *(
                models.UniqueConstraint(fields=["person", target], name=f"watch_{target}_once")
                for target in TARGETS
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)

    @property
    def target(self) -> Any:
        return next(found for name in TARGETS if (found := getattr(self, name)) is not None)


class MailPreference(models.Model):
    """How somebody is told of what is theirs and what asks something of them. No row: as its defaults have it."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mail_preference"
    )
    own = models.CharField(
        _("my own marks and releases"), max_length=10, choices=How.choices, default=How.AT_ONCE
    )
    asked = models.CharField(
        _("what asks something of me"), max_length=10, choices=How.choices, default=How.AT_ONCE,
        help_text=_("Signatures, reviews, reading, comments that name me."),
    )  # fmt: skip
    safety = models.CharField(
        _("safety and holds"), max_length=10, choices=SAFETY_HOW, default=How.AT_ONCE,
        help_text=_("Safety comments that I answer for, and procedures put on hold. No other choice stops these."),
    )  # fmt: skip
    usual = models.CharField(
        _("what I watch from now on"), max_length=10, choices=How.choices, default=How.AT_ONCE
    )
    daily_hour = models.PositiveSmallIntegerField(
        _("hour of the daily e-mail"), default=7, validators=[MaxValueValidator(23)],
        help_text=_("0 to 23, in the site's time zone."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("mail preference")
        verbose_name_plural = _("mail preferences")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(daily_hour__lte=23), name="mail_preference_hour"),
            models.CheckConstraint(
                condition=Q(own__in=How.values, asked__in=How.values, usual__in=How.values),
                name="mail_preference_how",
            ),
            models.CheckConstraint(
                condition=Q(safety__in=[how for how, _label in SAFETY_HOW]), name="mail_preference_safety"
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)

    @classmethod
    def of(cls, person: Any) -> "MailPreference":
        return cls.objects.filter(person=person).first() or cls(person=person)
