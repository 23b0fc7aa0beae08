"""Whose words a revision holds: nobody approves their own, whoever saved or submitted them last."""

from wagtail.models import Revision

from procedures.content import canonical_content, content_hash
from procedures.models import ProcedureVersion


def authors_since_release(revision: Revision) -> list[int]:
    """The primary keys of whoever changed the content since the newest version, in order, repeats included.

    A save that leaves the content as it was makes nobody its author. Saves by nobody (a command) do not count.
    """
    newest = ProcedureVersion.objects.filter(page_id=revision.object_id).first()
    before = newest.sha256 if newest else ""
    revisions = Revision.objects.filter(
        base_content_type=revision.base_content_type_id,
        object_id=revision.object_id,
        pk__gt=(newest.revision_id or 0) if newest else 0,
        pk__lte=revision.pk,
    )
    authors = []
    for saved in revisions.order_by("pk").iterator(chunk_size=10):
        after = content_hash(canonical_content(saved.as_object()))
        if after != before and saved.user_id is not None:
            authors.append(saved.user_id)
        before = after
    return authors


def editors_of(revision: Revision) -> set[int | None]:
    """Who may not approve the revision: its authors, and whoever saved it and so worded its change summary."""
    return {*authors_since_release(revision), revision.user_id}


def last_author(revision: Revision) -> int | None:
    """Whoever last changed the content; whoever saved the revision where nobody did."""
    authors = authors_since_release(revision)
    return authors[-1] if authors else revision.user_id
