"""What a revision of a procedure says."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from wagtail.models import Revision

from procedures.content import canonical_content
from procedures.frozen_files import freeze_image
from procedures.models import ProcedurePage


def as_saved(
    revision: Revision, *, digest: Callable[[Any], str] = freeze_image
) -> tuple[ProcedurePage, dict[str, Any]]:
    """The page as the revision holds it, to be read and never saved, and its content; `digest` as there.

    `Revision.as_object` asks first whether everything that it refers to is still there: half a dozen queries, which
    are only needed where something is gone.
    """
    try:
        page = ProcedurePage.from_serializable_data(revision.content, check_fks=False)
        return page, canonical_content(page, digest=digest)
    except ObjectDoesNotExist:
        page = revision.as_object()
        return page, canonical_content(page, digest=digest)
