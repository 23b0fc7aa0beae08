"""What is typed about a ticket, turned into records; the rules are checked by the actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kb.tickets import queries, rules
from kb.tickets.models import Outcome, Ticket, TicketSeverity, TicketStatus
from procedures.as_written import find_machine
from procedures.keys import row_key
from procedures.models import ErrorCode, Machine, MachineModel, ProcedureVersion
from review.forms import area

MAX_TEXT = 20_000


def _from_list(list_id: str) -> forms.TextInput:
    """A text input that offers a <datalist> and never the browser's own memory."""
    return forms.TextInput(attrs={"list": list_id, "autocomplete": "off"})


class TicketForm(forms.Form):
    """The machine, its code and what is wrong: the fields that opening and editing share."""

    machine = forms.CharField(
        label=gettext_lazy("Machine"),
        max_length=60,
        help_text=gettext_lazy("Serial number, as on the name plate."),
        widget=_from_list("machines"),
    )
    error_code = forms.CharField(
        label=gettext_lazy("Error code"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Empty if the machine reports none."),
        widget=_from_list("error-codes"),
    )
    symptom = forms.CharField(
        label=gettext_lazy("Symptom"),
        max_length=MAX_TEXT,
        help_text=gettext_lazy("What is seen, heard or measured, in the words of whoever reported it."),
        widget=area(5),
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"), choices=TicketSeverity.choices, initial=TicketSeverity.MEDIUM
    )

    def clean_machine(self) -> Machine:
        serial = self.cleaned_data["machine"]
        machine = find_machine(serial)
        if machine is None:
            raise forms.ValidationError(
                _("There is no machine with the serial number “%(serial)s”.") % {"serial": serial}
            )
        return machine

    def clean_error_code(self) -> ErrorCode | None:
        code = self.cleaned_data["error_code"]
        machine = self.cleaned_data.get("machine")
        if not code or machine is None:
            return None
        return queries.find_error_code(machine=machine, code=code)


class UseForm(forms.Form):
    """The version that was used and how it went."""

    procedure = forms.CharField(
        label=gettext_lazy("Procedure used"),
        max_length=140,
        help_text=gettext_lazy("Its number, or number and version: SOP-1001 is the version in force now."),
        widget=_from_list("versions"),
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("How it went"), choices=Outcome.choices, initial=Outcome.NOT_KNOWN
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=MAX_TEXT,
        required=False,
        widget=area(2),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_procedure(self) -> ProcedureVersion | None:
        reference = self.cleaned_data["procedure"]
        return queries.find_version(reference=reference, user=self.user) if reference else None


class OpenTicketForm(TicketForm, UseForm):
    """A new ticket, with the procedure at hand if there is one."""

    field_order = ["machine", "error_code", "symptom", "severity", "procedure", "outcome", "note"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["procedure"].required = False
        self.fields["outcome"].required = False

    def clean(self) -> dict[str, Any]:
        """How it went and a note are about a procedure; without one they would be lost."""
        cleaned = super().clean() or self.cleaned_data
        said = cleaned.get("note") or cleaned.get("outcome") not in ("", None, Outcome.NOT_KNOWN)
        if said and not cleaned.get("procedure") and "procedure" not in self.errors:
            self.add_error(
                "procedure", _("Name the procedure, or leave “How it went” as it was and the note empty.")
            )
        return cleaned


class EditTicketForm(TicketForm):
    """An existing ticket. `edition` says on which state of it the form was opened."""

    status = forms.ChoiceField(label=gettext_lazy("Status"))
    edition = forms.CharField(widget=forms.HiddenInput, required=False)

    field_order = ["status", "severity", "machine", "error_code", "symptom"]

    def __init__(self, data: Any = None, *, ticket: Ticket) -> None:
        initial = {
            "machine": ticket.machine.serial,
            "error_code": ticket.error_code.code if ticket.error_code else "",
            "symptom": ticket.symptom,
            "severity": ticket.severity,
            "status": ticket.status,
            "edition": queries.edition(ticket),
        }
        super().__init__(data, initial=initial)
        status = self.fields["status"]
        assert isinstance(status, forms.ChoiceField)
        # A stale form may name a state that is out of reach by now; the action says so, after what changed.
        status.choices = TicketStatus.choices if self.is_bound else rules.allowed_statuses(ticket)

    def clean_edition(self) -> int:
        """A state that never was is the oldest one: what changed since is shown, and nothing typed is lost."""
        return row_key(self.cleaned_data["edition"]) or 0

    def overtaken(self, edition: int) -> None:
        """Keep all that was typed and let the next save be made on the newest state."""
        self.data = {name: self.data[name] for name in self.data} | {"edition": str(edition)}


class EntryForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("New entry"), max_length=MAX_TEXT, widget=area(3))


class TicketFilterForm(forms.Form):
    """The state of the list; whatever does not parse is left out of the question and shown as an error."""

    q = forms.CharField(label=gettext_lazy("Text"), max_length=200, required=False)
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), required=False)
    machine = forms.CharField(label=gettext_lazy("Machine"), max_length=60, required=False)
    model = forms.ModelChoiceField(
        label=gettext_lazy("Model"),
        queryset=MachineModel.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("All"),
    )
    code = forms.CharField(label=gettext_lazy("Error code"), max_length=60, required=False)

    UNRESOLVED = "unresolved"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = ("", _("All"))
        status, severity = self.fields["status"], self.fields["severity"]
        assert isinstance(status, forms.ChoiceField)
        assert isinstance(severity, forms.ChoiceField)
        status.choices = [every, (self.UNRESOLVED, _("Not resolved")), *TicketStatus.choices]
        severity.choices = [every, *TicketSeverity.choices]

    def tickets(self, queryset: Any) -> Any:
        """The tickets of the queryset that the form asks for."""
        self.is_valid()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        if status := asked.get("status"):
            queryset = queryset.open() if status == self.UNRESOLVED else queryset.filter(status=status)
        if severity := asked.get("severity"):
            queryset = queryset.filter(severity=severity)
        if serial := asked.get("machine"):
            queryset = queryset.filter(machine__serial__icontains=serial)
        if model := asked.get("model"):
            queryset = queryset.filter(machine__model=model)
        if code := asked.get("code"):
            queryset = queries.with_code(queryset, code)
        return queries.matching_text(queryset, asked["q"]) if "q" in asked else queryset
