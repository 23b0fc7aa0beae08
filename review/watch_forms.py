"""The form of what somebody watches and how they are told."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from review.models import SAFETY_HOW, How, MailPreference, Watch

# "off" and not "": what a form did not hold stays as it is.
STOP = "off"


class WatchesForm(forms.ModelForm):
    """The preferences, and a field for each watch."""

    PREFERENCES = ("own", "asked", "safety", "usual", "daily_hour")

    class Meta:
        model = MailPreference
        fields = ["own", "asked", "safety", "usual", "daily_hour"]
        widgets = {"daily_hour": forms.NumberInput(attrs={"min": 0, "max": 23, "inputmode": "numeric"})}

    def __init__(self, data: Any, *, watches: Sequence[Watch], preference: MailPreference) -> None:
        super().__init__(data, instance=preference)
        self.watches = watches
        for name in ("own", "asked", "usual"):
            self.fields[name].widget.choices = How.choices  # without the empty choice
        self.fields["safety"].widget.choices = SAFETY_HOW  # as above
        for watch in watches:
            self.fields[self.name_of(watch)] = forms.ChoiceField(
                label=_("How I am told"), choices=[*How.choices, (STOP, _("Stop watching"))],
                initial=watch.how, required=False,
            )  # fmt: skip

    @staticmethod
    def name_of(watch: Watch) -> str:
        return f"watch-{watch.pk}"

    @property
    def preferences(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.PREFERENCES}

    @property
    def wishes(self) -> dict[int, str]:
        """By watch; "" for what is not to be watched any more."""
        said = {watch.pk: self.cleaned_data[self.name_of(watch)] for watch in self.watches}
        return {pk: "" if how == STOP else how for pk, how in said.items() if how}
