"""Whether the revisions that versions come from still say what was signed from them: no seal holds a revision."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _
from wagtail.models import Revision

from procedures.audit.sealing import UNREADABLE, Finding
from procedures.models import ProcedureVersion, VersionStatus
from procedures.saved import as_saved
from procedures.underway import under_way

_UNREADABLE = (*UNREADABLE, LookupError, ObjectDoesNotExist)


def says(revision: Revision, content: Mapping[str, Any]) -> bool:
    """Whether the revision says what the content (procedures.content) says. Its images may have been given other
    bytes since: those submitted are kept."""
    try:
        _page, said = as_saved(revision, digest=lambda image: "")
        return bool(said) and said == _without_bytes(content)
    except _UNREADABLE:
        return False


def revision_findings() -> Iterator[Finding]:
    """The revisions that releases under way and versions approved or in force rest on, where they say otherwise.

    Of a version that is out of force nothing comes any more; taking its text up again compares it then.
    """
    resting = ProcedureVersion.objects.filter(
        status__in=[VersionStatus.APPROVED, VersionStatus.EFFECTIVE], revision__isnull=False
    )
    checked = set()
    for rows in (*under_way(), resting):
        for pk, revision_pk in list(rows.order_by("pk").values_list("pk", "revision")):
            if revision_pk not in checked and not _fits(rows, pk, revision_pk):
                yield Finding(
                    Revision._meta.db_table,
                    revision_pk,
                    _("It no longer says what was signed or submitted from it: it was changed behind the log's back."),
                )  # fmt: skip
            checked.add(revision_pk)


def _fits(rows: Any, pk: int, revision_pk: int) -> bool:
    try:
        content = rows.values_list("content", flat=True).get(pk=pk)
    except UNREADABLE:
        return True  # the row itself is found where the rows are walked
    try:
        return says(Revision.objects.get(pk=revision_pk), content)
    except _UNREADABLE:
        return False


def _without_bytes(content: Mapping[str, Any]) -> dict[str, Any]:
    steps = [
        {**step, "images": [{**image, "sha256": ""} for image in step["images"]]} for step in content["steps"]
    ]
    return {**content, "steps": steps}
