"""The editing desk's form of images (WAGTAILIMAGES_IMAGE_FORM_BASE)."""

from typing import Any

from django.utils.translation import gettext as _
from wagtail.images.forms import BaseImageForm


class KeptImageForm(BaseImageForm):
    def clean(self) -> dict[str, Any]:
        """An image's file stays what it was: replacing it would change procedures behind their authors' backs."""
        data: dict[str, Any] = super().clean()
        if self.instance.pk and "file" in self.changed_data:
            self.add_error(
                "file", _("An image's file cannot be replaced: add another image, and choose it in the step.")
            )
        return data
