"""What the site as a whole changes in the CMS admin."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from wagtail import hooks


@hooks.register("before_delete_user")
def keep_people(request: HttpRequest, user: Any) -> HttpResponse:
    """What somebody wrote, decided or approved names them for good: people leave by being deactivated."""
    _say_why(request)
    return redirect("wagtailusers_users:edit", user.pk)


@hooks.register("before_bulk_action")
def keep_many_people(
    request: HttpRequest, action_type: str, objects: Iterable[Any], action: Any
) -> HttpResponse | None:
    if action_type != "delete" or action.model is not get_user_model():
        return None
    _say_why(request)
    return redirect("wagtailusers_users:index")


def _say_why(request: HttpRequest) -> None:
    messages.error(
        request, _("People are deactivated, not deleted: untick “Active”. What they did stays theirs.")
    )
