"""The state of the queue's page: what is asked for, and how many there are of each."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from review.queue import AUTHORS, COMMENTS, EDITS, FILTERS, KINDS, MINE, NONE, OURS, Chosen, Mark

SORTS = {
    "safety": gettext_lazy("Safety first, then the oldest"),
    "oldest": gettext_lazy("The oldest first"),
    "newest": gettext_lazy("The newest first"),
    "votes": gettext_lazy("The most votes first"),
    "procedure": gettext_lazy("By procedure"),
}


class QueueForm(forms.Form):
    """Whatever does not parse is left out of the question and shown as an error."""

    q = forms.CharField(label=gettext_lazy("Procedure number or text"), max_length=200, required=False)
    of = forms.ChoiceField(label=gettext_lazy("Whose"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    what = forms.ChoiceField(label=gettext_lazy("Proposals or comments"), required=False)
    turn = forms.ChoiceField(label=gettext_lazy("Whose turn it is"), required=False)
    line = forms.ChoiceField(label=gettext_lazy("Product line"), required=False)
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), required=False, choices=list(SORTS.items()))

    def __init__(self, data: Any, *, every: bool) -> None:
        """`every`: this person sees other people's procedures too, and may choose among them."""
        super().__init__(data)
        self.labels: dict[str, dict[str, str]] = {
            "of": {MINE: _("Mine, or handed to me")},
            "kind": {value: str(label) for value, label in KINDS.items()},
            "what": {EDITS: _("Proposed edits"), COMMENTS: _("Comments")},
            "turn": {OURS: _("Waits for a decision or an answer"), AUTHORS: _("Waits for its author")},
            "line": {NONE: _("No product line")},
            "owner": {NONE: _("No owner")},
        }
        for name in ("line", "owner"):
            # Also what was filtered by until its last mark was decided.
            self.fields[name].error_messages["invalid_choice"] = _("Nothing of it is open; all is shown.")
        if not every:
            del self.fields["of"], self.fields["owner"]

    @property
    def text(self) -> str:
        """What is searched for, "" where it is none that could be; it is asked before the choices are known."""
        try:
            return str(self.fields["q"].clean(self["q"].value()))
        except forms.ValidationError:
            return ""

    def wanted(self, marks: Iterable[Mark]) -> tuple[dict[str, str], str]:
        """(the filters that are set, the order), now that it is known what there is to choose from."""
        for place in {mark.place for mark in marks}:
            if place.line:
                self.labels["line"][place.line_value] = str(place.line.local_name)
            if place.owner:
                self.labels["owner"][place.owner_value] = ""
        self._offer(None)
        self.is_valid()
        chosen = {name: value for name in FILTERS if (value := self.cleaned_data.get(name))}
        return chosen, self.cleaned_data.get("sort") or "safety"

    def count(self, chosen: Chosen, names: Mapping[int, str]) -> None:
        """Write beside each choice how many marks it would show."""
        for value in self.labels["owner"]:
            if value != NONE:
                self.labels["owner"][value] = names[int(value)]
        self._offer(chosen)

    def _offer(self, chosen: Chosen | None) -> None:
        for name in FILTERS:
            field: Any = self.fields.get(name)
            if field is None:
                continue
            labels = list(self.labels[name].items())
            if name in ("line", "owner"):
                labels.sort(key=lambda choice: (choice[0] == NONE, choice[1].casefold()))
            counts = chosen.counts[name] if chosen else None
            field.choices = [
                ("", _("All")),
                *(
                    (value, f"{label} ({counts[value]})" if counts is not None else label)
                    for value, label in labels
                ),
            ]

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.get(name) for name in (*FILTERS, "q"))
