"""The user of Redline and the machines a user looks after."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from procedures.models import Machine


class User(AbstractUser):
    """A person who signs in. What a person may do follows from the groups (kb.accounts.roles)."""

    language = models.CharField(
        _("interface language"),
        max_length=10,
        blank=True,
        choices=[("en", _("English")), ("zh-hans", _("Simplified Chinese"))],
        help_text=_("Empty: as the browser asks."),
    )
    machines = models.ManyToManyField(
        Machine, verbose_name=_("my machines"), blank=True, related_name="looked_after_by"
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    def __str__(self) -> str:
        return self.display_name
