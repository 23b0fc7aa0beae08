"""What is done to procedures: a version is minted from a revision, whole or not at all; an overlap of two
guides is accepted, with the reason."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from wagtail.models import Revision

from procedures import audit
from procedures.applying import Applies, applies_to
from procedures.audit.revisions import says
from procedures.authorship import authorship_of
from procedures.content import clean_text, content_hash, plain_text
from procedures.lifecycle import check_transition
from procedures.lint import overlaps_of
from procedures.models import (
    AcceptedOverlap,
    AuditKind,
    ErrorCode,
    Origin,
    ProcedurePage,
    ProcedureVersion,
    Significance,
    VersionApplicability,
    VersionStatus,
)
from procedures.numbers import claim_number
from procedures.reindexing import naming, naming_changed
from procedures.rendering import render_content
from procedures.rules import (
    ChangedBehindTheLog,
    NotAllowed,
    check_accept_overlap,
    check_mint,
    check_overlaps,
    check_withdraw_acceptance,
    reasons_of,
)
from search.indexing import reindex


def next_number(
    previous: ProcedureVersion | None, significance: str, taken: Collection[tuple[int, int]] = ()
) -> tuple[int, int]:
    """(major, minor) of the version after `previous`, the last in force: 1.0 first, then 1.2 -> 1.3, or 2.0 where
    it is major. A number in `taken`, as of a version that was called off, is passed over."""
    if previous is None:
        major, minor = 1, 0
    elif significance == Significance.MAJOR:
        major, minor = previous.major + 1, 0
    else:
        major, minor = previous.major, previous.minor + 1
    while (major, minor) in taken:
        major, minor = (major + 1, 0) if significance == Significance.MAJOR else (major, minor + 1)
    return major, minor


def build_version(
    *,
    page: ProcedurePage,
    content: Mapping[str, Any],
    applies: Applies,
    approved_by: Any,
    approved_at: datetime,
    **fields: Any,
) -> tuple[ProcedureVersion, list[VersionApplicability]]:
    """An unsaved version of this content, which applies there, with its rows.

    `fields` are its number, status, origin, editor and the like.
    """
    sha256 = content_hash(content)
    version = ProcedureVersion(
        page=page,
        number=content["number"],
        title=content["title"],
        kind=content["kind"],
        language=content["language"],
        audience=content["audience"],
        summary=content["summary"],
        product_line=applies.line,
        content=content,
        html=render_content(content),
        search_text=plain_text(content),
        sha256=sha256,
        approved_sha256=sha256,
        approved_by=approved_by,
        approved_at=approved_at,
        **fields,
    )
    for row in applies.rows:
        row.version = version
    return version, applies.rows


@transaction.atomic
def mint_version(
    *,
    revision: Revision,
    content: Mapping[str, Any],
    by: Any,
    signers: Collection[int] = (),
    significance: str,
    change_summary: str,
    effective_from: datetime | None = None,
    at: datetime | None = None,
) -> tuple[ProcedureVersion, list[VersionApplicability]]:
    """Freeze the content, as it was submitted from this revision, as the next version, approved from `at` on.

    `go_live` puts it into force, at once or on its day; the caller logs the approval with what it seals
    besides the version and its rows. Raises NotAllowed where `by` or another of those who signed it (`signers`,
    keys of users) edited it, there is no step, nothing changed, nothing says what changed, its number is another
    procedure's, or it would be a second guide for a code on some machine (procedures.lint).
    """
    locked = ProcedurePage.objects.select_for_update().get(pk=revision.object_id)
    # Not from what was called off: after 2.0 that never came, a minor change of 1.0 would pass for 2.1.
    authorship = authorship_of(revision)
    previous = authorship.base
    taken = set(locked.versions.values_list("major", "minor"))
    applies = refuse_overlaps(page_id=locked.pk, content=content)
    _check_revision(revision, content)
    check_mint(
        content=content,
        sha256=content_hash(content),
        in_force=locked.versions.effective().first(),
        change_summary=change_summary,
        editors=authorship.editors,
        signers={by.pk, *signers},
    )
    # What is in review elsewhere reserves nothing against a signature: the first one signed has the number.
    claim_number(page_id=locked.pk, number=content["number"], reserved=False)
    at = at or timezone.now()
    major, minor = next_number(previous, significance, taken)
    version, rows = build_version(
        page=locked,
        content=content,
        applies=applies,
        approved_by=by,
        approved_at=at,
        effective_from=max(at, effective_from or at),
        revision=revision,
        last_editor_id=authorship.last_author,
        major=major,
        minor=minor,
        status=VersionStatus.APPROVED,
        origin=Origin.RELEASED,
        significance=significance,
        change_summary=change_summary,
    )
    version.save()
    VersionApplicability.objects.bulk_create(rows)
    version.error_codes.set(applies.codes)
    return version, rows


@transaction.atomic
def go_live(*, version: ProcedureVersion, by: Any = None, at: datetime | None = None) -> ProcedureVersion:
    """Put an approved version into force and supersede the one before it; `by` is None for the clock."""
    at = at or timezone.now()
    ProcedurePage.objects.select_for_update().get(pk=version.page_id)
    version = ProcedureVersion.objects.get(pk=version.pk)
    check_transition(version, VersionStatus.EFFECTIVE)
    if version.effective_from > at:
        raise NotAllowed(
            _("Version %(label)s goes into force on %(date)s, not before.")
            % {"label": version.label, "date": date_format(version.effective_from, "Y-m-d H:i e")}
        )
    assert version.revision is not None  # version_released_has_editor_and_revision
    # Another guide may have come into force since the approval.
    refuse_overlaps(page_id=version.page_id, content=version.content)
    before = list(ProcedureVersion.objects.effective().filter(page=version.page_id))
    rows = list(version.applicability.all())
    misfits = audit.misfits_of(version.page_id, [version, *rows])
    if misfits or content_hash(version.content) != version.sha256:
        raise ChangedBehindTheLog(
            misfits or {audit.row_key(version): ["content"]},
            _(
                "What was approved is no longer what the log says of it: it was changed behind the log's back. "
                "It does not go into force; call it off, and ask an administrator to look at the log."
            ),
        )
    _check_revision(version.revision, version.content)
    audit.compare_with_log(before, page=version.page, at=at)
    named = naming([version.page_id])
    for old in before:
        old.status, old.superseded_at = VersionStatus.SUPERSEDED, at
        old.save(update_fields=["status", "superseded_at"])
    version.status = VersionStatus.EFFECTIVE
    version.save(update_fields=["status"])
    try:
        version.revision.publish(user=by)
    except ValidationError as error:  # of the page's fields; whoever signs, and the clock, are told why
        raise NotAllowed(reasons_of(error)) from error
    _reindex(version, *before)
    naming_changed([version.page_id], named)
    audit.record_many(
        [
            *(superseding(old, version, by=by, at=at) for old in before),
            audit.Happening(
                kind=AuditKind.RELEASED,
                version=version,
                by=by,
                at=at,
                data={"effective_from": version.effective_from.isoformat()},
                sealed=[version, *rows],
            ),
        ]
    )
    return version


def _check_revision(revision: Revision, content: Mapping[str, Any]) -> None:
    """What goes into force becomes the working copy's published state too: its title stands in notices and mails.

    Raises NotAllowed where the revision no longer says what was submitted from it. Its images may have been given
    other bytes since: those submitted are kept.
    """
    if not says(revision, content):
        raise ChangedBehindTheLog(
            {audit.row_key(revision): ["content"]},
            _(
                "The revision that was submitted no longer says what was signed: it was changed behind the log's "
                "back. It does not go into force; save the working copy and submit it anew, and ask an "
                "administrator to look at it."
            ),
        )


def superseding(
    old: ProcedureVersion, new: ProcedureVersion, *, by: Any, at: datetime | None = None
) -> audit.Happening:
    """The event that `new` took the place of `old`, which is stored as superseded."""
    return audit.Happening(
        kind=AuditKind.SUPERSEDED,
        version=old,
        by=by,
        at=at,
        data={"superseded_by": new.label},
        sealed=[old],
    )


@transaction.atomic
def withdraw_version(
    *,
    version: ProcedureVersion,
    by: Any,
    reason: str,
    replaced_by: ProcedurePage | None = None,
    at: datetime | None = None,
) -> ProcedureVersion:
    """Take a version out of force, or call off one that is not in force yet; it says why and what instead."""
    ProcedurePage.objects.select_for_update().get(pk=version.page_id)
    version = ProcedureVersion.objects.get(pk=version.pk)
    check_transition(version, VersionStatus.WITHDRAWN)
    if not (reason := clean_text(reason)):
        raise NotAllowed(_("Say why it is withdrawn: readers see it."))
    if replaced_by is not None and replaced_by.pk == version.page_id:
        raise NotAllowed(_("A procedure cannot replace itself."))
    audit.compare_with_log([version], page=version.page, at=at)
    kind = AuditKind.WITHDRAWN if version.is_effective else AuditKind.CALLED_OFF
    named = naming([version.page_id])
    version.status = VersionStatus.WITHDRAWN
    version.withdrawn_at, version.withdrawn_by = at or timezone.now(), by
    version.withdrawn_reason, version.replaced_by = reason, replaced_by
    version.save(update_fields=["status", "withdrawn_at", "withdrawn_by", "withdrawn_reason", "replaced_by"])
    _reindex(version)
    naming_changed([version.page_id], named)
    instead = replaced_by.number if replaced_by is not None else ""
    audit.record(
        kind,
        version=version,
        by=by,
        at=at,
        data={"reason": reason, "replaced_by": instead},
        sealed=[version],
    )
    return version


def _reindex(*versions: ProcedureVersion) -> None:
    """The procedure, and its codes: whoever may read a guide may find its codes."""
    reindex("procedure", {version.page_id for version in versions})
    codes = ErrorCode.objects.filter(versions__in=versions)
    reindex("error_code", set(codes.values_list("pk", flat=True)))


def refuse_overlaps(*, page_id: int, content: Mapping[str, Any]) -> Applies:
    """Where this content applies. Raises NotAllowed where, released now, it would overlap with another guide."""
    applies = applies_to(content)
    if not applies.codes:
        return applies
    # Two releases for the same code follow each other, so that the second sees the first.
    keys = [code.pk for code in applies.codes]
    list(ErrorCode.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values("pk"))
    overlaps = overlaps_of(
        page_id=page_id,
        language=content["language"],
        product_line_id=applies.line.pk if applies.line else None,
        rows=applies.rows,
        codes=applies.codes,
    )
    check_overlaps(overlaps=overlaps)
    return applies


@transaction.atomic
def accept_overlap(
    *,
    one: ProcedurePage,
    other: ProcedurePage,
    code: ErrorCode | None,
    reason: str,
    by: Any,
    at: datetime | None = None,
) -> AcceptedOverlap:
    """Let two procedures answer the same code (None: every code that both answer), in whatever order named.

    Raises NotAllowed without a reason or where one is on record, PermissionDenied for a missing right.
    """
    pair = sorted((one.pk, other.pk))
    list(ProcedurePage.objects.select_for_update().filter(pk__in=pair).order_by("pk").values("pk"))
    check_accept_overlap(user=by, one=one, other=other, code=code, reason=reason)
    accepted = AcceptedOverlap(
        one_id=pair[0],
        other_id=pair[1],
        code=code,
        reason=clean_text(reason),
        accepted_by=by,
        accepted_at=at or timezone.now(),
    )
    accepted._history_user = by
    accepted.save()
    return accepted


@transaction.atomic
def withdraw_acceptance(*, accepted: AcceptedOverlap, by: Any) -> None:
    """The overlap is a problem again; history keeps who had accepted it and why, and who took that back."""
    check_withdraw_acceptance(user=by)
    accepted._history_user = by
    accepted.delete()
