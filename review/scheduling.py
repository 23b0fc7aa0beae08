"""What the clock does: scheduled versions go into force, stages are reminded of, escalated and closed,
and so are the duties of versions in force (review.reminding) and marks under a service level (review.pursuing);
safety comments without an answer are escalated. The search engine is told what it has not heard yet, and what was
searched for is forgotten in time.

Any number of workers may run this at once: each thing is done under the lock of its procedure, after asking
again whether it is still to be done. What fails is reported and holds nothing else up.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from procedures import audit
from procedures.actions import go_live
from procedures.models import AuditKind, ProcedurePage, ProcedureVersion, VersionStatus
from procedures.models.audit import MISFITS
from procedures.rules import ChangedBehindTheLog, NotAllowed, reasons_of
from review import duties, pursuing, reminding, reviewing, safety, sealing, watching
from review.eligibility import documentation_staff, silent
from review.mailing.tasks import enqueue_due
from review.models import Notice, NoticeKind, Release, Stage, StageKind
from review.notifying import notify
from search import feeding
from search.log import tidying
from search.meaning import making
from search.outbox import Unreachable

logger = logging.getLogger(__name__)

REMIND_BEFORE = timedelta(days=1)


class Failure(str):
    """The line of something that was due and could not be done."""


def run(now: datetime) -> Iterator[str]:
    """Do everything that is due at `now`; yields a line for each thing done, and a Failure for each that failed."""
    versions = list(ProcedureVersion.objects.due(now).values_list("pk", flat=True))
    yield from _each(versions, _go_live, lambda pk: Release.objects.get(version=pk), now)
    stages = Stage.objects.open().filter(due_at__lte=now + REMIND_BEFORE)
    pks = list(stages.values_list("pk", flat=True))
    yield from _each(pks, _pursue, lambda pk: Release.objects.get(stages=pk), now)
    for do, failed in (
        (safety.escalate, _("Safety comments: %(reason)s")),
        (reminding.remind, _("Reminders: %(reason)s")),
        (pursuing.pursue, _("Service levels: %(reason)s")),
        (feeding.feed, _("Search: %(reason)s")),
        (tidying.tidy, _("Search log: %(reason)s")),
    ):
        try:
            yield from do(now)
        except Exception as error:  # whatever it is, what was done before stays done, and the caller is told
            logger.exception("%s failed", do.__name__)
            yield Failure(failed % {"reason": _reason(error)})
    try:
        enqueue_due(now)  # last: with what was told above; what becomes of a mail is on record with it
    except Exception as error:  # as above: what was done before stays done, and the caller is told
        logger.exception("mails failed")
        yield Failure(_("Mails: %(reason)s") % {"reason": _reason(error)})
    try:
        yield from making.make_due(now)  # after all that somebody waits for: it takes up to a minute
    except Exception as error:  # as above: what was done before stays done, and the caller is told
        logger.exception("search by meaning failed")
        yield Failure(_("Search by meaning: %(reason)s") % {"reason": _reason(error)})


def _each(
    pks: Iterable[int],
    do: Callable[[int, datetime], str],
    release_of: Callable[[int], Release],
    now: datetime,
) -> Iterator[str]:
    for pk in pks:
        try:
            if done := do(pk, now):
                yield done
        except Exception as error:  # one procedure's trouble, of whatever kind, is not that of the others
            if not isinstance(error, NotAllowed):
                logger.exception("%s %s failed", do.__name__, pk)
            yield _failed(release_of(pk), error, now)


def _failed(release: Release, error: Exception, now: datetime) -> Failure:
    reason = _reason(error)
    try:
        _report(release, reason, now, error.misfits if isinstance(error, ChangedBehindTheLog) else None)
    except Exception:  # the line still says what failed
        logger.exception("the failure of %s could not be reported", release)
    return Failure(f"{release.version or release.page.number}: {reason}")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):  # NotAllowed is one
        return " ".join(reasons_of(error))
    if isinstance(error, Unreachable):
        return " ".join(
            [_("The search engine cannot be reached: %(reason)s.") % {"reason": error}, feeding.state()]
        )
    return _("an unexpected error (%(error)s); the log of the site has the details") % {
        "error": type(error).__name__
    }


@transaction.atomic
def _report(release: Release, reason: str, now: datetime, misfits: dict[str, list[str]] | None) -> None:
    """Tell the submitter and documentation staff, and put it on record: once for each reason, not at each run.

    `misfits`: what was found changed behind the log's back. Nothing is sealed again: it stays found.
    """
    page, submitter = ProcedurePage.objects.select_for_update().get(pk=release.page_id), release.submitted_by
    told = Notice.objects.filter(page=page, text=reason, created_at__gte=release.submitted_at)
    told = told.filter(kind__in=[NoticeKind.BLOCKED, NoticeKind.FAILED])
    known = set(told.values_list("recipient", flat=True))
    kind = NoticeKind.BLOCKED if release.version_id else NoticeKind.FAILED
    if submitter.pk not in known:
        notify([submitter], kind, page, at=now, text=reason)
    staff = documentation_staff().exclude(pk__in=[*known, submitter.pk])
    notify(staff, NoticeKind.FAILED, page, at=now, text=reason)
    if not known:
        of = {"version": release.version} if release.version is not None else {"page": page}
        kind_of_event = sealing.SCHEDULE_FAILED if misfits is None else AuditKind.TAMPERED
        data = {"reason": reason} | ({} if misfits is None else {MISFITS: misfits})
        audit.record(kind_of_event, by=None, at=now, data=data, **of)


@transaction.atomic
def _go_live(pk: int, now: datetime) -> str:
    page_id = ProcedureVersion.objects.values_list("page_id", flat=True).get(pk=pk)
    ProcedurePage.objects.select_for_update().get(pk=page_id)
    version = ProcedureVersion.objects.select_related("page", "release__submitted_by").get(pk=pk)
    if version.status != VersionStatus.APPROVED:  # another worker was first, or it was called off
        return ""
    version = go_live(version=version, at=now)
    duties.ask_to_read(version=version, at=now)
    release = version.release
    told = notify([release.submitted_by], NoticeKind.RELEASED, version.page, at=now)
    watching.tell_of_new_version(version, at=now, besides=told)
    return f"{version} in force"


@transaction.atomic
def _pursue(pk: int, now: datetime) -> str:
    """Remind, escalate, or close a consultation; "" where there is nothing left to do."""
    page_id = Stage.objects.values_list("release__page_id", flat=True).get(pk=pk)
    ProcedurePage.objects.select_for_update().get(pk=page_id)
    stage = Stage.objects.select_related("release__page").get(pk=pk)
    if not stage.is_open or stage.due_at is None:
        return ""
    page = stage.release.page
    if stage.due_at <= now:
        if stage.kind == StageKind.CONSULT:
            return _close(stage, now)
        if stage.escalate_to_id and stage.escalated_at is None:
            before = set(silent(stage, now).values_list("pk", flat=True))
            stage.escalated_at = now
            stage.save(update_fields=["escalated_at"])
            _log(sealing.STAGE_ESCALATED, stage, now)
            notify(silent(stage, now).exclude(pk__in=before), NoticeKind.ESCALATED, page, at=now)
            return f"{page.number}: {stage} escalated to {stage.escalate_to}"
    if stage.reminded_at is None or stage.reminded_at <= now - REMIND_BEFORE:
        stage.reminded_at = now
        stage.save(update_fields=["reminded_at"])
        _log(sealing.STAGE_REMINDED, stage, now)
        notify(silent(stage, now), NoticeKind.REMINDED, page, at=now)
        return f"{page.number}: {stage} reminded"
    return ""


def _log(kind: str, stage: Stage, now: datetime) -> None:
    audit.record(kind, page=stage.release.page, by=None, at=now, data={"stage": stage.name}, sealed=[stage])


def _close(stage: Stage, now: datetime) -> str:
    """A consultation ends on its day, whoever has spoken: nobody's silence holds a release up."""
    reviewing.complete(stage, by=None, at=now)
    reviewing.dismiss(stage.release, now)
    return f"{stage.release.page.number}: {stage} closed"
