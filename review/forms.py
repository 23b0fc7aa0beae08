"""Forms of the review pages. They parse; what the state allows is decided in review.rules."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures.models import ProcedurePage, Significance
from review.anchors import Quote
from review.models import Delegation, ThreadKind
from review.photos import clean_photo
from review.recording import is_blank
from review.release_rules import check_day
from review.threads import MOST_PHOTOS, Point

COMMENT_LENGTH = 10_000


class Area(forms.Textarea):
    """A browser would cut what is pasted beyond a length without a word: here the form says it, and keeps the text."""

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {
            name: value for name, value in super().build_attrs(*args, **kwargs).items() if name != "maxlength"
        }


def area(rows: int) -> Area:
    return Area(attrs={"rows": rows})


class WordsField(forms.CharField):
    """A text that somebody is to read: one with nothing to see in it counts as left out."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return "" if is_blank(text) else text


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


class PhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of photos, cleaned (review.photos); `keep_position` of the form says whether they tell where."""

    widget = PhotosInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/heic"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > MOST_PHOTOS:
            raise forms.ValidationError(
                gettext("At most %(most)d photos go with one comment.") % {"most": MOST_PHOTOS}
            )
        return [self._clean_one(file, initial) for file in files]

    def _clean_one(self, file: Any, initial: Any) -> Any:
        """Raises ValidationError that names the file."""
        try:
            return super().clean(file, initial)
        except forms.ValidationError as refused:
            raise of_file(file, refused) from None


def of_file(file: Any, refused: forms.ValidationError) -> forms.ValidationError:
    """The same, said of this file."""
    return forms.ValidationError(f"{file.name}: {' '.join(refused.messages)}", code=refused.code)


class PhotosForm(forms.Form):
    """A comment with photos. They are read in `clean`: whether their place is kept is another field."""

    photos = PhotosField(
        label=_("Photos"), required=False,
        help_text=_("JPEG, PNG, WebP or HEIC. Where they were taken is removed."),
    )  # fmt: skip
    keep_position = forms.BooleanField(label=_("Keep where the photos were taken"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned, keep = [], data.pop("keep_position", False)
        for file in data.get("photos") or []:
            try:
                cleaned.append(clean_photo(file, size=file.size, keep_position=keep))
            except forms.ValidationError as refused:
                self.add_error("photos", of_file(file, refused))
        data["photos"] = cleaned
        return data


class CommentForm(PhotosForm):
    field_order = ("kind", "text", "quote", "photos", "keep_position")

    kind = forms.ChoiceField(label=_("What is it?"), choices=ThreadKind.choices, initial=ThreadKind.QUESTION)
    text = WordsField(label=_("Comment"), max_length=COMMENT_LENGTH, widget=area(4))
    quote = forms.CharField(
        label=_("Passage"), required=False, max_length=COMMENT_LENGTH, widget=area(2),
        help_text=_("Select it in the step before you press “Comment”, or copy it here; empty: the whole step."),
    )  # fmt: skip
    # What stands around the passage, so that it finds its place again.
    before = forms.CharField(required=False, max_length=100, strip=False, widget=forms.HiddenInput)
    after = forms.CharField(required=False, max_length=100, strip=False, widget=forms.HiddenInput)
    image = forms.RegexField("^[0-9a-f]{64}$", required=False, widget=forms.HiddenInput)
    x = forms.IntegerField(required=False, min_value=0, max_value=1000, widget=forms.HiddenInput)
    y = forms.IntegerField(required=False, min_value=0, max_value=1000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """{"kind", "text", "photos", "quote": Quote or None, "point": Point or None}."""
        data = super().clean()
        self.leave_out_what_nobody_marked()
        exact, before, after = (data.pop(name, "") for name in ("quote", "before", "after"))
        image, x, y = (data.pop(name, None) for name in ("image", "x", "y"))
        data["quote"] = Quote(exact, before, after) if exact else None
        data["point"] = Point(image, x, y) if image and x is not None and y is not None else None
        return data

    def leave_out_what_nobody_marked(self) -> None:
        """What no page of ours sends stands in no field that could be marked: said, and left out of the next try."""
        wrong = {name for name in ("before", "after", "image", "x", "y") if name in self.errors}
        point = {name: self.cleaned_data.get(name) for name in ("image", "x", "y")}
        if len({value in (None, "") for value in point.values()}) > 1:  # half a point is none
            wrong |= {*point}
            self.cleaned_data.update(dict.fromkeys(point))
        if not wrong:
            return
        for name in wrong:
            self.errors.pop(name, None)
        left_out = {self.add_prefix(name) for name in wrong}
        self.data = {name: value for name, value in self.data.items() if name not in left_out}
        self.add_error(
            None,
            gettext(
                "The place that was marked cannot be read, and is left out: mark it again, or send the comment as it is."
            ),
        )


class ReplyForm(PhotosForm):
    field_order = ("text", "photos", "keep_position")

    text = WordsField(label=_("Reply"), max_length=COMMENT_LENGTH, widget=area(3))


class SubmitForm(DecisionForm):
    """What the next version will say of itself, and when it goes into force."""

    change_summary = WordsField(
        label=_("What changes?"),
        max_length=COMMENT_LENGTH,
        widget=area(3),
        help_text=_("One or two sentences; readers see it in the change log."),
    )
    significance = forms.ChoiceField(
        label=_("How much?"),
        choices=[
            (Significance.EDITORIAL, _("Editorial: wording only, 1.2 becomes 1.3")),
            (Significance.MINOR, _("Minor: 1.2 becomes 1.3")),
            (Significance.MAJOR, _("Major: 1.2 becomes 2.0")),
        ],
        initial=Significance.MINOR,
        widget=forms.RadioSelect,
    )
    effective_from = forms.DateTimeField(
        label=_("Goes into force"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: as soon as it is approved."),
    )

    def clean_effective_from(self) -> Any:
        day = self.cleaned_data["effective_from"]
        if day is not None:
            check_day(day=day, at=timezone.now())
        return day


def _password() -> forms.CharField:
    return forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("It makes this your signature."),
    )


class SignForm(DecisionForm):
    """A signature under the bytes with this hash, for one's own part or in the place of somebody away."""

    on_behalf_of = forms.ChoiceField(label=_("In whose name?"), required=False)
    comment = WordsField(label=_("Comment"), required=False, max_length=COMMENT_LENGTH, widget=area(2))
    password = _password()
    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    stage = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Sequence[Any], **kwargs: Any) -> None:
        """`people`: in whose name this person may sign, None for their own (review.eligibility)."""
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk) if person else "": person for person in people}
        field: Any = self.fields["on_behalf_of"]
        field.choices = [(key, str(person or gettext("My own"))) for key, person in self.people.items()]
        if len(self.people) < 2:
            field.widget = forms.HiddenInput()
            field.initial = next(iter(self.people), "")

    def represented(self) -> Any:
        """The person in whose place this signs, None where it is one's own."""
        return self.people.get(self.cleaned_data["on_behalf_of"])


