"""The editing desk's forms of procedures and FAQ entries."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.models import Revision

from procedures.keys import row_key
from procedures.people import possible_owners


class KeptPageForm(WagtailAdminPageForm):
    """Refuses a save over a revision that this editor has not seen; what was typed stays in the form."""

    overtaken: str | Promise

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self._is_up_to_date():
            # The page that says so is made with the old revision's id: neither its autosave nor its button
            # may then put this text over the newer one.
            self.instance.latest_revision_id = row_key(self.data.get("loaded_revision_id", ""))
            raise ValidationError(str(self.overtaken))
        return data

    def save(self, commit: bool = True) -> Any:
        """Hold the page against everybody else's save and release until this one is through.

        `clean` read before anything was held. Raises PermissionDenied where somebody was faster since: the
        editing desk shows the reason above what was typed.
        """
        page = self.instance
        if page.pk is None:
            return super().save(commit)
        with transaction.atomic():
            now = type(page)._default_manager.select_for_update().get(pk=page.pk)
            if now.latest_revision_id != page.latest_revision_id:
                raise PermissionDenied(str(self.overtaken))
            if now.live != page.live:
                # The first release: saving what was read before it would take its marks off the page again.
                raise PermissionDenied(
                    _("It was released at the moment you saved. Your text is still here: save again.")
                )
            return super().save(commit)

    def _is_up_to_date(self) -> bool:
        newest: Revision | None = self.instance.latest_revision
        if newest is None:
            return True
        # Only the session that made an autosaved revision has its id to overwrite it.
        if own := self.data.get("overwrite_revision_id"):
            return bool(own == str(newest.pk))
        return (
            self.data.get("loaded_revision_id") == str(newest.pk)
            # Another session's autosave may have written the same revision anew.
            and self.data.get("loaded_revision_created_at") == newest.created_at.isoformat()
        )


CANNOT_OWN = gettext_lazy(
    "Choose an active person who may use the editing desk and read internal procedures: nobody else can act on it."
)


class ProcedurePageForm(KeptPageForm):
    # An accepted proposal lands as a revision: a form that was open before would take it back in silence.
    overtaken = gettext_lazy(
        "Somebody saved this procedure, or accepted a proposed edit, after you opened it. Your text is still here "
        "and is not saved: open the procedure again beside it, and put it in there."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer whoever can act on it, and today's owner even if they cannot: a save of the text keeps them."""
        super().__init__(*args, **kwargs)
        if "procedure_owner" in self.fields:
            field = self.fields["procedure_owner"]
            able = Q(pk__in=possible_owners().values("pk")) | Q(pk=self.instance.procedure_owner_id)
            field.queryset = field.queryset.filter(able)
            field.error_messages["invalid_choice"] = CANNOT_OWN

    def clean_procedure_owner(self) -> Any:
        """A new procedure keeps whoever made it until somebody else is named: autosave sends the field empty."""
        named = self.cleaned_data["procedure_owner"]
        page = self.instance
        if named is not None or not page.pk or page.versions.exists():
            return named
        return possible_owners().filter(pk=page.owner_id).first()

    def save(self, commit: bool = True) -> Any:
        """An autosave stores the text, not who answers for it: that would shut out who is still typing."""
        if self.instance.pk and self.instance.is_autosave:
            self.instance.restore_what_is_no_text()
        return super().save(commit)


class FaqPageForm(KeptPageForm):
    overtaken = gettext_lazy(
        "Somebody saved this entry after you opened it. Your text is still here and is not saved: open the entry "
        "again beside it, and put it in there."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Where the script has not filled in the address, the page makes it from the question."""
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
