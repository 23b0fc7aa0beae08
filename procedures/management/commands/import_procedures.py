"""manage.py import_procedures: a folder of Markdown becomes numbered, versioned procedures."""

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tqdm import tqdm

from procedures.access import may_answer_for_imports
from procedures.as_written import meant_by
from procedures.importing import importer
from procedures.importing.documents import Defaults
from procedures.importing.foreign import TITLE_SOURCES
from procedures.importing.front_matter import MAX_NUMBER, is_number
from procedures.importing.history import NoHistory
from procedures.models import (
    Audience,
    ErrorCode,
    Kind,
    MachineModel,
    ProcedureIndexPage,
    ProductLine,
    SoftwareRelease,
)
from procedures.ordering import range_problem
from procedures.people import possible_owners


class _One(Action):
    """Stores one value. Python 3.11 hands over an empty list for `--option=--`."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option_string: str | None = None
    ) -> None:
        if not isinstance(values, str):
            raise ArgumentError(self, _("it needs a value, and -- is none."))
        setattr(namespace, self.dest, self._stored(namespace, values))

    def _stored(self, namespace: Namespace, value: str) -> Any:
        return value


class _Each(_One):
    """Collects the values of an option that may be given several times."""

    def _stored(self, namespace: Namespace, value: str) -> Any:
        return [*getattr(namespace, self.dest), value]


class Command(BaseCommand):
    help = "Imports a folder of Markdown files, one procedure a file; running it again takes changes over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("path", type=Path, metavar="PATH", help="The folder; it is read with all below it.")
        add(
            "--as", dest="approver", required=True, action=_One, metavar="USERNAME",
            help="Who is on record as having approved.",
        )  # fmt: skip
        add(
            "--set",
            dest="set_name",
            default="",
            action=_One,
            metavar="NAME",
            help="Default: the folder's name.",
        )
        add(
            "--number-prefix", action=_One, metavar="PREFIX",
            help="Before the file's name. Default: from the set's name.",
        )  # fmt: skip
        add("--kind", choices=Kind.values, default=Kind.ERROR_HANDLING, action=_One)
        add("--language", choices=["en", "zh-hans"], default="en", action=_One)
        add("--audience", choices=Audience.values, default=Audience.INTERNAL, action=_One)
        add("--product-line", default="", action=_One, metavar="CODE")
        add("--model", default=[], action=_Each, metavar="CODE", help="Applies to; repeatable.")
        add("--from", dest="release_from", default="", action=_One, metavar="V", help="From this release on.")
        add(
            "--before",
            dest="release_before",
            default="",
            action=_One,
            metavar="V",
            help="Before this release.",
        )
        add(
            "--option", default=[], action=_Each, metavar="NAME",
            help="Only where this option is fitted to the --model; repeatable, all must be fitted.",
        )  # fmt: skip
        add(
            "--code", default=[], action=_Each, metavar="CODE",
            help="An error code of the --product-line, or of the --model's, that is here already; repeatable.",
        )  # fmt: skip
        add("--owner", default="", action=_One, metavar="USERNAME")
        add("--team", default="", action=_One)
        add(
            "--title-from", choices=TITLE_SOURCES, default="heading", action=_One,
            help="Where front matter names no title.",
        )  # fmt: skip
        add(
            "--codes-from", choices=["none", "file-name", "title"], default="none", action=_One,
            help="Creates and links the error code that the file's name or title is.",
        )  # fmt: skip
        add("--history", action="store_true", help="One version for each git revision of a file.")
        add("--dry-run", action="store_true", help="Print what would happen, write nothing.")

    def handle(self, **options: Any) -> None:
        if not ProcedureIndexPage.objects.exists():
            raise CommandError(
                _("This site has no folder for procedures yet: run `manage.py bootstrap` first.")
            )
        request = self._request(options)
        quiet = None if options["verbosity"] else True
        try:
            report = importer.run(request, lambda paths: tqdm(paths, unit="file", disable=quiet))
        except NoHistory as reason:
            raise CommandError(str(reason)) from None
        self._print(report, options)

    def _request(self, options: dict[str, Any]) -> importer.Request:
        path: Path = options["path"]
        if not path.is_dir():
            raise CommandError(_("%(path)s is not a folder.") % {"path": path})
        prefix = options["number_prefix"]
        if prefix and not is_number(prefix):
            raise CommandError(
                _(
                    "--number-prefix %(prefix)s: a number holds letters, digits, dots, hyphens and underscores, "
                    "begins with a letter or digit, and has at most %(most)d characters."
                )
                % {"prefix": prefix, "most": MAX_NUMBER}
            )
        return importer.Request(
            root=path,
            by=self._approver(options["approver"]),
            set_name=options["set_name"],
            defaults=self._defaults(options),
            number_prefix=options["number_prefix"],
            with_history=options["history"],
            dry_run=options["dry_run"],
        )

    def _user(self, username: str) -> Any:
        user = get_user_model()._default_manager.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(_("There is no active account named %(name)s.") % {"name": username})
        return user

    def _approver(self, username: str) -> Any:
        user = self._user(username)
        if not may_answer_for_imports(user):
            raise CommandError(
                _(
                    "%(name)s cannot be on record as approver: only documentation staff approve what is imported."
                )
                % {"name": username}
            )
        return user

    def _check_owner(self, user: Any) -> None:
        if not possible_owners().filter(pk=user.pk).exists():
            raise CommandError(
                _(
                    "%(name)s cannot own procedures: an owner may use the editing desk and read internal procedures."
                )
                % {"name": user.get_username()}
            )

    def _defaults(self, options: dict[str, Any]) -> Defaults:
        line, models = options["product_line"], options["model"]
        if line and not ProductLine.objects.filter(code=line).exists():
            raise CommandError(_("There is no product line %(code)s.") % {"code": line})
        if options["codes_from"] != "none" and not line:
            raise CommandError(_("--codes-from needs --product-line: a code belongs to one."))
        if (options["release_from"] or options["release_before"] or options["option"]) and not models:
            raise CommandError(_("--from, --before and --option need a --model."))
        if options["owner"]:
            self._check_owner(self._user(options["owner"]))
        for code in models:
            self._check_model(code, options)
        codes_line = line or self._shared_line(models) if options["code"] else line
        codes = sorted({self._code(code, codes_line) for code in options["code"]})
        rows = [
            {
                "model": code,
                "from": options["release_from"],
                "before": options["release_before"],
                "options": sorted(set(options["option"])),
            }
            for code in dict.fromkeys(models)
        ]
        names = ("kind", "language", "audience", "product_line", "owner", "team", "title_from", "codes_from")
        return Defaults(
            applies_to=rows,
            error_codes=[{"product_line": codes_line, "code": code} for code in codes],
            **{name: options[name] for name in names},
        )

    def _shared_line(self, models: list[str]) -> str:
        lines = ProductLine.objects.filter(models__code__in=models).distinct().values_list("code", flat=True)
        if len(lines) != 1:
            raise CommandError(
                _("--code needs --product-line, or a --model of one product line: a code belongs to one.")
            )
        return str(lines[0])

    def _code(self, typed: str, line: str) -> str:
        """The code of the line that is meant, however its capitals, separators and widths are typed."""
        meant = meant_by(typed, ErrorCode.objects.filter(product_line__code=line).only("code"))
        if len(meant) == 1:
            return meant[0].code
        if meant:
            raise CommandError(
                _("“%(typed)s” could be %(codes)s: write the one that is meant.")
                % {"typed": typed, "codes": ", ".join(code.code for code in meant)}
            )
        raise CommandError(
            _("There is no error code %(code)s in the product line %(line)s.") % {"code": typed, "line": line}
        )

    def _check_model(self, code: str, options: dict[str, Any]) -> None:
        model = MachineModel.objects.filter(code=code).first()
        if model is None:
            raise CommandError(_("There is no model %(code)s.") % {"code": code})
        if unknown := [name for name in options["option"] if name not in model.options]:
            raise CommandError(
                _("Model %(model)s cannot have the option %(options)s.")
                % {"model": code, "options": ", ".join(unknown)}
            )
        ends = options["release_from"], options["release_before"]
        there = SoftwareRelease.objects.filter(product_line=model.product_line_id, version__in=ends)
        releases = {release.version: release for release in there}
        for version in ends:
            if version and version not in releases:
                raise CommandError(
                    _("There is no software release %(version)s of the model %(code)s.")
                    % {"version": version, "code": code}
                )
        if reason := range_problem(*map(releases.get, ends)):
            reason = _("Model %(code)s: %(reason)s") % {"code": code, "reason": reason}
            raise CommandError(f"--from, --before: {reason}")

    def _print(self, report: importer.Report, options: dict[str, Any]) -> None:
        outcomes = {"new": _("new"), "changed": _("changed"), "unchanged": _("unchanged")}
        if options["dry_run"] or options["verbosity"] > 1:
            for line in report.lines:
                versions = ngettext("%(n)d version", "%(n)d versions", line.versions) % {"n": line.versions}
                self.stdout.write(f"{outcomes[line.outcome]}\t{line.number}\t{versions}\t{line.path}")
        for path, note in report.notes:
            self.stdout.write(self.style.WARNING(f"{path}: {note}"))
        for path, reason in report.problems:
            self.stderr.write(self.style.ERROR(f"{path}: {reason}"))
        counts = ngettext(
            "%(new)d new, %(changed)d changed, %(unchanged)d unchanged; %(versions)d version.",
            "%(new)d new, %(changed)d changed, %(unchanged)d unchanged; %(versions)d versions.",
            report.versions,
        ) % {
            "new": report.count("new"),
            "changed": report.count("changed"),
            "unchanged": report.count("unchanged"),
            "versions": report.versions,
        }
        if options["dry_run"]:
            counts += " " + _("Nothing was written.")
        incomplete = []
        if files := len(report.problems):
            incomplete.append(
                ngettext("%(n)d file was not imported.", "%(n)d files were not imported.", files)
                % {"n": files}
            )
        if left_out := report.left_out:
            incomplete.append(
                ngettext("%(n)d revision was left out.", "%(n)d revisions were left out.", left_out)
                % {"n": left_out}
            )
        if incomplete:
            raise CommandError(" ".join([counts, *incomplete]))
        self.stdout.write(self.style.SUCCESS(counts))
