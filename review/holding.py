"""A procedure is put on hold, and the hold is lifted: both signed with the password, both on record for good.

While it stands, whoever opens the procedure is stopped (review.stopping). No release lifts it: that a text is
safe to work by again is for a person to say.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import audit
from procedures.models import AuditKind, ProcedurePage
from procedures.people import staff
from review import rules, safety, watching
from review.models import (
    Acknowledgement,
    Comment,
    Hold,
    NoticeKind,
    Release,
    Suggestion,
    Thread,
    ThreadStatus,
)
from review.notifying import notify
from review.passwords import check_password, refusals_on_record
from review.recording import required, save_as


def place(
    *, page: ProcedurePage, by: Any, password: str, reason: str, instead: str, at: datetime | None = None
) -> Hold:
    """Put the procedure on hold; everybody who may read it is shown `reason` and `instead`.

    Raises NotAllowed where it is on hold, no version is in force, a text is missing or the password is wrong,
    PermissionDenied where the person neither owns it nor belongs to documentation staff.
    """
    with refusals_on_record(by, page), transaction.atomic():
        page = ProcedurePage.objects.select_for_update().get(pk=page.pk)
        rules.check_place_hold(user=by, page=page)
        hold = Hold(
            page=page,
            version=page.versions.effective().get(),
            reason=required(reason, _("Say why it is put on hold: readers are shown it.")),
            instead=required(
                instead, _("Say what to do instead: readers are stopped in the middle of work.")
            ),
            placed_by=by,
            placed_at=at or timezone.now(),
            name=str(by)[:200],
        )
        check_password(by, password)
        save_as(hold, by)
        safety.stop_clocks_of(page=page, by=by, at=hold.placed_at)
        _tell(NoticeKind.ON_HOLD, hold, by, hold.placed_at, f"{hold.reason}\n\n{hold.instead}")
        audit.record(
            AuditKind.HELD,
            version=hold.version,
            by=by,
            at=hold.placed_at,
            data={"reason": hold.reason, "instead": hold.instead},
            sealed=[hold],
        )
    return hold


def lift(*, hold: Hold, by: Any, password: str, reason: str, at: datetime | None = None) -> Hold:
    """Let readers work by the procedure again; raises as `place` does."""
    with refusals_on_record(by, hold.page), transaction.atomic():
        ProcedurePage.objects.select_for_update().get(pk=hold.page_id)
        hold = Hold.objects.select_related("page", "version").get(pk=hold.pk)
        rules.check_lift_hold(user=by, hold=hold)
        hold.lift_reason = required(reason, _("Say why it can be used again."))
        check_password(by, password)
        hold.lifted_by, hold.lifted_name = by, str(by)[:200]
        hold.lifted_at = at or timezone.now()
        save_as(hold, by)
        _tell(NoticeKind.HOLD_LIFTED, hold, by, hold.lifted_at, hold.lift_reason)
        audit.record(
            AuditKind.HOLD_LIFTED,
            page=hold.page,
            by=by,
            at=hold.lifted_at,
            data={"reason": hold.lift_reason, "hold": hold.pk},
            sealed=[hold],
        )
    return hold


def concerned(page: ProcedurePage) -> QuerySet[Any]:
    """Whom a hold concerns beside those who answer for the procedure: who has something open there, who said
    that they have read and understood it, and who submitted what is in review. Only who may still read it."""
    threads = Thread.objects.on_page(page.pk).exclude(status=ThreadStatus.RESOLVED)
    release = Release.objects.in_review().filter(page=page)
    read = Acknowledgement.objects.filter(version__page=page, acknowledged_at__isnull=False)
    return staff().filter(
        Q(pk__in=safety.answerable(page).values("pk"))
        | Q(pk__in=threads.values("started_by"))
        | Q(pk__in=Comment.objects.filter(thread__in=threads).values("author"))
        | Q(pk__in=Suggestion.objects.on_page(page.pk).waiting().values("author"))
        | Q(pk__in=read.values("person"))
        | Q(pk__in=release.values("submitted_by"))
    )


def _tell(kind: str, hold: Hold, by: Any, at: datetime, text: str) -> None:
    told = notify(concerned(hold.page), kind, hold.page, by=by, at=at, text=text)
    watching.tell_watchers(hold.page, kind, by=by, at=at, text=text, besides=told)
