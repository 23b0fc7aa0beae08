"""The editor's form of a procedure."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminPageForm


class ProcedurePageForm(WagtailAdminPageForm):
    def clean(self) -> dict[str, Any]:
        """Refuse a save over a revision that this editor has not seen; what was typed stays in the form.

        An accepted proposal lands as a revision: a form that was open before would take it back in silence.
        """
        data = super().clean()
        newest = self.instance.latest_revision_id
        if newest is not None and self.data.get("loaded_revision_id") != str(newest):
            raise ValidationError(
                _(
                    "Somebody saved this procedure, or accepted a proposed edit, after you opened it. Your text is "
                    "still here: compare it with the working copy, then save again to put yours in its place."
                )
            )
        return data
