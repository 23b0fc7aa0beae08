"""What may be done to the pages of procedures in the editing desk, whatever Wagtail's own rights would allow."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext
from wagtail.models import Page, PagePermissionTester


class FolderPermissionTester(PagePermissionTester):
    """The folders hold the site together: nobody takes them down, moves or copies them."""

    def can_unpublish(self) -> bool:
        return False

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        return False

    def can_move(self) -> bool:
        return False

    def can_copy(self) -> bool:
        return False


class ProcedureFolderPermissionTester(FolderPermissionTester):
    def can_publish_subpage(self) -> bool:
        return False


class ApprovedOnlyPermissionTester(FolderPermissionTester):
    """Nobody publishes by hand: releases are submitted, approved and signed on the site (review.actions).

    Copies would share the number, so there are none. Owners edit their own; documentation staff, who hold
    Wagtail's publish permission, edit all.
    """

    def can_edit(self) -> bool:
        page = self.page
        if not super().can_edit():
            return False
        mine = self.user.pk in (page.procedure_owner_id, page.owner_id)
        return mine or page.procedure_owner_id is None or PagePermissionTester.can_publish(self)

    def can_publish(self) -> bool:
        return False

    def can_publish_subpage(self) -> bool:
        return False

    def can_submit_for_moderation(self) -> bool:
        return False

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        page = self.page
        return PagePermissionTester.can_delete(self, ignore_bulk=ignore_bulk) and not (
            page.versions.exists()
            or page.audit_events.exists()
            or page.overlaps_as_one.exists()
            or page.overlaps_as_other.exists()
        )


def keep_in_folder(
    sender: type[Page], instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any
) -> None:
    """Before a page is moved, by whatever class's method: anywhere else another plan would count for a procedure, and
    no list would have it. Migration 0013 refuses what sends no signal."""
    if sender._meta.label == "procedures.ProcedurePage" and parent_page_before.pk != parent_page_after.pk:
        raise PermissionDenied(gettext("A procedure stays in the folder of procedures."))
