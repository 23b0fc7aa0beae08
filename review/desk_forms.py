"""The editing desk's forms of what this app sets up there."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm


class DelegationForm(WagtailAdminModelForm):
    def clean(self) -> dict[str, Any]:
        """Nobody appoints themselves: whoever is away, or somebody else, does."""
        data: dict[str, Any] = super().clean()
        if data.get("delegate") == self.for_user:
            raise ValidationError({"delegate": _("Somebody else must name you.")})
        return data
