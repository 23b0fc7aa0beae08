"""The whole of an import: read the folder, number its files, plan each, write batch by batch."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from procedures.content import content_hash
from procedures.importing import readers
from procedures.importing.catalogue import Catalogue
from procedures.importing.documents import Defaults, Document, Unreadable
from procedures.importing.front_matter import MAX_NUMBER, is_number
from procedures.importing.history import BlobReader, FileRevision, FolderHistory, read_history
from procedures.importing.images import check_images
from procedures.importing.markdown_lines import rewrite_links
from procedures.importing.numbering import link_resolver, link_targets, numbers, prefix_of
from procedures.importing.planning import Known, Plan, Reading, in_order, load_known, make_plan
from procedures.importing.writing import write_batch
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.numbers import all_claims

BATCH = 100
"""Files written in one transaction."""
_MOST_KEY = ProcedurePage._meta.get_field("source_key").max_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to import and how. `by` is on record as approver; `date_of` dates a file without history."""

    root: Path
    by: Any
    set_name: str = ""
    defaults: Defaults = field(default_factory=Defaults)
    number_prefix: str | None = None
    with_history: bool = False
    dry_run: bool = False
    date_of: Callable[[str], datetime] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one file."""

    path: str
    number: str
    outcome: str  # "new", "changed", "unchanged"
    versions: int


@dataclass(slots=True)
class Report:
    """What became of every file; `problems` and `notes` are (path, text for people)."""

    lines: list[Line] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0  # revisions of a file that could not be read, each with a note

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def versions(self) -> int:
        return sum(line.versions for line in self.lines)


def run(request: Request, progress: Callable[[list[str]], Iterable[str]] = iter) -> Report:
    """Import the folder; `progress` may wrap the list of paths, e.g. in a progress bar.

    What cannot be read is in the report's problems, the rest goes in. Raises NoHistory.
    """
    request = replace(request, set_name=readers.printable(request.set_name or request.root.resolve().name))
    return _Import(request).run(progress)


class _Import:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.report = Report()
        self.catalogue = Catalogue()
        self.history = read_history(request.root) if request.with_history else FolderHistory()
        self.documents: dict[str, Document] = {}
        self.page_ids: dict[str, int] = {}
        self.numbers: dict[str, str] = {}
        self.started = timezone.now()

    def run(self, progress: Callable[[list[str]], Iterable[str]]) -> Report:
        paths = list(readers.discover(self.request.root))
        for path in paths:
            try:
                self.documents[path] = self._checked(
                    readers.read_file(self.request.root, path, self.request.defaults)
                )
            except Unreadable as reason:
                self._problem(path, reason)
        self._linked_folders()
        if self.request.with_history:
            self._note_no_history(paths)
        self._number(paths)
        self.targets = link_targets(self.numbers)
        with ExitStack() as stack:
            self.blobs = (
                stack.enter_context(BlobReader(self.request.root)) if self.request.with_history else None
            )
            todo = iter(progress([path for path in paths if path in self.numbers]))
            while batch := list(islice(todo, BATCH)):
                self._take(batch)
                for path in batch:  # what was read is not needed again
                    self.documents.pop(path, None)
        return self.report

    def _take(self, batch: list[str]) -> None:
        """Plan and write the files; if one of them is more than rendering can do, the others all the same."""
        told = len(self.report.lines), len(self.report.notes), len(self.report.problems)
        left_out = self.report.left_out
        plans = list(self._plans(batch))
        if self.request.dry_run:
            return
        try:
            write_batch(plans, catalogue=self.catalogue, by=self.request.by)
        except RecursionError:
            # Nothing of the batch is stored, so what was said of it and what was created for it goes too.
            del self.report.lines[told[0] :], self.report.notes[told[1] :], self.report.problems[told[2] :]
            self.report.left_out = left_out
            self.catalogue = Catalogue()
            if len(batch) == 1:
                self._problem(batch[0], _("Its text is nested too deep to be shown."))
                return
            for path in batch:
                self._take([path])

    def _problem(self, path: str, reason: object) -> None:
        self.report.problems.append((readers.printable(path), str(reason)))

    def _linked_folders(self) -> None:
        for path, outside in readers.linked_folders(self.request.root):
            if outside:
                self._problem(path, _("It is a link to a folder elsewhere; it was not followed."))
            else:
                note = _("It is a link to a folder; the files there are read where they are.")
                self.report.notes.append((readers.printable(path), note))

    def _note_no_history(self, paths: Collection[str]) -> None:
        """Say of which folders git has nothing: whoever asked for the history would take one version for all of it."""
        with_history = {path.rpartition("/")[0] for path in paths if path in self.history.files}
        without = sorted({path.rpartition("/")[0] for path in paths} - with_history)
        note = _("git has no history of the files in this folder; each goes in as one version, as it stands.")
        for folder in without if with_history else [""] * bool(without):
            self.report.notes.append((readers.printable(folder or "."), note))

    def _key(self, path: str) -> str:
        return f"{self.request.set_name}:{path}"

    def _checked(self, document: Document) -> Document:
        self.catalogue.settle_line(document)
        self.catalogue.check(document.content, document.new_codes)
        check_images(document.images)
        return document

    def _number(self, paths: Collection[str]) -> None:
        """Give every readable file its procedure, where it is here already, and its number."""
        pages = list(ProcedurePage.objects.values_list("pk", "number", "source_key", named=True))
        by_pk = {page.pk: page for page in pages}
        by_number = {number.lower(): by_pk[pk] for number, pk in all_claims()}
        by_key = {page.source_key: page for page in pages if page.source_key}
        files = set(paths)
        current = {self._key(path) for path in files}
        wanted = {path: document.content["number"] for path, document in self.documents.items()}
        for path in wanted:
            page = by_key.get(self._key(path)) or self._moved(path, wanted[path], by_key, by_number, current)
            if page is not None:
                self.page_ids[path] = page.pk
                wanted[path] = wanted[path] or page.number
        # All files count, whatever is here of them already: a second run finds the numbers of the first.
        derived = numbers(paths, self._prefix())
        wanted = {path: number or derived[path] for path, number in wanted.items()}
        # A procedure that is here keeps its number, whoever else asks for it.
        holders: dict[str, str] = {}
        for path in sorted(wanted, key=lambda path: (path not in self.page_ids, path)):
            number = wanted[path]
            if reason := self._unfit(path, number):
                self.documents.pop(path)
                self._problem(path, reason)
                continue
            page = by_number.get(number.lower())
            other = holders.get(number.lower())
            if other is None and page is not None and page.pk != self.page_ids.get(path):
                other = page.source_key or page.number
            if other is not None:
                document = self.documents.pop(path)
                if self._is_in_force(document):
                    self.report.lines.append(Line(path, number, "unchanged", 0))
                else:
                    reason = _("Its number %(number)s is already that of %(other)s.")
                    self._problem(path, reason % {"number": number, "other": other})
                self.page_ids.pop(path, None)
                continue
            holders[number.lower()] = path
            self.numbers[path] = number
        self._note_gone(by_key, current)

    def _unfit(self, path: str, number: str) -> str:
        """Why nothing can have this number, or come from this file; "" where it can."""
        if not is_number(number):
            return _(
                "“%(number)s” is no number: at most %(most)d letters, digits, dots, hyphens and underscores. "
                "Give another --number-prefix."
            ) % {"number": number if len(number) <= MAX_NUMBER else f"{number[:40]}…", "most": MAX_NUMBER}
        if len(self._key(path)) > _MOST_KEY:
            return _(
                "The name of the set and the file's path have more than %(most)d characters together."
            ) % {"most": _MOST_KEY}
        return ""

    def _is_in_force(self, document: Document) -> bool:
        """Whether the file is an export of what is in force here under its number, whoever wrote that."""
        return (
            document.own_format
            and ProcedureVersion.objects.effective()
            .filter(number=document.content["number"], sha256=content_hash(document.content))
            .exists()
        )

    def _prefix(self) -> str:
        prefix = self.request.number_prefix
        return prefix_of(self.request.set_name) if prefix is None else prefix

    def _moved(
        self,
        path: str,
        number: str,
        by_key: Mapping[str, Any],
        by_number: Mapping[str, Any],
        current: set[str],
    ) -> Any:
        """The procedure of this set whose file is now called `path`, by git's renames or its own number."""
        former = [by_key.get(self._key(old.path)) for old in reversed(self.history.files.get(path, []))]
        for page in [*former, by_number.get(number.lower())]:
            if page is None or not page.source_key or page.source_key in current:
                continue
            if (
                page.source_key.startswith(f"{self.request.set_name}:")
                and page.pk not in self.page_ids.values()
            ):
                return page
        return None

    def _note_gone(self, by_key: Mapping[str, Any], current: set[str]) -> None:
        taken = set(self.page_ids.values())
        for key, page in by_key.items():
            if key.startswith(f"{self.request.set_name}:") and key not in current and page.pk not in taken:
                note = _("The file is gone; its procedure %(number)s stays until it is withdrawn.")
                self.report.notes.append((key.partition(":")[2], note % {"number": page.number}))

    def _plans(self, batch: list[str]) -> Iterator[Plan]:
        known = load_known(self.page_ids[path] for path in batch if path in self.page_ids)
        for path in batch:
            entry = known.get(self.page_ids.get(path, 0))
            try:
                plan = self._plan(path, entry)
            except Unreadable as reason:
                self._problem(path, reason)
                continue
            outcome = "new" if entry is None else "changed" if plan.versions else "unchanged"
            self.report.lines.append(Line(path, plan.number, outcome, len(plan.versions)))
            self.report.notes += [(path, note) for note in plan.document.notes if plan.versions]
            if note := self._owner_note(plan):
                self.report.notes.append((path, note))
            yield plan

    def _owner_note(self, plan: Plan) -> str:
        """Why the file's owner is not taken over; "" where they are, or nothing goes in."""
        name = plan.document.owner
        if not name or not plan.versions or self.catalogue.owner(name) is not None:
            return ""
        if self.catalogue.user(name) is None:
            note = _("Its owner %(name)s has no account here; it goes in without an owner.")
        else:
            note = _("Its owner %(name)s cannot act as one here; it goes in without an owner.")
        return note % {"name": name}

    def _plan(self, path: str, known: Known | None) -> Plan:
        document = self._linked(self.documents[path], path)
        return make_plan(
            path=path,
            source_key=self._key(path),
            number=self.numbers[path],
            readings=in_order(self._readings(path, document), now=self.started),
            known=known,
        )

    def _linked(self, document: Document, path: str) -> Document:
        """The document with links to files of the set leading to their procedures."""
        if document.own_format:
            return document
        resolve = link_resolver(path, self.targets)
        for step in document.content["steps"]:
            step["body"] = rewrite_links(step["body"], resolve)
        document.content["safety"] = rewrite_links(document.content["safety"], resolve)
        return document

    def _readings(self, path: str, document: Document) -> Iterator[Reading]:
        """The file's revisions, oldest first, then the file as it stands if that is not the last of them."""
        revisions = self.history.files.get(path, [])
        last = b""
        for revision in revisions:
            assert self.blobs is not None  # there are revisions only with a reader for them
            last = self.blobs.read(revision.blob)
            try:
                read = self._read_revision(revision, last, path)
            except Unreadable as reason:
                note = _("Revision %(commit)s was left out: %(reason)s")
                self.report.notes.append((path, note % {"commit": revision.commit[:10], "reason": reason}))
                self.report.left_out += 1
                continue
            yield Reading(read, revision.date, revision.author, revision.message)
        if not revisions or last != (self.request.root / path).read_bytes():
            number = self.numbers[path]
            at = self.request.date_of(number) if self.request.date_of else self.started
            yield Reading(document, at, message=document.change_summary or self._origin(path, document))

    def _origin(self, path: str, document: Document) -> str:
        """The change summary of a file that has none: stored with the text, so in the text's language."""
        with translation.override(document.content["language"]):
            return _("Imported from %(path)s.") % {"path": path}

    def _read_revision(self, revision: FileRevision, data: bytes, path: str) -> Document:
        # By the name it has now: a renamed file is read the same way all along.
        document = readers.parse(data, path=path, defaults=self.request.defaults)
        document.images = self.documents[path].images
        self.catalogue.settle_line(document)
        self.catalogue.check(document.content, document.new_codes)
        if any(
            image["sha256"] not in document.images
            for step in document.content["steps"]
            for image in step["images"]
        ):
            raise Unreadable(_("Its images are no longer there."))
        return self._linked(document, revision.path)
