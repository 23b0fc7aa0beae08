"""How a higher app adds to the procedure page: it registers a contributor in its AppConfig.ready()."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Value
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils.safestring import SafeString

from procedures.models import ProcedureVersion
from procedures.models.version import VersionQuerySet


@dataclass(frozen=True, slots=True)
class Contribution:
    """Safe HTML of one app for one reader: above the text (a notice, a button), with each step (by step id), below
    the whole."""

    steps: Mapping[str, SafeString] = field(default_factory=dict)
    page: str = ""
    notice: str = ""
    button: str = ""


Contributor = Callable[[HttpRequest, ProcedureVersion, list[str]], Contribution | None]
_contributors: list[Contributor] = []


def register(contributor: Contributor) -> None:
    if contributor not in _contributors:
        _contributors.append(contributor)


def contributions(request: HttpRequest, version: ProcedureVersion, step_ids: list[str]) -> list[Contribution]:
    """What every registered app adds to this page for this reader, in the order of registration."""
    found = (contributor(request, version, step_ids) for contributor in _contributors)
    return [contribution for contribution in found if contribution is not None]


# (request, an error code, a product line or a module) -> a button for this reader, or ""
Button = Callable[[HttpRequest, Any], str]
_buttons: list[Button] = []


def register_button(button: Button) -> None:
    if button not in _buttons:
        _buttons.append(button)


def buttons(request: HttpRequest, thing: Any) -> list[str]:
    """What else this reader can do with the thing, in the order of registration."""
    return [html for button in _buttons if (html := button(request, thing))]


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose proposal a version carries: for the change log."""

    author: str
    reason: str
    steps: list[str]
    url: str
    ticket_reference: str


Crediter = Callable[[list[ProcedureVersion]], Mapping[int, list[Credit]]]
_crediters: list[Crediter] = []


def register_credits(crediter: Crediter) -> None:
    if crediter not in _crediters:
        _crediters.append(crediter)


def change_credits(versions: list[ProcedureVersion]) -> dict[int, list[Credit]]:
    """The credits of each version, by its primary key."""
    merged: dict[int, list[Credit]] = {}
    for crediter in _crediters:
        for pk, credits in crediter(versions).items():
            merged.setdefault(pk, []).extend(credits)
    return merged


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nobody is to work by a procedure for now, as one reader is told."""

    since: datetime
    reason: str
    instead: str
    by: str  # "" for whoever is not told
    may_read_on: bool
    may_lift: bool


# (the name by which a query calls the procedure's page) -> whether it is stopped, as a column of that query
OnHold = Callable[[str], Combinable]
# (a reader, a version) -> why they are stopped, in one query; None where they are not
Stopper = Callable[[Any, ProcedureVersion], Stop | None]


def _nothing_on_hold(page: str) -> Combinable:
    return Value(False)


def _nobody_stopped(user: Any, version: ProcedureVersion) -> Stop | None:
    return None


_stopper: tuple[OnHold, Stopper] = (_nothing_on_hold, _nobody_stopped)


def register_stopper(*, on_hold: OnHold, stop: Stopper) -> None:
    """One app decides what is on hold: every list and every page asks it."""
    global _stopper
    _stopper = (on_hold, stop)


def on_hold(page: str) -> Combinable:
    """Whether what a query calls `page` is on hold, as a column of that query."""
    return _stopper[0](page)


def with_on_hold(versions: VersionQuerySet) -> VersionQuerySet:
    """The versions, each with whether its procedure is on hold (ProcedureVersion.on_hold)."""
    column: Any = {"on_hold": on_hold("page")}
    return versions.annotate(**column)


def stop_of(user: Any, version: ProcedureVersion) -> Stop | None:
    """Why this reader is stopped at the version; None where its procedure is not on hold."""
    return _stopper[1](user, version)


# (a version that is printed, whether its reader is staff) -> a warning in the active language, or None
PaperNote = Callable[[ProcedureVersion, bool], str | None]
_paper_notes: list[PaperNote] = []


def register_paper_note(note: PaperNote) -> None:
    if note not in _paper_notes:
        _paper_notes.append(note)


def paper_notes(version: ProcedureVersion, internal: bool) -> list[str]:
    """What stands above a printed copy, because its reader would be told the same on the page."""
    return [said for note in _paper_notes if (said := note(version, internal))]
