"""Forms of the review pages. They parse; what the state allows is decided in review.rules."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures.models import Significance
from review.models import SuggestedField, Suggestion, ThreadKind

COMMENT_LENGTH = 10_000
STEP_TEXT_LENGTH = 100_000


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class DecisionForm(forms.Form):
    """A form that somebody else may have overtaken when it arrives: it can give back what was typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By field: the texts that are kept elsewhere, so that nobody needs them back.
        self.on_record: dict[str, set[str]] = {}

    @property
    def typed(self) -> list[tuple[str, str]]:
        """(label, text) of each text area that holds somebody's own words."""
        return [
            (str(bound.label), text)
            for bound in self
            if isinstance(bound.field.widget, forms.Textarea)
            and (text := bound.value())
            and text not in self.on_record.get(bound.name, ())
        ]


class CommentForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is it?"), choices=ThreadKind.choices, initial=ThreadKind.QUESTION)
    text = forms.CharField(label=_("Comment"), max_length=COMMENT_LENGTH, widget=_area(4))


class ReplyForm(forms.Form):
    text = forms.CharField(label=_("Reply"), max_length=COMMENT_LENGTH, widget=_area(3))


class SuggestForm(forms.Form):
    """The four texts of a step as shown, to be edited, and why."""

    title = forms.CharField(label=_("Title"), max_length=255)
    body = forms.CharField(
        label=_("What to do"),
        required=False,
        max_length=STEP_TEXT_LENGTH,
        widget=_area(10),
        help_text=_("Markdown."),
    )
    expected = forms.CharField(
        label=_("Expected result"), required=False, max_length=STEP_TEXT_LENGTH, widget=_area(2)
    )
    caution = forms.CharField(
        label=_("Caution"), required=False, max_length=STEP_TEXT_LENGTH, widget=_area(2)
    )
    reason = forms.CharField(
        label=_("Why?"),
        max_length=COMMENT_LENGTH,
        widget=_area(3),
        help_text=_("What you met in the field. The owner decides by it."),
    )
    ticket_reference = forms.CharField(
        label=_("Ticket"), required=False, max_length=40, help_text=_("Where there is one, e.g. T-00042.")
    )

    def __init__(self, *args: Any, user: Any, step: dict[str, Any], **kwargs: Any) -> None:
        self.user, self.step = user, step
        kwargs.setdefault("initial", {name: step[name] for name in SuggestedField.values})
        super().__init__(*args, **kwargs)

    def clean_ticket_reference(self) -> str:
        if not (reference := self.cleaned_data["ticket_reference"]):
            return ""
        # Tickets live above this app: the site names the function that knows them.
        ticket = import_string(settings.REDLINE_TICKET_LOOKUP)(reference, self.user)
        if ticket is None:
            raise forms.ValidationError(gettext("There is no ticket %(number)s.") % {"number": reference})
        return ticket.number

    def changes(self) -> dict[tuple[str, str], str]:
        """{(step id, field): text} of all four fields."""
        return {(self.step["id"], name): self.cleaned_data[name] for name in SuggestedField.values}


class DecideForm(DecisionForm):
    """The decision on one proposal; a field for each change holds the text that will land."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("accept", _("Accept")), ("refuse", _("Refuse"))],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=_("Answer to the author"), required=False, max_length=COMMENT_LENGTH, widget=_area(3),
        help_text=_("Needed to refuse."),
    )  # fmt: skip

    seen = forms.CharField(widget=forms.HiddenInput, max_length=16)

    def __init__(
        self, *args: Any, suggestion: Suggestion, landing: dict[tuple[str, str], str | None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.keys: dict[str, tuple[str, str]] = {}
        for change in suggestion.changes.all():
            name = f"final-{change.pk}"
            landed = landing[change.step_id, change.field]
            self.keys[name] = (change.step_id, change.field)
            self.on_record[name] = {change.proposed_text, change.landed_text}
            self.fields[name] = forms.CharField(
                label=_("Text that will land: %(field)s") % {"field": change.get_field_display()},
                required=False,
                max_length=STEP_TEXT_LENGTH,
                widget=_area(1 if change.field == SuggestedField.TITLE else 6),
                # Where both sides changed the same place nothing is filled in: a person writes what lands.
                initial=landed or "",
            )

    @property
    def final_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.keys]

    def final(self) -> dict[tuple[str, str], str]:
        return {key: self.cleaned_data[name] for name, key in self.keys.items()}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == "refuse" and not data.get("answer"):
            self.add_error("answer", gettext("Say why it is refused: the author is told."))
        return data


class SubmitForm(DecisionForm):
    """What the next version will say of itself."""

    change_summary = forms.CharField(
        label=_("What changes?"),
        max_length=COMMENT_LENGTH,
        widget=_area(3),
        help_text=_("One or two sentences; readers see it in the change log."),
    )
    significance = forms.ChoiceField(
        label=_("How much?"),
        choices=[
            (Significance.MINOR, _("Minor: 1.2 becomes 1.3")),
            (Significance.MAJOR, _("Major: 1.2 becomes 2.0")),
        ],
        initial=Significance.MINOR,
        widget=forms.RadioSelect,
    )


class ApproveForm(DecisionForm):
    """The decision on a release; whoever edited it may only send it back."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("approve", _("Approve and release")), ("send_back", _("Send back"))],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=200, widget=_area(2),
        help_text=_("Needed to send it back: what has to change first."),
    )  # fmt: skip
    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, may_approve: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_approve:
            decision = self.fields["decision"]
            decision.choices = [choice for choice in decision.choices if choice[0] == "send_back"]  # type: ignore[attr-defined]  # a ChoiceField
            decision.initial = "send_back"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == "send_back" and not data.get("comment"):
            self.add_error("comment", gettext("Say what has to change first."))
        return data
