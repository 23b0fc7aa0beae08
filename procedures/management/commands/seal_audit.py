"""manage.py seal_audit: rows from before the log are sealed as they are found, once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from procedures.audit.upgrading import seal_unsealed


class Command(BaseCommand):
    help = "Seals, as they are now, the rows that no event seals: for a site that is older than its log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--as", dest="username", required=True, metavar="USERNAME", help="Who is on record for it."
        )

    def handle(self, **options: Any) -> None:
        name = options["username"]
        user = get_user_model()._default_manager.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(_("There is no active account named %(name)s.") % {"name": name})
        quiet = None if options["verbosity"] else True
        count = seal_unsealed(by=user, progress=lambda pages: tqdm(pages, unit="procedure", disable=quiet))
        done = ngettext("%(n)d row sealed as found.", "%(n)d rows sealed as found.", count) % {"n": count}
        self.stdout.write(self.style.SUCCESS(done))
