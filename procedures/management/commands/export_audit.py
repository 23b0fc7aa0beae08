"""manage.py export_audit: the record of one procedure as JSON, which verify_audit --file verifies, and as PDF."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from procedures.audit.chain import ChainWalk
from procedures.audit.paper import record_html
from procedures.audit.records import page_numbered, procedure_record, record_findings, write_record
from procedures.numbers import owner_of
from procedures.printing import PrintingUnavailable, html_to_pdf


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
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            default=get_language() or settings.LANGUAGE_CODE,
            help="Of the PDF's headings; what people wrote stays as they wrote it.",
        )

    def handle(self, **options: Any) -> None:
        page = page_numbered(options["number"]) or owner_of(options["number"], besides=None, reserved=False)
        if page is None:
            raise CommandError(
                _("There is no procedure numbered %(number)s.") % {"number": options["number"]}
            )
        record = procedure_record(page)
        folder: Path = options["output"]
        target = folder / f"{page.number}.audit.json"
        written = [target.name]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_record(record, target)
            no_pdf = self._write_pdf(record, target, options["language"])
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be written: %(reason)s") % {"path": folder, "reason": error}
            ) from None
        if not no_pdf:
            written.append(target.with_suffix(".pdf").name)
        # Written all the same: whoever asks for the record of a procedure that was tampered with needs it most.
        problems = [no_pdf] if no_pdf else []
        finding = next(record_findings(record, ChainWalk(whole=False)), None)
        if finding is not None:
            problems.append(_("The record does not fit: %(finding)s") % {"finding": finding})
        self.stdout.write(self.style.SUCCESS(_("Written: %(files)s") % {"files": ", ".join(written)}))
        if problems:
            raise CommandError("\n".join(problems))

    def _write_pdf(self, record: Mapping[str, Any], beside: Path, language: str) -> str:
        """Write the PDF beside the JSON; returns "", or why none can be made here: the JSON stands alone."""
        with override(language):
            html = record_html(record, file_name=beside.name)
        try:
            pdf = html_to_pdf(html, settings.BASE_URL)
        except PrintingUnavailable as reason:
            return _("No PDF: %(reason)s Debian: apt-get install %(packages)s") % {
                "reason": reason,
                "packages": " ".join(reason.packages),
            }
        beside.with_suffix(".pdf").write_bytes(pdf)
        return ""
