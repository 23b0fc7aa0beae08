"""Forms of proposed edits: a step as it should read, why, and what is decided on it. They parse; rules decide."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from review.deciding import Acceptance
from review.forms import COMMENT_LENGTH, DecisionForm, WordsField, area, of_file
from review.landing import Landing, Take
from review.merge import Clash, Step
from review.models import SuggestedField, SuggestionKind
from review.photos import clean_photo
from review.proposing import NewImage, StepEdit
from review.recording import cleaned_text
from review.wanted import FIRST

STEP_TEXT_LENGTH, STEP_TITLE_LENGTH = 100_000, 255
STAYS, AT_THE_TOP = "", "^"  # values of a choice of places; the others are ids of steps
Place = tuple[str, str]  # (value, what a person reads)
OWN = "own"  # beside the members of Take: the text that somebody wrote themselves
TEXTS_TAKEN = {
    Take.THEIRS: _("As proposed"),
    Take.OURS: _("Working copy now"),
    Take.BOTH: _("Both, one after the other"),
}
IMAGES_TAKEN = [
    (Take.THEIRS, _("The proposed one, in the place of what is there now")),
    (Take.BOTH, _("Both")),
    (Take.OURS, _("Those that are there now")),
]


def places(steps: Iterable[Step], besides: str = "") -> list[Place]:
    """Where a step can stand: at the top, or after one of these."""
    found: list[Place] = [(AT_THE_TOP, gettext("At the top"))]
    for number, step in enumerate(steps, 1):
        if step["id"] != besides:
            label = gettext("After step %(number)d: %(title)s")
            found.append((step["id"], label % {"number": number, "title": step["title"][:80]}))
    return found


def place_id(value: str) -> str | None:
    """The id that the chosen place means, FIRST at the top, None where it stays."""
    return {STAYS: None, AT_THE_TOP: FIRST}.get(value, value)


def place_value(after: str | None) -> str:
    """The choice for such an id."""
    return STAYS if after is None else after or AT_THE_TOP


class StepTexts(forms.Form):
    title = WordsField(label=_("Title"), max_length=STEP_TITLE_LENGTH)
    body = forms.CharField(
        label=_("What to do"),
        required=False,
        max_length=STEP_TEXT_LENGTH,
        widget=area(10),
        help_text=_("Markdown."),
    )
    expected = forms.CharField(
        label=_("Expected result"), required=False, max_length=STEP_TEXT_LENGTH, widget=area(2)
    )
    caution = forms.CharField(label=_("Caution"), required=False, max_length=STEP_TEXT_LENGTH, widget=area(2))

    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data.get(name, "") for name in SuggestedField.values}


class StepForm(StepTexts):
    """A step as shown, to be edited, moved, given other images, or removed."""

    after = forms.ChoiceField(label=_("Where it stands"), required=False)
    remove = forms.BooleanField(label=_("Remove this step"), required=False)

    def __init__(self, *args: Any, step: Step, steps: Sequence[Step], **kwargs: Any) -> None:
        """`steps`: those of the version, which it can be moved among."""
        self.step = step
        kwargs["initial"] = {name: step[name] for name in SuggestedField.values} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        stays: Place = (STAYS, gettext("Where it is"))
        self.fields["after"].choices = [stays, *places(steps, besides=step["id"])]  # type: ignore[attr-defined]  # Django's stubs know one class of fields only
        for number, image in enumerate(step["images"]):
            self.fields[f"image-{number}"] = forms.FileField(
                label=_("Another image in the place of “%(alt)s”") % {"alt": image["alt"]},
                required=False,
                widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/heic"}),
            )
            self.fields[f"alt-{number}"] = WordsField(
                label=_("What the new image shows"), required=False, max_length=255, initial=image["alt"]
            )

    @property
    def image_fields(self) -> list[tuple[Mapping[str, str], forms.BoundField, forms.BoundField]]:
        """(the image as shown, its field, the field of its words)."""
        return [
            (image, self[f"image-{number}"], self[f"alt-{number}"])
            for number, image in enumerate(self.step["images"])
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("remove"):
            self.errors.pop("title", None)  # what it would be called does not matter
        self.new_images = []
        for number, image in enumerate(self.step["images"]):
            if not (file := data.get(f"image-{number}")):
                continue
            try:
                photo = clean_photo(file, size=file.size)
            except forms.ValidationError as refused:
                self.add_error(f"image-{number}", of_file(file, refused))
                continue
            alt = data.get(f"alt-{number}") or image["alt"]
            self.new_images.append(NewImage(image["sha256"], photo, alt))
        return data

    def edit(self) -> StepEdit:
        if self.cleaned_data["remove"]:
            return StepEdit(self.step["id"], removes=True)
        after = place_id(self.cleaned_data["after"])
        return StepEdit(self.step["id"], texts=self.texts(), after=after, images=self.new_images)


class NewStepForm(StepTexts):
    """A step that is not there yet; left empty it is none."""

    after = forms.ChoiceField(label=_("Where it stands"))
    step_id = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, steps: Sequence[Step], others: Iterable[str] = (), **kwargs: Any) -> None:
        """`others`: the ids of the new steps before it, which it can follow."""
        kwargs |= {"empty_permitted": True, "use_required_attribute": False}
        super().__init__(*args, **kwargs)
        choices = places(steps)
        for number, other in enumerate(others, 1):
            choices.append((other, gettext("After new step %(number)d") % {"number": number}))
        self.fields["after"].choices = choices  # type: ignore[attr-defined]  # as above

    def has_changed(self) -> bool:
        """Whether anything is written in it: also what another proposal was the beginning of."""
        return any((self[name].value() or "").strip() for name in SuggestedField.values)

    def edit(self) -> StepEdit:
        data = self.cleaned_data
        return StepEdit(data["step_id"], texts=self.texts(), after=place_id(data["after"]), adds=True)


class ReasonForm(forms.Form):
    """Why it should read otherwise."""

    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=SuggestionKind.choices,
        initial=SuggestionKind.IMPROVEMENT,
        required=False,
    )
    reason = WordsField(
        label=_("Why?"),
        max_length=COMMENT_LENGTH,
        widget=area(3),
        help_text=_("What you met in the field. The owner decides by it."),
    )
    ticket_reference = forms.CharField(
        label=_("Ticket"), required=False, max_length=40, help_text=_("Where there is one, e.g. T-00042.")
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or SuggestionKind.IMPROVEMENT

    def clean_ticket_reference(self) -> str:
        return known_ticket(self.cleaned_data["ticket_reference"], self.user)

    def why(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("kind", "reason", "ticket_reference")}


class SuggestForm(ReasonForm, StepForm):
    """One step as it should read, and why."""


class VoteForm(forms.Form):
    ticket_reference = forms.CharField(label=_("Ticket"), required=False, max_length=40)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_ticket_reference(self) -> str:
        return known_ticket(self.cleaned_data["ticket_reference"], self.user)


def known_ticket(reference: str, user: Any) -> str:
    """The number of the ticket. Raises ValidationError where this person sees none of that number."""
    if not reference:
        return ""
    # Tickets live above this app: the site names the function that knows them.
    ticket = import_string(settings.REDLINE_TICKET_LOOKUP)(reference, user)
    if ticket is None:
        raise forms.ValidationError(gettext("There is no ticket %(number)s.") % {"number": reference})
    return str(ticket.number)


def typed_in(form: type[forms.Form], data: QueryDict, prefix: str = "") -> dict[str, str]:
    """What was typed for the fields of a form that is to be shown again and not judged yet."""
    names = {name: f"{prefix}-{name}" if prefix else name for name in form.base_fields}
    return {name: str(data[key]) for name, key in names.items() if key in data}


class PartForm(DecisionForm):
    """The decision on one step of a proposal; a field for each text holds what will land."""

    decision = forms.ChoiceField(label=_("Decision"), required=False, widget=forms.RadioSelect)
    answer = WordsField(
        label=_("Answer to the author"), required=False, max_length=COMMENT_LENGTH, widget=area(2),
        help_text=_(
            "Needed to refuse and to ask. Handing on, you say it to whoever is to decide as well. "
            "It stays on this page, for everybody who may see the proposal."
        ),
    )  # fmt: skip
    to = forms.ChoiceField(label=_("Hand on to"), required=False)
    after = forms.ChoiceField(label=_("Where it will stand"), required=False)
    anyway = forms.BooleanField(required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=16)

    def __init__(
        self, *args: Any, landing: Landing, steps: Sequence[Step], people: Mapping[str, Any], **kwargs: Any
    ) -> None:
        """`steps`: the working copy's. `people`: to whom it can be handed, by primary key as text."""
        self.landing, self.steps, self.people = landing, steps, people
        suggestion = landing.suggestion
        kwargs.setdefault("prefix", f"d{suggestion.pk}")
        kwargs["initial"] = {"seen": landing.seen, "after": place_value(landing.place)}
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        taken = [("accept", _("Accept"))]
        overtaken = _("That can no longer be chosen: look at the working copy as it is now, and decide anew.")
        if landing.contained:
            taken = [("adopt", _("Mark as already in the text"))]
            overtaken = _("The working copy says this already: mark it as already in the text, or refuse it.")
        fields["decision"].error_messages["invalid_choice"] = overtaken
        fields["decision"].choices = [
            ("", _("Later")), *taken, ("refuse", _("Refuse")), ("ask", _("Ask the author")), ("hand", _("Hand on"))
        ]  # fmt: skip
        if suggestion.status == "asked":
            fields["decision"].choices = [c for c in fields["decision"].choices if c[0] != "ask"]
        fields["to"].choices = [("", "–"), *((key, str(person)) for key, person in people.items())]
        self._ask_for_place(steps)
        self._ask_all_the_same()
        self._ask_for_images()
        self._ask_for_texts()

    def _ask_for_place(self, steps: Sequence[Step]) -> None:
        landing, field = self.landing, self.fields["after"]
        self.places = landing.moves or landing.undecided.get("") == Clash.STEP_GONE
        if not self.places or landing.contained:
            del self.fields["after"]
            self.places = False
            return
        first: list[Place] = [(STAYS, "–")] if landing.place is None else []
        if landing.follows:
            label = gettext("After the new step “%(title)s”; without it, where that one was to stand")
            first = [(place_value(landing.place), label % {"title": landing.follows})]
        field.choices = [*first, *places(steps, besides=landing.suggestion.step_id)]  # type: ignore[attr-defined]  # as above
        field.error_messages["invalid_choice"] = gettext(
            "The step that this one was to follow is not there: say where it is to stand."
        )

    def _ask_all_the_same(self) -> None:
        if self.landing.undecided.get("") == Clash.STEP_CHANGED:
            self.fields["anyway"].label = gettext("The step goes, though its text has changed")
        else:
            del self.fields["anyway"]

    def _ask_for_images(self) -> None:
        if "images" in self.landing.undecided:
            self.fields["images"] = _choice(gettext("Which images will the step show?"), IMAGES_TAKEN)

    def _ask_for_texts(self) -> None:
        landing = self.landing
        self.texts: list[str] = []
        for change in [] if landing.contained else landing.suggestion.changes.all():
            name = f"final-{change.field}"
            label = gettext("Text that will land: %(field)s") % {"field": change.get_field_display()}
            landed = (landing.step or {}).get(change.field, "")
            self.texts.append(change.field)
            self.on_record[name] = {change.proposed_text, change.landed_text}
            if change.field in landing.undecided:
                choices = landing.taken(change.field)
                landed = choices.get(Take.BOTH, choices[Take.THEIRS])
                self.on_record[name].add(landed)
                self.fields[f"take-{change.field}"] = _choice(
                    label, [*((take, TEXTS_TAKEN[take]) for take in choices), (OWN, gettext("My own text"))]
                )
                label = gettext("My own text")
            is_title = change.field == SuggestedField.TITLE
            self.fields[name] = WordsField(
                label=label,
                required=False,
                max_length=STEP_TITLE_LENGTH if is_title else STEP_TEXT_LENGTH,
                widget=area(1 if is_title else 6),
                initial=landed,
            )

    @property
    def final_fields(self) -> list[forms.BoundField]:
        """Of the texts that nobody has to choose."""
        return [self[f"final-{name}"] for name in self.texts if name not in self.landing.undecided]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        decision = data.get("decision")
        if not decision and set(self.changed_data) - {"seen", "decision"}:
            self.add_error("decision", gettext("Choose a decision: what you typed here belongs to none yet."))
        if (
            decision == "accept" and data.get("seen") == self.landing.seen
        ):  # else nothing lands: it is shown anew
            self._check_choices(data)
        if decision == "refuse" and not data.get("answer"):
            self.add_error("answer", gettext("Say why it is refused: the author is told."))
        if decision == "ask" and not data.get("answer"):
            self.add_error("answer", gettext("Write the question to the author."))
        if decision == "hand" and not data.get("to"):
            self.add_error("to", gettext("Choose who is to decide."))
        return data

    def _check_choices(self, data: dict[str, Any]) -> None:
        """A text of one's own is taken where nothing else is chosen; never dropped for what is."""
        if "images" in self.fields and not data.get("images"):
            self.add_error("images", gettext("Choose which images the step is to show."))
        for name in self.texts:
            own = cleaned_text(data.get(f"final-{name}", ""))
            if f"take-{name}" not in self.fields:
                if name == SuggestedField.TITLE and not own and f"final-{name}" in data:
                    self.add_error(f"final-{name}", gettext("A step needs a title."))
                continue
            take, final = data.get(f"take-{name}"), self.fields[f"final-{name}"].initial
            is_written = own not in ("", cleaned_text(final))
            if not take and is_written:
                data[f"take-{name}"] = OWN
            elif take == OWN and not own and name == SuggestedField.TITLE:
                self.add_error(f"final-{name}", gettext("Write the text that is to land."))
            elif not take:
                self.add_error(f"take-{name}", gettext("Choose which text lands, or write it yourself."))
            elif take != OWN and is_written:
                mine = gettext(
                    "You wrote a text of your own as well: choose it, or one of the others and leave it."
                )
                self.add_error(f"take-{name}", mine)

    def acceptance(self) -> Acceptance:
        data = self.cleaned_data
        after = place_id(data["after"]) if data.get("after") else None
        # Nothing is chosen where the choice came up meanwhile: what was looked at no longer is what is there.
        taken = {name: data.get(f"take-{name}", OWN) for name in self.texts}
        chosen = {name: take for name, take in taken.items() if take not in ("", OWN)}
        if data.get("images"):
            chosen["images"] = data["images"]
        return Acceptance(
            self.landing.suggestion,
            final={name: data[f"final-{name}"] for name, take in taken.items() if take == OWN},
            takes={name: Take(take) for name, take in chosen.items()},
            after=after,
            anyway=data.get("anyway", False),
            seen=data["seen"],
            answer=data["answer"],
        )


def _choice(label: str, choices: Iterable[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=list(choices), widget=forms.RadioSelect)
