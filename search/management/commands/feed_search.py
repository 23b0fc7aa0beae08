"""manage.py feed_search: what the search engine has not heard yet, at once."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from search import feeding, outbox


class Command(BaseCommand):
    help = "Tells the search engine what waits for it, as run_schedule does, and says what is left."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="What was given up, too.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            outbox.send_again()
        try:
            lines = list(feeding.feed(timezone.now(), all_said=True))
        except outbox.Unreachable as error:
            reason = _("The search engine cannot be reached: %(reason)s.") % {"reason": error}
            raise CommandError(f"{reason} {feeding.state()}".strip()) from None
        is_fed = feeding.is_fed()
        for line in lines:
            self.stdout.write(line)
        if is_fed and (left := feeding.state()):
            raise CommandError(left)
        if not lines:
            nothing = (
                _("Nothing waits, and the index has what the database has.")
                if is_fed
                else _("The index lies in the database: there is nothing to tell.")
            )
            self.stdout.write(nothing)
