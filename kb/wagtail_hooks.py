"""What the site as a whole changes in the CMS admin."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from wagtail import hooks


@hooks.register("before_delete_user")
def keep_people(request: HttpRequest, user: Any) -> HttpResponse:
    """What somebody wrote, decided or approved names them for good: people leave by being deactivated."""
    messages.error(
        request, _("People are deactivated, not deleted: untick “Active”. What they did stays theirs.")
    )
    return redirect("wagtailusers_users:edit", user.pk)
