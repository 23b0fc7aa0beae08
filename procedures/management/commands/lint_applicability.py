"""manage.py lint_applicability [--line CODE]: gaps and overlaps of the guides in force, and ranges of no
release; status 1 on any."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from procedures.lint import EmptyRange, Gap, Overlap, find_problems
from procedures.models import ProductLine


class Command(BaseCommand):
    help = (
        "Says for which error code, model and software release there is no guide in force, or more than one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--line", metavar="CODE", default="", help="Look at one product line only.")

    def handle(self, *args: Any, **options: Any) -> None:
        line = options["line"]
        if line and not ProductLine.objects.filter(code=line).exists():
            raise CommandError(_("There is no product line “%s”.") % line)
        report = find_problems(line=line)
        lines = [*map(_gap, report.gaps), *map(_overlap, report.overlaps), *map(_empty, report.empty)]
        if lines:
            self.stdout.write("\n".join(lines))
        self.stdout.write(
            _("Gaps: %(gaps)d. Overlaps: %(overlaps)d. Overlaps with a reason on record: %(accepted)d.")
            % {
                "gaps": len(report.gaps),
                "overlaps": len(report.overlaps),
                "accepted": len(report.accepted),
            }
        )
        if not report.is_clean:
            sys.exit(1)


def _gap(gap: Gap) -> str:
    text = _("Gap: %(line)s %(code)s: %(where)s") % {
        "line": gap.code.line,
        "code": gap.code.code,
        "where": gap.where,
    }
    if gap.only_with:
        text += " (" + _("some have a guide with %(options)s") % {"options": gap.helping_options} + ")"
    return text


def _overlap(overlap: Overlap) -> str:
    return _("Overlap: %(line)s %(code)s: %(one)s and %(other)s: %(where)s") % {
        "line": overlap.code.line,
        "code": overlap.code.code,
        "one": overlap.one,
        "other": overlap.other,
        "where": overlap.where,
    }


def _empty(row: EmptyRange) -> str:
    return _("For no machine: %(number)s %(label)s: %(model)s from %(first)s to before %(before)s") % {
        "number": row.number,
        "label": row.label,
        "model": row.model,
        "first": row.first,
        "before": row.before,
    }
