"""The editor's form of a procedure."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
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
            raise ValidationError(_overtaken())
        return data

    def save(self, commit: bool = True) -> Any:
        """Hold the procedure against everybody else's save and release until this one is through.

        `clean` read before anything was held. Raises PermissionDenied where somebody was faster since: the
        editing desk shows the reason above what was typed.
        """
        page = self.instance
        if page.pk is None:
            return super().save(commit)
        with transaction.atomic():
            now = type(page)._default_manager.select_for_update().get(pk=page.pk)
            if now.latest_revision_id != page.latest_revision_id:
                page.latest_revision_id = now.latest_revision_id
                raise PermissionDenied(_overtaken())
            if now.live != page.live:
                # The first release: saving what was read before it would take its marks off the page again.
                raise PermissionDenied(
                    _("A version was released at the moment you saved. Your text is still here: save again.")
                )
            return super().save(commit)


def _overtaken() -> str:
    return _(
        "Somebody saved this procedure, or accepted a proposed edit, after you opened it. Your text is "
        "still here: compare it with the working copy, then save again to put yours in its place."
    )
