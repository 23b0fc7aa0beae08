"""The root page of the CMS tree."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page, PagePermissionTester

from procedures.models.page_permissions import FolderPermissionTester


class HomePage(Page):
    """The root of the site's tree; the home page itself is kb.views.home."""

    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["procedures.ProcedureIndexPage", "procedures.FaqIndexPage"]
    max_count = 1

    class Meta:
        verbose_name = _("home page")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("home")

    def permissions_for_user(self, user: Any) -> PagePermissionTester:
        return FolderPermissionTester(user, self)
