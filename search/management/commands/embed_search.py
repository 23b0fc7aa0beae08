"""manage.py embed_search: what the search by meaning needs, for all documents that changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from search.meaning import making, model


class Command(BaseCommand):
    help = (
        "Reads the documents that changed for the search by meaning. May be stopped and goes on where it was;"
        " the schedule does the same a minute at a time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not model.is_on():
            raise CommandError(_("The search by meaning is switched off: set REDLINE_SEARCH_MEANING=true."))
        quiet = True if options["verbosity"] == 0 else None  # None: no bar where the output is no terminal
        try:
            with tqdm(total=making.pending().count(), unit=" documents", disable=quiet) as bar:
                count = making.make(progress=bar.update)
        except model.Missing as error:
            raise CommandError(
                _("There is no model to search by meaning: %(reason)s") % {"reason": error}
            ) from None
        if options["verbosity"]:
            line = ngettext(
                "%(count)d document read for the search by meaning",
                "%(count)d documents read for the search by meaning",
                count,
            )
            self.stdout.write(line % {"count": count})
