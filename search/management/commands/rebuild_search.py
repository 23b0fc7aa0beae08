"""manage.py rebuild_search: the whole index anew, from what every source describes."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from search.engines.fed import RebuildUnderWay
from search.indexing import rebuild
from search.outbox import Unreachable


class Command(BaseCommand):
    help = "Rebuilds the search index from all sources; searches go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        quiet = options["verbosity"] == 0
        # disable=None: no bar where the output is no terminal.
        try:
            count = rebuild(lambda documents: tqdm(documents, unit=" documents", disable=quiet or None))
        except RebuildUnderWay:
            raise CommandError(_("The search index is being rebuilt already; let that end first.")) from None
        except Unreachable as error:
            raise CommandError(
                _(
                    "The search engine cannot be reached: %(reason)s. What changed is told when the schedule runs;"
                    " the rest of the index is as it was."
                )
                % {"reason": error}
            ) from None
        if not quiet:
            self.stdout.write(f"{count} documents in {time.perf_counter() - started:.1f} s")