class ConfirmForm(DecisionForm):
    """The version in force is still correct: a signature under its hash."""

    comment = WordsField(
        label=_("Comment"), required=False, max_length=COMMENT_LENGTH, widget=area(2),
        help_text=_("What you checked, e.g. against which machine or manual."),
    )  # fmt: skip
    password = _password()
    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)


class RemarkForm(DecisionForm):
    text = WordsField(label=_("Comment"), max_length=COMMENT_LENGTH, widget=area(3))
    stage = forms.IntegerField(widget=forms.HiddenInput)


class SendBackForm(DecisionForm):
    reason = WordsField(label=_("What has to change first?"), max_length=COMMENT_LENGTH, widget=area(2))


class WithdrawForm(DecisionForm):
    reason = WordsField(
        label=_("Why?"), max_length=COMMENT_LENGTH, widget=area(3), help_text=_("Readers see it.")
    )
    replaced_by = forms.CharField(
        label=_("What to use instead"),
        required=False,
        max_length=120,
        help_text=_("The number of another procedure, where there is one."),
    )
    password = _password()

    def clean_replaced_by(self) -> ProcedurePage | None:
        if not (number := self.cleaned_data["replaced_by"].strip()):
            return None
        page = ProcedurePage.objects.filter(number__iexact=number, versions__status="effective").first()
        if page is None:
            raise forms.ValidationError(gettext("No procedure %(number)s is in force.") % {"number": number})
        return page


class HoldForm(DecisionForm):
    """Readers are stopped, and read both texts."""

    reason = WordsField(
        label=_("Why?"), max_length=COMMENT_LENGTH, widget=area(3),
        help_text=_("Everybody who may read the procedure is shown this, customers too."),
    )  # fmt: skip
    instead = WordsField(
        label=_("What to do instead"), max_length=COMMENT_LENGTH, widget=area(3),
        help_text=_(
            "Also for whoever is in the middle of the work. Everybody who may read the procedure is shown this, "
            "customers too."
        ),
    )  # fmt: skip
    password = _password()


class LiftForm(DecisionForm):
    lift_reason = WordsField(
        label=_("Why can it be used again?"), max_length=COMMENT_LENGTH, widget=area(3),
        help_text=_("It stays on record, and whoever the hold concerns is told."),
    )  # fmt: skip
    password = _password()
    hold = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)


class DelegationForm(forms.ModelForm):
    """While I am away, somebody else signs in my place."""

    class Meta:
        model = Delegation
        fields = ["delegate", "starts_on", "ends_on"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
