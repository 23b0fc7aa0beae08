"""The forms of the account pages."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kb.accounts.models import User
from procedures.models import Machine

# How many machines one page offers for choosing; the search narrows them.
OFFERED = 50


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "language"]
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].widget.choices = User._meta.get_field("language").get_choices(
            blank_choice=[("", _("As the browser asks"))]
        )
        self.fields["language"].help_text = ""


class MyMachinesForm(forms.Form):
    """Which machines a person looks after, by serial number."""

    machines = forms.ModelMultipleChoiceField(
        queryset=Machine.objects.all(), to_field_name="serial", required=False, label=_("Machines")
    )


def offered_machines(user: User, words: str) -> tuple[list[Machine], list[Machine], bool]:
    """This person's machines, others that hold every word (at most OFFERED), and whether there are more."""
    mine = list(user.machines.select_related("model"))
    others: QuerySet[Machine] = Machine.objects.exclude(pk__in=[machine.pk for machine in mine])
    for word in words.split()[:8]:
        others = others.filter(
            Q(serial__icontains=word)
            | Q(model__code__icontains=word)
            | Q(customer__icontains=word)
            | Q(site__icontains=word)
        )
    found = list(others.select_related("model")[: OFFERED + 1])
    return mine, found[:OFFERED], len(found) > OFFERED
