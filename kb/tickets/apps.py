from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "kb.tickets"
    label = "tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        from kb.tickets import effects, search_sources
        from review import effects as releases

        search_sources.register()
        releases.register(effects.open_tickets)
