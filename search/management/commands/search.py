"""manage.py search: what a person finds for a question."""

import argparse
import json
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from search.api import hits_of, summary_of
from search.engine import PAGE_SIZE, SearchQuery
from search.my_model import models_of
from search.queries import find


class Command(BaseCommand):
    help = "Prints what is found for a question, the best first, as far as the person may see it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("query")
        parser.add_argument(
            "--as", dest="username", metavar="USER", help="Whose search it is. Default: nobody signed in."
        )
        parser.add_argument("--json", action="store_true", help="As one JSON object.")
        parser.add_argument(
            "--limit", type=int, default=PAGE_SIZE, help="At most so many. Default: %(default)s."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["limit"] <= 1000:
            raise CommandError(_("--limit is from 1 to 1000."))
        asked = SearchQuery(text=options["query"], scopes=frozenset(), page_size=options["limit"])
        person = _person(options["username"])
        found = find(person, asked)
        if not options["json"]:
            if found.is_corrected:
                self.stderr.write(
                    _("Nothing has it; these are the results for: %(text)s") % {"text": found.did_you_mean}
                )
            for hit in found.hits:
                self.stdout.write(f"{hit.score:8.3f}  {hit.document.url}  {hit.document.title}")
            if not found.hits:
                self.stderr.write(_("Nothing found."))
                if found.did_you_mean:
                    self.stderr.write(_("Did you mean: %(text)s") % {"text": found.did_you_mean})
            return
        hits = [
            {"source": told["type"], "score": round(hit.score, 6), **told}
            for hit, told in zip(found.hits, hits_of(found.hits, models_of(person)), strict=True)
        ]
        answer = {
            **summary_of(found),
            "hits": hits,
        }
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))


def _person(username: str | None) -> Any:
    if username is None:
        return AnonymousUser()
    people = get_user_model()
    try:
        return people.objects.get_by_natural_key(username)
    except people.DoesNotExist:
        raise CommandError(_("There is no account %(name)s.") % {"name": username}) from None
