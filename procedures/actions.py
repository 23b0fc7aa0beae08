"""What is done to procedures: a version is minted from a revision, whole or not at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from wagtail.models import Revision

from procedures import audit
from procedures.authorship import editors_of, last_author
from procedures.content import canonical_content, content_hash, plain_text
from procedures.models import (
    AuditKind,
    ErrorCode,
    Origin,
    ProcedurePage,
    ProcedureVersion,
    Significance,
    VersionApplicability,
    VersionStatus,
)
from procedures.rendering import render_content
from procedures.rules import check_mint
from search.indexing import reindex


def next_number(previous: ProcedureVersion | None, significance: str) -> tuple[int, int]:
    """(major, minor) of the version after `previous`: 1.0 first, then 1.2 -> 1.3 (minor) or 2.0 (major)."""
    if previous is None:
        return 1, 0
    if significance == Significance.MAJOR:
        return previous.major + 1, 0
    return previous.major, previous.minor + 1


def build_version(
    *, page: ProcedurePage, content: Mapping[str, Any], approved_by: Any, approved_at: datetime, **fields: Any
) -> ProcedureVersion:
    """An unsaved version of this content; `fields` are its number, status, origin, editor and the like."""
    sha256 = content_hash(content)
    return ProcedureVersion(
        page=page,
        number=content["number"],
        title=content["title"],
        kind=content["kind"],
        language=content["language"],
        audience=content["audience"],
        summary=content["summary"],
        product_line_id=page.product_line_id,
        content=content,
        html=render_content(content),
        search_text=plain_text(content),
        sha256=sha256,
        approved_sha256=sha256,
        approved_by=approved_by,
        approved_at=approved_at,
        effective_from=approved_at,
        **fields,
    )


def link_version(
    version: ProcedureVersion, page: ProcedurePage
) -> tuple[list[VersionApplicability], list[ErrorCode]]:
    """The unsaved applicability rows and the error codes that belong to this version of the page."""
    rows = [
        VersionApplicability(
            version=version,
            model_id=row.model_id,
            release_from_id=row.release_from_id,
            release_before_id=row.release_before_id,
            options=sorted(row.options or []),
        )
        for row in page.applicability.all()
    ]
    return rows, list(page.error_codes.all())


@transaction.atomic
def mint_version(
    *, revision: Revision, by: Any, significance: str, change_summary: str, at: datetime | None = None
) -> ProcedureVersion:
    """Freeze the revision as the next version, effective now; the version before it is superseded.

    Raises NotAllowed where `by` edited it, there is no step, nothing changed or nothing says what changed.
    """
    locked = ProcedurePage.objects.select_for_update().get(pk=revision.object_id)
    page: ProcedurePage = revision.as_object()
    previous = locked.versions.first()
    content = canonical_content(page)
    check_mint(
        content=content,
        sha256=content_hash(content),
        previous=previous,
        change_summary=change_summary,
        editors=editors_of(revision),
        by=by,
    )
    at = at or timezone.now()
    major, minor = next_number(previous, significance)
    superseded = list(locked.versions.effective())
    locked.versions.effective().update(status=VersionStatus.SUPERSEDED, superseded_at=at)
    version = build_version(
        page=page,
        content=content,
        approved_by=by,
        approved_at=at,
        revision=revision,
        last_editor_id=last_author(revision),
        major=major,
        minor=minor,
        status=VersionStatus.EFFECTIVE,
        origin=Origin.RELEASED,
        significance=significance,
        change_summary=change_summary,
    )
    version.save()
    rows, codes = link_version(version, page)
    VersionApplicability.objects.bulk_create(rows)
    version.error_codes.set(codes)
    revision.publish(user=by)
    reindex("procedure", [locked.pk])
    # Codes too: whoever may read a guide may find its codes.
    before = set(previous.error_codes.values_list("pk", flat=True)) if previous else set()
    reindex("error_code", before | {code.pk for code in codes})
    audit.record_many(
        [
            *(superseding(old, version, by=by, at=at) for old in superseded),
            audit.Happening(
                kind=AuditKind.RELEASED,
                version=version,
                by=by,
                at=at,
                data={"change_summary": change_summary, "significance": significance},
                sealed=[version, *rows],
            ),
        ]
    )
    return version


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
