"""The editing desk's forms of what this app sets up there."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm


class _Roles:
    """A role is called in the reader's language (kb.accounts.roles), a team as it is called."""

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        called = _(str(label)) if label else ""
        option: dict[str, Any] = super().create_option(name, value, called, *args, **kwargs)  # type: ignore[misc]  # a mixin of widgets
        return option


class RoleSelect(_Roles, forms.Select):
    pass


class RoleBoxes(_Roles, forms.CheckboxSelectMultiple):
    pass


class DelegationForm(WagtailAdminModelForm):
    def clean(self) -> dict[str, Any]:
        """Nobody appoints themselves: whoever is away, or somebody else, does."""
        data: dict[str, Any] = super().clean()
        if data.get("delegate") == self.for_user:
            raise ValidationError({"delegate": _("Somebody else must name you.")})
        return data
