"""Lists of short texts, edited one a line and stored as JSON."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class LinesField(forms.CharField):
    """A list of texts as a text box, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class TextListField(models.JSONField):
    """A JSON list of texts, and nothing else."""

    description = _("List of texts")

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValidationError(_("This must be a list of texts."), code="invalid")

    def formfield(self, **kwargs: Any) -> Any:
        help_text = " ".join(filter(None, [str(self.help_text), str(_("One a line."))]))
        return LinesField(required=False, label=self.verbose_name, help_text=help_text)
