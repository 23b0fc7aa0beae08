"""What the procedure pages ask of holds (procedures.extensions.Stopper)."""

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.extensions import Stop
from procedures.models import ProcedurePage, ProcedureVersion
from review import rules
from review.eligibility import may_sign_for
from review.models import Hold, ReleaseStatus, Stage


def on_hold(page: str) -> Exists:
    """Whether the procedure that a query calls `page` is on hold: a column of a list, no query of its own."""
    return Exists(Hold.objects.open().filter(page=OuterRef(page)))


def stop(user: Any, version: ProcedureVersion) -> Stop | None:
    """Why this person is stopped, in one query; who did it is for the staff, the two texts are for everybody."""
    hold = Hold.objects.open().filter(page=version.page_id).first()
    if hold is None:
        return None
    internal = may_read_internal(user)
    return Stop(
        since=hold.placed_at,
        reason=hold.reason,
        instead=hold.instead,
        by=hold.name if internal else "",
        may_read_on=internal and (rules.owns(user, version.page) or _reviews(user, version.page)),
        may_lift=internal and rules.owns(user, version.page),
    )


def on_paper(version: ProcedureVersion, internal: bool) -> str | None:
    """Who may read on may print what they read: then every copy says so."""
    hold = Hold.objects.open().filter(page=version.page_id).first()
    if hold is None:
        return None
    said = _("On hold since %(date)s: do not use.") % {"date": f"{hold.placed_at:%Y-%m-%d}"}
    return f"{said} {hold.reason} {hold.instead}"


def _reviews(user: Any, page: ProcedurePage) -> bool:
    """Whether a stage of the release in review asks this person, who must see what they sign against."""
    stages = Stage.objects.filter(release__page=page, release__status=ReleaseStatus.IN_REVIEW)
    return any(may_sign_for(user, stage) for stage in stages)
