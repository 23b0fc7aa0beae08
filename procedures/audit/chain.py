"""Walking a chain of events and the rows it seals, in the database or in a file: no query is made here."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from procedures.audit.canonical import FORMAT, event_hash, fits_seal
from procedures.audit.comparing import frozen_misfits
from procedures.audit.sealing import UNREADABLE, Facts, Finding, Sealed, sealed_models
from procedures.models import AuditKind
from procedures.models.audit import MISFITS, NO_HASH

_ROW_KEY = re.compile(r"(.+):([0-9]{1,19})")
Seals = dict[str, dict[int, tuple[str, int]]]
"""{"app.model": {pk: (newest seal, sequence of its event)}}."""


class ChainWalk:
    """Takes events in order; knows the newest seal of each row, what the events found changed behind their back,
    the content's hash by which each version was first known, and where the chain ends.

    `whole`: every event of the site is there. Otherwise those of one procedure, which have gaps between them.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._previous: str | None = NO_HASH  # None: not known, as the event before does not fit itself
        self._last_of_page: dict[Any, str | None] = {}
        self.sequence, self.hash, self.count = 0, NO_HASH, 0
        self.seals: Seals = {}
        self.hashes: dict[
            int, tuple[str, int]
        ] = {}  # by version: (SHA-256, sequence of the first event on it)
        self._misfits: dict[tuple[str, int], tuple[int, tuple[str, ...], bool]] = {}

    def skip(self, sequence: int) -> None:
        """An event that cannot be read: what follows on it cannot be told."""
        self.sequence, self._previous, self.count = sequence, None, self.count + 1
        self._last_of_page.clear()
        self._skipped = True

    _skipped = False

    def take(self, event: Mapping[str, Any]) -> Iterator[str]:
        """What does not fit of this event, as sentences. `event` has EVENT_FIELDS and the hash."""
        sequence = event["sequence"]
        if type(sequence) is not int or sequence <= self.sequence:
            yield _("It is out of order.")
            return
        if self._whole and sequence != self.sequence + 1:
            yield _("The events from %(first)d to %(last)d are missing before it.") % {
                "first": self.sequence + 1,
                "last": sequence - 1,
            }
        elif self._whole and self._previous is not None and event["previous_hash"] != self._previous:
            yield _("It does not hold the hash of the event before it.")
        page = event["page"]
        before = self._last_of_page.get(page, None if self._skipped else NO_HASH) if page else NO_HASH
        if before is not None and event["previous_of_page"] != before:
            yield _("It does not hold the hash of the event before it of the same procedure.")
        if event["format"] != FORMAT:
            yield _("Its format %(format)s is not known here.") % {"format": event["format"]}
        elif not _fits(event):
            yield _("It does not have the hash that it carries.")
        self.sequence, self._previous, self.count = sequence, event["hash"], self.count + 1
        self.hash = str(event["hash"])
        self._last_of_page[page] = event["hash"]
        self._take_seals(event)
        data = event["data"] if isinstance(event["data"], dict) else {}
        if type(event["version"]) is int and isinstance(data.get("sha256"), str):
            self.hashes.setdefault(event["version"], (data["sha256"], event["sequence"]))
        if event["kind"] == AuditKind.TAMPERED and isinstance(data.get(MISFITS), dict):
            for key, columns in data[MISFITS].items():
                again = isinstance(event["seals"], dict) and key in event["seals"]
                self._note_misfit(key, event["sequence"], columns, sealed_again=again)

    def _take_seals(self, event: Mapping[str, Any]) -> None:
        seals = event["seals"]
        for key, seal in seals.items() if isinstance(seals, dict) else ():
            if (row := _row_of(key)) is not None and isinstance(seal, str):
                label, pk = row
                of_table = self.seals.setdefault(label, {})
                before, _sequence = of_table.get(pk, (seal, 0))
                for columns in frozen_misfits({key: before}, {key: seal}).values():
                    self._note_misfit(key, event["sequence"], columns)
                of_table[pk] = (seal, event["sequence"])

    def _note_misfit(self, key: str, sequence: int, columns: Any, *, sealed_again: bool = True) -> None:
        if (row := _row_of(key)) is not None and isinstance(columns, list):
            self._misfits.setdefault(row, (sequence, tuple(map(str, columns)), sealed_again))

    def misfits(self) -> Iterator[Finding]:
        """The rows that an event, or two seals of one row, show as changed behind the log's back: for good."""
        for (label, pk), (sequence, columns, sealed_again) in sorted(self._misfits.items()):
            sealed = sealed_models().get(label)
            table = sealed.table if sealed is not None and self._whole else label
            what = _("It was changed behind the log's back before event %(sequence)d sealed it again.")
            if columns:
                what = _(
                    "It was changed behind the log's back before event %(sequence)d sealed it again: %(columns)s."
                )
            if not sealed_again:
                what = _("Event %(sequence)d found it changed behind the log's back: %(columns)s.")
            yield Finding(table, pk, what % {"sequence": sequence, "columns": ", ".join(columns)})


def _row_of(key: str) -> tuple[str, int] | None:
    """(table, primary key) of "app.model:pk", where it is one that a database could have."""
    found = _ROW_KEY.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def _fits(event: Mapping[str, Any]) -> bool:
    try:
        return event_hash(event) == event["hash"]
    except UNREADABLE:
        return False


def row_problems(
    sealed: Sealed,
    pk: int,
    fields: Mapping[str, Any],
    row_of: Callable[[int], Mapping[str, Any]],
    sealed_as: tuple[str, int] | None,
    facts: Facts,
) -> Iterator[str]:
    """What does not fit of a row, as sentences. `row_of(form)` is the row as hashed; `sealed_as` its newest seal."""
    try:
        yield from (sealed.check or _no_check)(pk, fields, facts)
    except (*UNREADABLE, LookupError):
        yield _("It cannot be read.")
        return
    if sealed_as is None:
        yield _("No event seals it.")
        return
    seal, sequence = sealed_as
    try:
        fits = fits_seal(row_of(int(seal.partition(":")[0])), seal)
    except (*UNREADABLE, LookupError):
        fits = False
    if not fits:
        yield _("It is not as event %(sequence)d sealed it.") % {"sequence": sequence}


def _no_check(pk: int, fields: Mapping[str, Any], facts: Facts) -> tuple[str, ...]:
    return ()
