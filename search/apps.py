"""Django's handle on the search app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    """Search; other apps register what there is to find from their own ready()."""

    name = "search"
    verbose_name = _("Search")
