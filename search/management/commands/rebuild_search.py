"""manage.py rebuild_search: the whole index anew, from what every source describes."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.engines.alone import AnotherRebuild
from search.indexing import rebuild
from search.outbox import Unreachable


class Command(BaseCommand):
    help = "Rebuilds the search index from all sources."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        quiet = options["verbosity"] == 0
        # disable=None: no bar where the output is no terminal.
        try:
            count = rebuild(lambda documents: tqdm(documents, unit=" documents", disable=quiet or None))
        except (AnotherRebuild, Unreachable) as error:
            raise CommandError(str(error)) from None
        if not quiet:
            self.stdout.write(f"{count} documents in {time.perf_counter() - started:.1f} s")
