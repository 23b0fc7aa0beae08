"""manage.py import_catalogue MODEL FILE.csv [--dry-run]: the admin's CSV import on the command line."""

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from procedures.admin.csv_columns import FILES
from procedures.admin.csv_import import import_file, make_plan
from procedures.admin.csv_reading import Problem
from procedures.admin.csv_views import imported_message


class Command(BaseCommand):
    help = "Update and create catalogue records from a CSV file: all of its rows, or none if one is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", choices=sorted(FILES), help="What the rows are.")
        parser.add_argument("file", type=Path, help="A CSV file in UTF-8 whose first row names the columns.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would happen.")
        parser.add_argument("--by", default="", help="User name that the history should record.")

    def handle(self, *args: Any, **options: Any) -> None:
        file = FILES[options["model"]]
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        by = None
        if options["by"]:
            by = get_user_model()._default_manager.filter(username=options["by"]).first()
            if by is None:
                raise CommandError(_("There is no user “%s”.") % options["by"])
        dry_run = options["dry_run"]
        plan = make_plan(file=file, data=data) if dry_run else import_file(file=file, data=data, by=by)
        if plan.problems:
            for problem in plan.problems:
                self.stderr.write(_line(problem))
            raise CommandError(_("Nothing was imported."))
        self.stdout.write(imported_message(plan))
        if options["dry_run"]:
            self.stdout.write(_("Nothing was imported: this was a dry run."))


def _line(problem: Problem) -> str:
    where = [_("line %d") % problem.line] if problem.line else []
    return ": ".join([*where, *([problem.field] if problem.field else []), problem.reason])
