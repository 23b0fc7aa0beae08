"""manage.py verify_audit: does the log fit what is stored? Names the first row that does not."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from procedures.audit.chain import ChainWalk
from procedures.audit.records import NoRecord, read_record, record_findings
from procedures.audit.sealing import Finding
from procedures.audit.verifying import Head, Verification


def parse_head(text: str) -> Head:
    """ "SEQUENCE:HASH" as verify_audit prints it. Raises ArgumentTypeError."""
    sequence, colon, digest = text.strip().partition(":")
    if not (colon and sequence.isascii() and sequence.isdigit() and len(digest) == 64):
        raise ArgumentTypeError(_("A head is written SEQUENCE:HASH, as verify_audit printed it."))
    return int(sequence), digest


class Command(BaseCommand):
    help = (
        "Walks the chain of events, every row it seals, the versions and their images. Exit 1: does not fit."
    )
    requires_system_checks = []  # a record is verified where there is no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--file", type=Path, metavar="RECORD", help="A record of export_audit; no database is asked."
        )
        parser.add_argument(
            "--head",
            type=parse_head,
            metavar="SEQUENCE:HASH",
            help="As printed before and kept elsewhere: the chain must still hold it.",
        )
        parser.add_argument("--all", action="store_true", help="Name every row that does not fit.")

    def handle(self, **options: Any) -> None:
        if options["file"]:
            findings, summary = self._file(options["file"], options["head"])
        else:
            findings, summary = self._database(options["head"], quiet=not options["verbosity"])
        count = 0
        with closing(findings):
            for finding in findings:
                count += 1
                self.stderr.write(self.style.ERROR(str(finding)))
                if not options["all"]:
                    break
        if count:
            raise CommandError(_("The log does not fit what is stored."))
        for line in summary():
            self.stdout.write(self.style.SUCCESS(line))

    def _database(self, kept: Head | None, *, quiet: bool) -> tuple[Any, Any]:
        bar = tqdm(
            total=0 if quiet else Verification.total(), unit="row", disable=quiet or None, file=sys.stderr
        )
        verification = Verification(kept=kept, tick=bar.update)

        def findings() -> Iterator[Finding]:
            with closing(bar), closing(verification.findings()) as found:  # type: ignore[type-var]  # a generator can be closed
                yield from found

        def summary() -> Iterator[str]:
            yield _("%(events)d events, %(rows)d sealed rows and %(images)d images fit.") % {
                "events": verification.chain.count,
                "rows": sum(verification.rows.values()),
                "images": verification.images,
            }
            yield _head_line(verification.chain)

        return findings(), summary

    def _file(self, path: Path, kept: Head | None) -> tuple[Any, Any]:
        try:
            record = read_record(path)
        except (NoRecord, OSError) as error:
            raise CommandError(f"{path}: {error}") from None
        chain = ChainWalk(whole=False)

        def findings() -> Iterator[Finding]:
            yield from record_findings(record, chain)
            held = {(event["sequence"], event["hash"]) for event in record["events"]}
            if kept is not None and kept not in held:
                yield Finding("events", kept[0], _("It was kept as the last event and is gone."))

        def summary() -> Iterator[str]:
            yield _("%(number)s: %(events)d events and %(rows)d sealed rows fit.") % {
                "number": record["number"],
                "events": chain.count,
                "rows": len(record["rows"]),
            }
            yield _("When it was exported, %(at)s, is only what the file says; no event vouches for it.") % {
                "at": record["exported_at"]
            }
            head = record["head"]
            if head["sequence"] > chain.sequence:
                yield _("So is the end of the whole chain at that time: %(head)s") % {
                    "head": f"{head['sequence']}:{head['hash']}"
                }
            yield _head_line(chain)

        return findings(), summary


def _head_line(chain: ChainWalk) -> str:
    return _("Head, to keep elsewhere: %(head)s") % {"head": f"{chain.sequence}:{chain.hash}"}
