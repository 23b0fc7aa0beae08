"""manage.py evaluate_search: how good the search is, against a folder of judged questions."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from search import evaluation
from search.meaning import making, model
from search.outbox import Unreachable


class Command(BaseCommand):
    help = (
        "Measures the search with a folder in BEIR's form: corpus.jsonl, queries.jsonl, qrels/test.tsv."
        " Its documents go into an index beside the site's own, and through the same analysis and ranking."
        " Prints nDCG@10, recall@10, recall@100, MRR@10 and milliseconds a query as JSON."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument(
            "--engine", choices=evaluation.ENGINES, default="sqlite", help="Default: %(default)s."
        )
        parser.add_argument(
            "--run", type=Path, metavar="FILE", help="Write query-id, doc-id, rank and score there, by tabs."
        )

        parser.add_argument(
            "--with-terms",
            action="store_true",
            help="Let the site's term list count. Default: what is measured is the search itself.",
        )
        parser.add_argument(
            "--semantic",
            action="store_true",
            dest="meaning",
            help="Search by meaning as well (redline[semantic]).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = True if options["verbosity"] == 0 else None  # None: no bar where the output is no terminal
        try:
            questions = evaluation.read(options["path"])
        except evaluation.UnfitFolder as error:
            raise CommandError(str(error)) from None
        if options["run"]:
            _try(options["run"])
        if absent := questions.absent:
            said = ngettext(
                "%(count)d judged document is not in the corpus: nothing can find it.",
                "%(count)d judged documents are not in the corpus: nothing can find them.",
                absent,
            )
            self.stderr.write(said % {"count": absent})
        try:
            with evaluation.index_beside(
                options["engine"], with_terms=options["with_terms"], meaning=options["meaning"]
            ) as engine:
                engine.rebuild(tqdm(questions.documents, unit=" documents", disable=quiet))
                if options["meaning"]:
                    _read_for_meaning(len(questions.documents), quiet)
                answers = {
                    query: evaluation.ask(engine, questions.texts[query])
                    for query in tqdm(questions.grades, unit=" questions", disable=quiet)
                }
        except (ImproperlyConfigured, Unreachable) as error:
            raise CommandError(str(error)) from None
        if options["run"]:
            _write(options["run"], answers)
        counts = {"documents": len(questions.documents), "queries": len(questions.grades)}
        found = counts | evaluation.measures(answers, questions.grades)
        self.stdout.write(json.dumps(found, indent=2))


def _read_for_meaning(count: int, quiet: bool | None) -> None:
    try:
        with tqdm(total=count, unit=" documents read", disable=quiet) as bar:
            making.make(evaluation.BESIDE, progress=bar.update)
    except model.Missing as error:
        raise CommandError(
            _("There is no model to search by meaning: %(reason)s") % {"reason": error}
        ) from None


def _try(path: Path) -> None:
    """Raise CommandError where the file cannot be written: before everything is measured."""
    with _said(path):
        was_there = path.exists()
        path.open("a").close()
        if not was_there:
            path.unlink()


def _write(path: Path, answers: dict[str, evaluation.Answer]) -> None:
    with _said(path), path.open("w", encoding="utf-8") as file:
        for query, answer in answers.items():
            for rank, (document, score) in enumerate(answer.found, 1):
                file.write(f"{query}\t{document}\t{rank}\t{score:.6f}\n")


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(
            _("%(path)s cannot be written: %(reason)s") % {"path": path, "reason": error.strerror}
        ) from None
