"""The duties that a version in force brings: somebody signs in time that it is still correct, and whoever it
affects says that they have read and understood it. Each action is one transaction, recorded."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import audit
from procedures.content import clean_text
from procedures.models import AuditKind, ProcedurePage, ProcedureVersion, Significance
from procedures.rules import NotAllowed
from review import readers, rules, sealing
from review.models import Acknowledgement, Confirmation, Notice, NoticeKind, ReadingRule
from review.notifying import post
from review.passwords import check_password, refusals_on_record


def confirm(
    *,
    version: ProcedureVersion,
    by: Any,
    password: str,
    seen_sha256: str,
    comment: str = "",
    at: datetime | None = None,
) -> Confirmation:
    """Sign that the version in force is still correct; its next review is due one interval from then.

    Raises NotAllowed where it is not in force, not what was looked at, or the password is wrong, and
    PermissionDenied where the person neither owns it nor belongs to documentation staff.
    """
    with refusals_on_record(by, version.page), transaction.atomic():
        return _confirm(
            _locked(version), by, password, seen_sha256, clean_text(comment), at or timezone.now()
        )


def _confirm(
    version: ProcedureVersion, by: Any, password: str, seen_sha256: str, comment: str, at: datetime
) -> Confirmation:
    rules.check_confirm(user=by, version=version)
    if seen_sha256 != version.sha256:
        raise NotAllowed(_("This is not the version that you looked at. Look again below."))
    check_password(by, password)
    confirmation = Confirmation.objects.create(
        version=version,
        confirmed_by=by,
        name=str(by)[:200],
        confirmed_at=at,
        comment=comment,
        sha256=version.sha256,
    )
    Notice.objects.unread().filter(version=version, kind__startswith="review_").update(read_at=at)
    audit.record(
        AuditKind.REVIEWED,
        version=version,
        by=by,
        at=at,
        data={"sha256": version.sha256, "comment": confirmation.comment},
        sealed=[confirmation],
    )
    return confirmation


@transaction.atomic
def ask_to_read(*, version: ProcedureVersion, at: datetime) -> list[Acknowledgement]:
    """Ask everybody whom a major version affects to read it; called as it goes into force.

    A first version is asked for like any other, where it was released as major. What was still to be read of
    an earlier version is overtaken, whoever is asked now: they read the changes since what they last
    acknowledged, through this version. An editorial or minor version asks nobody and overtakes nothing.
    """
    if version.significance != Significance.MAJOR:
        return []
    version = _locked(version)
    overtaken = list(
        Acknowledgement.objects.open().filter(version__page=version.page_id).exclude(version=version)
    )
    Acknowledgement.objects.filter(pk__in=[task.pk for task in overtaken]).update(overtaken_at=at)
    rule = ReadingRule.objects.for_line(version.product_line)
    due_on = timezone.localdate(at) + timedelta(days=rule.days if rule else 0)
    tasks = Acknowledgement.objects.bulk_create(
        Acknowledgement(version=version, person=person, asked_at=at, due_on=due_on)
        for person in readers.affected_by(version, rule)
    )
    nobody_has_to_read({task.version_id for task in overtaken}, at)
    post(
        Notice(
            recipient=task.person, kind=NoticeKind.READ_ASKED, page=version.page, version=version,
            due_on=due_on, created_at=at,
        )
        for task in tasks
    )  # fmt: skip
    if tasks or overtaken:
        audit.record(
            sealing.ASKED_TO_READ,
            version=version,
            by=None,
            at=at,
            data={"people": len(tasks), "due_on": due_on.isoformat(), "overtaken": len(overtaken)},
            sealed=[*tasks, *overtaken],
        )
    return tasks


def nobody_has_to_read(versions: Collection[int], at: datetime) -> None:
    """What tells of having to read these versions (keys) is no news any more."""
    Notice.objects.unread().filter(version__in=versions, kind__startswith="read_").update(read_at=at)


@transaction.atomic
def acknowledge(*, task: Acknowledgement, by: Any, at: datetime | None = None) -> Acknowledgement:
    """Say that one has read and understood the version: for oneself, once."""
    version = _locked(task.version)
    task = Acknowledgement.objects.get(pk=task.pk)
    task.version = version
    rules.check_acknowledge(user=by, task=task)
    since = readers.last_read(task)
    task.acknowledged_at = at or timezone.now()
    task.save(update_fields=["acknowledged_at"])
    Notice.objects.unread().filter(recipient=by, version=version, kind__startswith="read_").update(
        read_at=task.acknowledged_at
    )
    audit.record(
        AuditKind.ACKNOWLEDGED,
        version=version,
        by=by,
        at=task.acknowledged_at,
        data={"sha256": version.sha256, "since": since.label if since else ""},
        sealed=[task],
    )
    return task


def _locked(version: ProcedureVersion) -> ProcedureVersion:
    """The version as it is now, with its procedure held against other actions until this one is through."""
    ProcedurePage.objects.select_for_update().get(pk=version.page_id)
    return ProcedureVersion.objects.select_related("page").get(pk=version.pk)
