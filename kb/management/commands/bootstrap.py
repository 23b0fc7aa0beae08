"""manage.py bootstrap: the roles, the tree of pages and the release workflow of a new site."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from kb.bootstrap import build_site


class Command(BaseCommand):
    help = "Creates roles, folders and the release workflow where they are missing; run it after migrate."

    def handle(self, **options: Any) -> None:
        build_site()
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(_("The site has its roles, folders and release workflow.")))
