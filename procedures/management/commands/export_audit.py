"""manage.py export_audit: the record of one procedure as JSON, which verify_audit --file verifies, and as PDF."""

from argparse import ArgumentParser
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from procedures.audit.chain import ChainWalk
from procedures.audit.paper import record_html
from procedures.audit.records import page_numbered, procedure_record, record_findings, write_record


class Command(BaseCommand):
    help = "Writes NUMBER.audit.json and NUMBER.audit.pdf: every event of a procedure and what it sealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", metavar="NUMBER", help="The procedure's number, now or once.")
        parser.add_argument(
            "--output",
            type=Path,
            required=True,
            metavar="FOLDER",
            help="The folder; it is made if there is none.",
        )

    def handle(self, **options: Any) -> None:
        page = page_numbered(options["number"])
        if page is None:
            raise CommandError(
                _("There is no procedure numbered %(number)s.") % {"number": options["number"]}
            )
        record = procedure_record(page)
        folder: Path = options["output"]
        target = folder / f"{page.number}.audit.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_record(record, target)
            written = [target.name, *self._write_pdf(record, target)]
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be written: %(reason)s") % {"path": folder, "reason": error}
            ) from None
        # Written all the same: whoever asks for the record of a procedure that was tampered with needs it most.
        finding = next(record_findings(record, ChainWalk(whole=False)), None)
        if finding is not None:
            raise CommandError(_("The record does not fit: %(finding)s") % {"finding": finding})
        self.stdout.write(self.style.SUCCESS(_("Written: %(files)s") % {"files": ", ".join(written)}))

    def _write_pdf(self, record: Mapping[str, Any], beside: Path) -> list[str]:
        """The PDF beside the JSON; where none can be made, the reason goes to stderr and the JSON stands alone."""
        try:
            printing = import_module("procedures.printing")
        except ModuleNotFoundError:
            self.stderr.write(self.style.WARNING(_("No PDF: it needs procedures.printing.")))
            return []
        target = beside.with_suffix(".pdf")
        try:
            pdf = printing.html_to_pdf(record_html(record, file_name=beside.name), settings.BASE_URL)
        except printing.PrintingUnavailable as reason:
            self.stderr.write(self.style.WARNING(_("No PDF: %(reason)s") % {"reason": reason}))
            return []
        target.write_bytes(pdf)
        return [target.name]
