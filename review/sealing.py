"""What the log seals of reviews, and what must hold between signatures and the versions they made."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from procedures import audit
from procedures.audit.versions import VERSIONS
from procedures.content import content_hash
from procedures.models import Origin, ProcedurePage, ProcedureVersion
from procedures.people import holding
from review.models import Acknowledgement, Confirmation, Hold, NoticeKind, Release, Remark, Signature, Stage
from review.notifying import notify

STAGE_OPENED = "stage_opened"
STAGE_COMPLETE = "stage_complete"
STAGE_REMINDED = "stage_reminded"
STAGE_ESCALATED = "stage_escalated"
REMARKED = "remarked"
TAKEN_BACK = "taken_back"
STOPPED = "review_stopped"
PASSWORD_REFUSED = "password_refused"
ASKED_TO_READ = "asked_to_read"
SCHEDULE_FAILED = "schedule_failed"
SAFETY_ESCALATED = "safety_escalated"
_LABELS = {
    STAGE_OPENED: pgettext_lazy("event", "Stage opened"),
    STAGE_COMPLETE: pgettext_lazy("event", "Stage complete"),
    STAGE_REMINDED: pgettext_lazy("event", "Reminded"),
    STAGE_ESCALATED: pgettext_lazy("event", "Escalated"),
    REMARKED: pgettext_lazy("event", "Commented on in review"),
    TAKEN_BACK: pgettext_lazy("event", "Taken back"),
    STOPPED: pgettext_lazy("event", "Review stopped: its workflow was disabled or cancelled"),
    PASSWORD_REFUSED: pgettext_lazy("event", "Wrong password for a signature"),
    ASKED_TO_READ: pgettext_lazy("event", "Readers asked"),
    SCHEDULE_FAILED: pgettext_lazy("event", "What was due could not be done"),
    SAFETY_ESCALATED: pgettext_lazy("event", "Safety comment overdue"),
}

RELEASE_COLUMNS = (
    "page", "revision", "sha256", "content", "editors", "significance", "change_summary", "effective_from",
    "workflow_state", "submitted_by", "submitted_at", "status", "ended_by", "ended_at", "reason", "version",
)  # fmt: skip
STAGE_COLUMNS = (
    "release", "task", "position", "batch", "name", "kind", "meaning", "groups", "people", "needed", "days",
    "escalate_to", "opened_at", "due_at", "reminded_at", "escalated_at", "completed_at",
)  # fmt: skip
SIGNATURE_COLUMNS = (
    "release", "stage", "signatory", "on_behalf_of", "name", "signed_at", "meaning", "comment", "sha256", "voided_at",
)  # fmt: skip
REMARK_COLUMNS = ("stage", "author", "written_at", "text")
CONFIRMATION_COLUMNS = ("version", "confirmed_by", "name", "confirmed_at", "comment", "sha256")
ACKNOWLEDGEMENT_COLUMNS = ("version", "person", "asked_at", "due_on", "acknowledged_at", "overtaken_at")
HOLD_COLUMNS = (
    "page", "version", "reason", "instead", "placed_by", "placed_at", "name", "lifted_by", "lifted_at", "lifted_name",
    "lift_reason",
)  # fmt: skip
# What may change after a row is first sealed; all else says the same in every seal.
RELEASE_CHANGING = ("status", "ended_by", "ended_at", "reason", "version")
STAGE_CHANGING = ("opened_at", "due_at", "reminded_at", "escalated_at", "completed_at")
SIGNATURE_CHANGING = ("voided_at",)
ACKNOWLEDGEMENT_CHANGING = ("acknowledged_at", "overtaken_at")
HOLD_CHANGING = ("lifted_by", "lifted_at", "lifted_name", "lift_reason")

_RELEASES, _SIGNATURES, _CONFIRMATIONS, _HOLDS = "release", "signature", "confirmation", "hold"
"""Topics of the facts: {release's pk: (version's pk, SHA-256)}, {signature's pk: (release's pk, SHA-256)},
{confirmation's pk: (version's pk, SHA-256)}, {hold's pk: (page's pk, version's pk)}."""


def register() -> None:
    for kind, label in _LABELS.items():
        audit.register_kind(kind, label)
    audit.seal(Release, RELEASE_COLUMNS, page="page", check=note_release, changing=RELEASE_CHANGING)
    audit.seal(Stage, STAGE_COLUMNS, page="release__page", changing=STAGE_CHANGING)
    audit.seal(
        Signature, SIGNATURE_COLUMNS, page="release__page", check=note_signature, changing=SIGNATURE_CHANGING
    )
    audit.seal(Remark, REMARK_COLUMNS, page="stage__release__page")
    audit.seal(Confirmation, CONFIRMATION_COLUMNS, check=note_confirmation)
    audit.seal(Acknowledgement, ACKNOWLEDGEMENT_COLUMNS, changing=ACKNOWLEDGEMENT_CHANGING)
    audit.seal(Hold, HOLD_COLUMNS, page="page", check=note_hold, changing=HOLD_CHANGING)
    audit.register_alarm(tell_administrators)
    audit.register_final_check(check_signatures)
    audit.register_final_check(check_confirmations)
    audit.register_final_check(check_holds)


def tell_administrators(page: ProcedurePage, what: str, at: datetime) -> None:
    """Whoever answers for the accounts, and so for who could write to the database, is told."""
    user = get_user_model()._meta
    notify(holding(f"{user.app_label}.change_{user.model_name}"), NoticeKind.TAMPERED, page, at=at, text=what)


def note_release(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> Iterator[str]:
    facts[_RELEASES][pk] = (fields["version_id"], fields["sha256"])
    if content_hash(fields["content"]) != fields["sha256"]:
        yield _("Its content does not have the hash that it carries.")


def note_signature(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> tuple[str, ...]:
    """Nothing is wrong with a signature alone: it is held against its release and version at the end."""
    if fields["voided_at"] is None:
        facts[_SIGNATURES][pk] = (fields["release_id"], fields["sha256"])
    return ()


def note_confirmation(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> tuple[str, ...]:
    """As with a signature: it is held against its version at the end."""
    facts[_CONFIRMATIONS][pk] = (fields["version_id"], fields["sha256"])
    return ()


def note_hold(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> tuple[str, ...]:
    """As with a signature: it is held against its version at the end."""
    facts[_HOLDS][pk] = (fields["page_id"], fields["version_id"])
    return ()


def check_holds(facts: audit.Facts) -> Iterator[audit.Finding]:
    """A hold names a version of the procedure that it stops."""
    for pk, (page_pk, version_pk) in sorted(facts[_HOLDS].items()):
        version = facts[VERSIONS].get(version_pk)
        if version is not None and version.page != page_pk:
            yield audit.Finding(Hold._meta.db_table, pk, _("Its version is one of another procedure."))


def check_confirmations(facts: audit.Facts) -> Iterator[audit.Finding]:
    """What was signed as still correct is the version's content."""
    for pk, (version_pk, sha256) in sorted(facts[_CONFIRMATIONS].items()):
        version = facts[VERSIONS].get(version_pk)
        if version is not None and version.sha256 != sha256:
            table = Confirmation._meta.db_table
            yield audit.Finding(table, pk, _("It signs other content than the version's."))


def check_signatures(facts: audit.Facts) -> Iterator[audit.Finding]:
    """A signature is on its release's content, that on its version's, and what was released here is signed.

    What was imported names who answered for the import in the version itself.
    """
    versions, releases = facts[VERSIONS], facts[_RELEASES]
    signed = set()
    for pk, (release_pk, sha256) in sorted(facts[_SIGNATURES].items()):
        version_pk, submitted = releases.get(release_pk, (None, sha256))
        if submitted != sha256 or (version_pk in versions and versions[version_pk].sha256 != sha256):
            yield audit.Finding(Signature._meta.db_table, pk, _("It signs other content than the version's."))
        signed.add(version_pk)
    for pk, version in sorted(versions.items()):
        if version.origin == Origin.RELEASED and pk not in signed:
            table = ProcedureVersion._meta.db_table
            yield audit.Finding(table, pk, _("It was released without a signature."))
