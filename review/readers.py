"""Who has to read a version, what changed since they last did, and who has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from wagtail.models import Revision

from procedures.authorship import base_version, changed_since
from procedures.models import ProcedurePage, ProcedureVersion, ProductLine
from procedures.people import staff
from review.models import Acknowledgement, ReadingRule, Release, Signature


def affected_by(version: ProcedureVersion, rule: ReadingRule | None) -> QuerySet[Any]:
    """Active people who may read it, in one of the rule's groups, to whom its text is news."""
    before = (
        ProcedureVersion.objects.was_in_force().filter(page=version.page_id).exclude(pk=version.pk).first()
    )
    signed = Signature.objects.valid().filter(release__version=version)
    return _to_whom_it_is_news(rule, before, version.revision, signed)


def would_affect(page: ProcedurePage, content: Mapping[str, Any], release: Release | None) -> QuerySet[Any]:
    """Whom a major version of this content would ask to read it, as far as it is signed by now.

    `release` is what is in review of the procedure; None for its working copy as it stands.
    """
    line = ProductLine.objects.filter(code=content["product_line"]).first()
    signed = Signature.objects.valid().filter(release=release)
    up_to = release.revision if release else page.latest_revision
    return _to_whom_it_is_news(ReadingRule.objects.for_line(line), base_version(page.pk), up_to, signed)


def _to_whom_it_is_news(
    rule: ReadingRule | None,
    before: ProcedureVersion | None,
    up_to: Revision | None,
    signed: QuerySet[Signature],
) -> QuerySet[Any]:
    """Whoever changed the text since the version `before` or signed exactly these bytes knows it already.

    Whoever proposed one edit of it does not know the others.
    """
    if rule is None:
        return staff().none()
    # The right to read and the group may come from two groups of the same person: two joins, not one.
    people = staff().filter(pk__in=staff().filter(groups__in=rule.groups.all()).values("pk"))
    editors = changed_since(before, up_to) if up_to is not None else set()
    return people.exclude(pk__in=editors).exclude(pk__in=signed.values("signatory"))


def open_tasks(user: Any) -> QuerySet[Acknowledgement]:
    """What this person still has to read, the soonest due first."""
    return Acknowledgement.objects.open().filter(person=user)


def for_list(tasks: QuerySet[Acknowledgement]) -> QuerySet[Acknowledgement]:
    """With what a page shows of a task, but without the frozen texts of its version."""
    return tasks.select_related("version").defer("version__content", "version__html", "version__search_text")


def last_task(user: Any, number: str) -> Acknowledgement | None:
    """What this person is asked to read of the procedure that a version of this number is of: the open task, else
    the newest one."""
    pages = ProcedureVersion.objects.filter(number=number).values("page")
    tasks = for_list(Acknowledgement.objects.filter(person=user, version__page__in=pages))
    found = list(tasks.order_by("-version__major", "-version__minor"))
    return next((task for task in found if task.is_open), found[0] if found else None)


def last_read(task: Acknowledgement) -> ProcedureVersion | None:
    """The version of this procedure that the person acknowledged last before this one."""
    read = ProcedureVersion.objects.filter(
        page=task.version.page_id,
        acknowledgements__person=task.person_id,
        acknowledgements__acknowledged_at__isnull=False,
    )
    return read.exclude(pk=task.version_id).order_by("-major", "-minor").first()


def changes_between(since: ProcedureVersion, version: ProcedureVersion) -> list[ProcedureVersion]:
    """The versions after `since` up to this one, newest first, for what each says of itself."""
    later = (
        ProcedureVersion.objects.was_in_force()
        .filter(page=version.page_id, pk__gt=since.pk)
        .only("major", "minor", "number", "change_summary")
        .order_by("-major", "-minor")
    )
    return [
        found
        for found in later
        if (since.major, since.minor) < (found.major, found.minor) <= (version.major, version.minor)
    ]


# ---------- the report ----------


@dataclass(slots=True)
class TeamReading:
    """How far the people of one group are with one version."""

    team: str
    read: list[Acknowledgement] = field(default_factory=list)
    waiting: list[Acknowledgement] = field(default_factory=list)
    closed: list[Acknowledgement] = field(default_factory=list)  # overtaken, or the version was withdrawn
    overdue: int = 0

    @property
    def asked(self) -> int:
        return len(self.read) + len(self.waiting) + len(self.closed)


def reportable(user: Any) -> QuerySet[ProcedurePage]:
    """The procedures whose readers this person sees: an owner their own, documentation staff all."""
    if user.has_perm("review.decide_any_suggestion"):
        return ProcedurePage.objects.all()
    if user.has_perm("review.decide_suggestion"):
        return ProcedurePage.objects.filter(procedure_owner=user)
    return ProcedurePage.objects.none()


def versions_asked(user: Any) -> QuerySet[ProcedureVersion]:
    """The versions that somebody was asked to read, newest first."""
    asked = Acknowledgement.objects.filter(version__page__in=reportable(user).values("pk"))
    return (
        ProcedureVersion.objects.filter(pk__in=asked.values("version"))
        .defer("content", "html", "search_text")
        .order_by("-effective_from", "-pk")
    )


def tasks_for_report(versions: Iterable[ProcedureVersion]) -> QuerySet[Acknowledgement]:
    tasks = Acknowledgement.objects.filter(version__in=versions).prefetch_related("person__groups")
    return for_list(tasks).select_related("person").order_by("-version__effective_from", "version", "person")


def by_team(tasks: Iterable[Acknowledgement], today: date) -> dict[int, list[TeamReading]]:
    """{version's pk: its teams by name}; who is in two teams counts in both, who is in none as “No team”."""
    found: dict[int, dict[str, TeamReading]] = {}
    for task in tasks:
        for team in teams_of(task.person) or [_("No team")]:
            row = found.setdefault(task.version_id, {}).setdefault(team, TeamReading(team))
            row.overdue += task.is_overdue(today)
            (row.waiting if task.is_open else row.read if task.acknowledged_at else row.closed).append(task)
    return {version: [teams[name] for name in sorted(teams)] for version, teams in found.items()}


def teams_of(person: Any) -> list[str]:
    """The names of a person's groups, as they are now; a role's in the reader's language (kb.accounts.roles)."""
    return [_(name) for name in sorted(group.name for group in person.groups.all())]


def state_of(task: Acknowledgement, today: date) -> str:
    """One of the words of the report, in the reader's language."""
    if task.acknowledged_at is not None:
        return _("Acknowledged")
    if task.overtaken_at is not None:
        return _("Overtaken by a newer version")
    if not task.is_open:
        return _("The version was withdrawn")
    return _("Overdue") if task.due_on < today else _("To be read")
