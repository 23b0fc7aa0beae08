"""`manage.py run_schedule`: what is due now. For a cron job every few minutes, or a worker with --every."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from review import scheduling


class Command(BaseCommand):
    help = (
        "Do what is due: versions that go into force, stages, duties, mails, the search engine, old searches."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on for ever, this often")

    def handle(self, *args: Any, every: int | None = None, **options: Any) -> None:
        while True:
            lines = list(scheduling.run(timezone.now()))
            failures = [line for line in lines if isinstance(line, scheduling.Failure)]
            for line in lines:
                out = self.stderr if isinstance(line, scheduling.Failure) else self.stdout
                out.write(line)
            if every is None:
                if failures:
                    raise CommandError(_("Not done: %(failures)s") % {"failures": "; ".join(failures)})
                if not lines:
                    self.stdout.write(_("Nothing was due."))
                return
            time.sleep(every)
