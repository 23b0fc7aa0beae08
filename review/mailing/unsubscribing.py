"""Mail is stopped by a link in it, without signing in: whoever holds the link holds the mail.

The inbox goes on as before: this is about mail alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.models import ProcedurePage
from review.covering import covering
from review.models import How, Mail, MailPreference, Notice, NoticeKind, Watch

_SALT = "review.mailing.unsubscribing"
_KINDS = ("watches", "own", "asked", "safety", "daily")


@dataclass(frozen=True, slots=True)
class Off:
    """What somebody gets no mail about any more: these watches, one of three preferences, or all that comes daily."""

    person: int
    kind: str
    watches: tuple[int, ...] = ()

    @classmethod
    def of(cls, mail: Mail, notices: Sequence[Notice]) -> Self:
        """What the link in this mail stops: of what brought it about, what asks least of its recipient.

        Whoever has enough of a watch does not stop being asked for signatures because both came in one mail; that
        a procedure is not safe is stopped only by the link in a mail that says nothing else.
        """
        if mail.page is None:
            return cls(mail.recipient_id, "daily")
        ordinary = [notice for notice in notices if not NoticeKind(notice.kind).is_safety]
        if not ordinary:
            return cls(mail.recipient_id, "safety")
        if any(notice.watched for notice in ordinary):
            return cls(mail.recipient_id, "watches", _watches(mail.page, mail.recipient_id, ordinary))
        own = any(NoticeKind(notice.kind).is_own for notice in ordinary)
        return cls(mail.recipient_id, "own" if own else "asked")

    def describe(self) -> str:
        """Names what is watched only to somebody who may know of it."""
        if self.kind == "own":
            return _("E-mail about your own marks and releases")
        if self.kind == "asked":
            return _("E-mail about what asks something of you")
        if self.kind == "safety":
            return _("E-mail about safety and holds")
        if self.kind == "daily":
            return _("The daily e-mail")
        person = get_user_model()._default_manager.filter(pk=self.person).first()
        watches = Watch.objects.filter(person=self.person, pk__in=self.watches)
        watches = watches.select_related("page", "error_code", "product_line", "module")
        if not may_read_internal(person) or not watches:
            return _("E-mail about what you watch")
        return _("E-mail about what you watch: %(names)s") % {"names": ", ".join(map(str, watches))}


def _watches(page: ProcedurePage, person: int, notices: Sequence[Notice]) -> tuple[int, ...]:
    """All watches of this person that bring mail on this procedure: without the one that was soonest the next would."""
    named = {notice.watch_id for notice in notices if notice.watch_id is not None}
    withdrawn = None
    if any(notice.kind == NoticeKind.WITHDRAWN for notice in notices):
        withdrawn = page.versions.filter(status="withdrawn").order_by("-withdrawn_at").first()
    also = Watch.objects.filter(covering(page, withdrawn), person=person).exclude(how=How.INBOX)
    return tuple(sorted(named | {*also.values_list("pk", flat=True)}))


def token_of(off: Off) -> str:
    return signing.dumps(asdict(off), salt=_SALT, compress=True)


def read_token(token: str) -> Off | None:
    """None for what this site never signed."""
    try:
        said: Any = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    if said.get("kind") not in _KINDS:
        return None
    return Off(said["person"], said["kind"], tuple(said["watches"]))


@transaction.atomic
def turn_off(off: Off) -> None:
    """At once, also for what waits to be sent; any number of times."""
    watches = Watch.objects.filter(person=off.person)
    if off.kind == "watches":
        watches.filter(pk__in=off.watches).update(how=How.INBOX)
        return
    preference, _created = MailPreference.objects.get_or_create(person_id=off.person)
    if off.kind == "daily":
        watches.filter(how=How.DAILY).update(how=How.INBOX)
        for name in ("own", "asked", "usual"):
            if getattr(preference, name) == How.DAILY:
                setattr(preference, name, How.INBOX)
    else:
        setattr(preference, off.kind, How.INBOX)
    preference.save()
