from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")

    def ready(self) -> None:
        from procedures import extensions
        from review import contributions, signatures

        extensions.register(contributions.marks)
        extensions.register_credits(contributions.credits)
        signatures.register()
