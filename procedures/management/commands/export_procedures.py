"""manage.py export_procedures: the versions in force, as files that import_procedures reads back."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from procedures.importing.exporting import export_version, exportable


class Command(BaseCommand):
    help = "Writes every procedure's effective version as a Markdown file of Redline's own format."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", type=Path, metavar="PATH", help="The folder; it is made if there is none."
        )
        parser.add_argument(
            "--number", action="append", default=[], metavar="N", help="Only this one; repeatable."
        )

    def handle(self, **options: Any) -> None:
        versions = exportable(options["number"])
        missing = set(options["number"]) - set(versions.values_list("number", flat=True))
        if missing:
            numbers = ", ".join(sorted(missing))
            raise CommandError(_("No version in force is numbered: %(numbers)s.") % {"numbers": numbers})
        folder: Path = options["path"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            count, failed, on_hold = self._export(versions, folder, quiet=not options["verbosity"])
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be written: %(reason)s") % {"path": folder, "reason": error}
            ) from None
        if on_hold:
            # The files do not say it: they hold what was released, and import to the same hash.
            said = _("On hold, nobody is to work by them: %(numbers)s.") % {"numbers": ", ".join(on_hold)}
            self.stderr.write(self.style.WARNING(said))
        done = ngettext("%(n)d procedure exported.", "%(n)d procedures exported.", count) % {"n": count}
        if failed:
            raise CommandError(
                done
                + " "
                + _("Left out, as an image of theirs is missing: %(numbers)s.")
                % {"numbers": ", ".join(failed)}
            )
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(done))

    def _export(self, versions: Any, folder: Path, *, quiet: bool) -> tuple[int, list[str], list[str]]:
        """How many were written, which were not, and which of the written are on hold."""
        count, failed, on_hold = 0, [], []
        progress = tqdm(
            versions.iterator(chunk_size=200), total=versions.count(), unit="file", disable=quiet or None
        )
        for version in progress:
            try:
                export_version(version, folder)
                count += 1
                on_hold += [version.number] if version.on_hold else []
            except FileNotFoundError:
                failed.append(version.number)
        return count, failed, on_hold
