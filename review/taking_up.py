"""An earlier version's text as the working copy again, without a word of anybody's lost on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Revision

from procedures import audit
from procedures.authorship import base_version, changed_since
from procedures.content import canonical_content, content_hash
from procedures.models import AuditKind, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from procedures.saved import as_saved
from review import release_rules
from review.carrying import carried_by
from review.models import NoticeKind
from review.notifying import notify


@dataclass(frozen=True, slots=True)
class Unreleased:
    """What a working copy says that no version does, as its last `revision` keeps it."""

    revision: Revision
    content: Mapping[str, Any]
    sha256: str
    base: ProcedureVersion | None  # what it was changed from
    people: list[Any]  # who changed it since, or proposed what was put in


class WouldReplace(NotAllowed):
    """Somebody is to look at what would be replaced first."""

    def __init__(self, unreleased: Unreleased) -> None:
        super().__init__(
            _("The working copy holds changes that no version has: look at what would be replaced.")
        )
        self.unreleased = unreleased


@transaction.atomic
def take_up(*, version: ProcedureVersion, by: Any, replacing: str = "") -> ProcedurePage:
    """Make an earlier version the working copy again; it comes into force as a new version, signed anew.

    `replacing`: the SHA-256 of the unreleased text that `by` has seen and means to replace. It stays as a revision,
    and those whose words it holds are told. Raises WouldReplace where there is another.
    """
    page = ProcedurePage.objects.select_for_update().get(pk=version.page_id)
    release_rules.check_submit(user=by, page=page)
    if version.revision is None:
        raise NotAllowed(_("The working copy of version %(label)s is not kept.") % {"label": version.label})
    earlier: ProcedurePage = version.revision.as_object()
    if content_hash(canonical_content(earlier)) != version.sha256:
        raise NotAllowed(
            _("An image or a name in the catalogue has changed since version %(label)s; edit it by hand.")
            % {"label": version.label}
        )
    replaced = unreleased(page)
    if replaced is not None and replaced.sha256 != replacing:
        raise WouldReplace(replaced)
    data = {"label": version.label}
    if replaced is not None:
        data["replaced_sha256"] = replaced.sha256
    earlier.save_revision(user=by, log_action=True, previous_revision=version.revision)
    audit.record(AuditKind.RESTORED, page=page, version=version, by=by, data=data)
    if replaced is not None:
        notify(replaced.people, NoticeKind.OVERWRITTEN, page, at=timezone.now(), by=by)
    return ProcedurePage.objects.get(pk=page.pk)


def unreleased(page: ProcedurePage) -> Unreleased | None:
    """What would be lost from the working copy; None where some version of the procedure says exactly the same."""
    revision = page.get_latest_revision()
    if revision is None:
        return None
    _page, content = as_saved(revision)
    sha256 = content_hash(content)
    if page.versions.filter(sha256=sha256).exists():
        return None
    base = base_version(page.pk)
    whose = changed_since(base, revision) | {edit.author_id for edit in carried_by(revision)}
    people = get_user_model()._default_manager.filter(pk__in=whose, is_active=True)
    return Unreleased(revision, content, sha256, base, sorted(people, key=str))
