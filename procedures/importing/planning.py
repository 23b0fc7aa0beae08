"""What a file means for the procedures that are here: a new one, its next versions, nothing, or a refusal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from procedures.content import content_hash
from procedures.importing.documents import Document, Unreadable
from procedures.importing.matching import identify
from procedures.models import Origin, ProcedurePage, ProcedureVersion, VersionStatus

# Two revisions of one second still follow each other.
_TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """One revision of a file as read: what it says and where it comes from."""

    document: Document
    at: datetime
    author: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class NewVersion:
    content: dict[str, Any]
    sha256: str
    at: datetime
    author: str
    message: str


@dataclass(slots=True)
class Known:
    """A procedure that is here already: its newest version, and the newest that an import made."""

    page: ProcedurePage
    latest: ProcedureVersion | None = None
    imported: ProcedureVersion | None = None

    @property
    def has_draft(self) -> bool:
        return self.page.has_unpublished_changes or self.page.latest_revision_id != self.page.live_revision_id


@dataclass(slots=True)
class Plan:
    """What to store for one file: `versions` onto `known`, or a new procedure where that is None."""

    path: str
    source_key: str
    number: str
    document: Document
    known: Known | None
    versions: list[NewVersion] = field(default_factory=list)

    @property
    def moved(self) -> bool:
        return self.known is not None and self.known.page.source_key != self.source_key


def load_known(page_ids: Iterable[int]) -> dict[int, Known]:
    """The procedures by page id, with the content of the last imported version only."""
    known = {page.pk: Known(page) for page in ProcedurePage.objects.filter(pk__in=list(page_ids))}
    small = ProcedureVersion.objects.filter(page__in=known).defer("content", "html", "search_text")
    for version in small.order_by("page", "pk"):
        entry = known[version.page_id]
        entry.latest = version
        if version.origin == Origin.IMPORTED:
            entry.imported = version
    wanted = [entry.imported.pk for entry in known.values() if entry.imported]
    contents = dict(ProcedureVersion.objects.filter(pk__in=wanted).values_list("pk", "content"))
    for entry in known.values():
        if entry.imported:
            entry.imported.content = contents[entry.imported.pk]
    return known


def in_order(readings: Iterable[Reading], *, now: datetime) -> list[Reading]:
    """The readings, each later than the one before and none after `now`.

    Authors' dates go back where work was merged late, and forward where a clock was wrong. One that is earlier
    than the date before it is moved to a second after that; one to come is moved to now.
    """
    dates: list[datetime] = []
    readings = list(readings)
    for reading in readings:
        dates.append(max(min(reading.at, now), dates[-1] + _TICK) if dates else min(reading.at, now))
    latest = now
    for index in reversed(range(len(dates))):
        dates[index] = min(dates[index], latest)
        latest = dates[index] - _TICK
    return [replace(reading, at=at) for reading, at in zip(readings, dates, strict=True)]


def make_plan(
    *, path: str, source_key: str, number: str, readings: Sequence[Reading], known: Known | None
) -> Plan:
    """The plan for a file from its readings as `in_order` dates them, the last one the file as it stands.

    Raises Unreadable where what is here must not be overwritten by a file.
    """
    plan = Plan(path, source_key, number, readings[-1].document, known)
    plan.versions = chain(
        readings, number=number, source_key=known.page.source_key or source_key if known else source_key
    )
    if known is None:
        return plan
    imported, latest = known.imported, known.latest
    if imported is not None:
        plan.versions = _after(imported, plan.versions, readings, number, known.page.source_key or source_key)
    if not plan.versions or (latest is not None and plan.versions[-1].sha256 == latest.sha256):
        plan.versions = []
        return plan
    _check_overwrite(known)
    return plan


def chain(
    readings: Iterable[Reading], *, number: str, source_key: str, before: Mapping[str, Any] | None = None
) -> list[NewVersion]:
    """The versions that the readings make: one each time the content differs from the one before."""
    versions: list[NewVersion] = []
    digest = content_hash(before) if before is not None else ""
    steps: Sequence[Mapping[str, Any]] = before["steps"] if before is not None else ()
    for reading in readings:
        content = reading.document.content | {"number": number}
        if not reading.document.own_format:
            content["steps"] = identify(content["steps"], steps, source_key)
        sha256 = content_hash(content)
        if sha256 == digest:
            continue
        versions.append(NewVersion(content, sha256, reading.at, reading.author, reading.message))
        digest, steps = sha256, content["steps"]
    return versions


def _after(
    imported: ProcedureVersion,
    versions: list[NewVersion],
    readings: Sequence[Reading],
    number: str,
    source_key: str,
) -> list[NewVersion]:
    """Those of the versions that came after the imported one."""
    same = [index for index, version in enumerate(versions) if version.sha256 == imported.sha256]
    if same:
        return versions[same[-1] + 1 :]
    later = [reading for reading in readings if reading.at > imported.approved_at] or readings[-1:]
    return chain(later, number=number, source_key=source_key, before=imported.content)


def _check_overwrite(known: Known) -> None:
    latest = known.latest
    if latest is not None and latest.status == VersionStatus.WITHDRAWN:
        raise Unreadable(
            _("%(number)s was withdrawn; an import does not bring it back.") % {"number": latest.number}
        )
    if latest is not None and latest.origin == Origin.RELEASED:
        raise Unreadable(
            _(
                "%(number)s was released here as version %(label)s since it was imported; "
                "take the change over by hand."
            )
            % {"number": latest.number, "label": latest.label}
        )
    if known.has_draft:
        raise Unreadable(
            _("%(number)s has changes here that are not released; take the file's change over by hand.")
            % {"number": known.page.number}
        )
