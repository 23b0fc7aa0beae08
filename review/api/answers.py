"""How the API reads and answers: JSON in, JSON out, each refusal with its status and its reason, field by field."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.rules import NotAllowed
from review.api.once import HEADER, KeyRefused, once
from review.photos import NO_PHOTO, TOO_LARGE
from review.proposal_forms import AT_THE_TOP

_STATUS_OF = {TOO_LARGE: 413, NO_PHOTO: 415}  # of a photo that is none
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
Fields = Mapping[str, Collection[str]]


class Refused(Exception):
    """A request that is answered with this; `fields`: the reasons by the name of what they are about."""

    def __init__(self, status: int, message: str = "", fields: Fields | None = None, **more: Any) -> None:
        self.status = status
        self.said = {"message": message or _("Not taken: see what is said of each field."), **more}
        if fields:
            self.said["fields"] = {name: list(reasons) for name, reasons in fields.items()}
        super().__init__(message)


def api(view: Callable[..., tuple[int, dict[str, Any]]]) -> Callable[..., HttpResponse]:
    """A view that returns status and body, for the staff; to a customer there is nothing here."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            status, said = once(request, lambda: _answer(view, request, *args, **kwargs))
        except KeyRefused as key:
            status = key.status
            said = Refused(status, fields={HEADER: [key.reason]}).said
        except Refused as refused:
            status, said = refused.status, refused.said
        response = JsonResponse(said, status=status)
        response["Cache-Control"] = "private, no-store"
        if status == 401:
            response["WWW-Authenticate"] = "Session"
        return response

    return guarded


def _answer(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> tuple[int, dict[str, Any]]:
    """Raises Refused."""
    if not request.user.is_authenticated:
        raise Refused(401, _("Sign in first: nothing is done for somebody unknown."))
    try:
        if not may_read_internal(request.user):
            raise Http404
        found: tuple[int, dict[str, Any]] = view(request, *args, **kwargs)
    except Http404:
        raise Refused(404, _("There is nothing here, or nothing that you may see.")) from None
    except PermissionDenied as refused:
        raise Refused(403, str(refused)) from None
    except NotAllowed as refused:
        raise not_allowed(refused) from None
    return found


def not_allowed(refused: NotAllowed, **more: Any) -> Refused:
    """What was given is wrong where the reason names it; else it does not fit the state of things."""
    if hasattr(refused, "error_dict"):
        return Refused(400, fields=refused.message_dict)
    return Refused(409, refused.reason, **more)


def body_of(request: HttpRequest) -> Any:
    """The JSON that was sent, alone or beside files. Raises Refused."""
    if request.content_type == "multipart/form-data":
        sent: str | bytes = request.POST.get("json", "")
    elif request.content_type == "application/json":
        most = settings.REDLINE_FORM_BYTES
        try:
            sent = request.body
        except RequestDataTooBig:
            sent = b" " * (most + 1)
        if len(sent) > most:
            megabytes = {"megabytes": most // 1_000_000}
            raise Refused(413, _("This is too much at once: at most %(megabytes)d MB of JSON.") % megabytes)
    else:
        raise Refused(
            415, _("Send application/json; or, with files, multipart/form-data that has the JSON as “json”.")
        )
    try:
        return json.loads(sent)
    except (ValueError, RecursionError):
        raise Refused(400, _("What was sent is no JSON.")) from None


def given(
    body: Any, known: Mapping[str, type], where: str = "", needs: Collection[str] = ()
) -> dict[str, Any]:
    """What is given of these fields, null being as good as left out. Raises Refused for any other field or type, and
    where one that it needs is missing or empty."""
    if not isinstance(body, dict):
        raise Refused(400, fields={where.rstrip(".") or "json": [_expected(dict)]})
    wrong: dict[str, list[str]] = {}
    if not set(body) <= set(known):
        only = _("Only these fields are known here: %(names)s.") % {"names": ", ".join(known)}
        wrong[where.rstrip(".") or "json"] = [
            only if known else _("No text of this edit is to be said here.")
        ]
    found = {name: value for name in known if (value := body.get(name)) is not None}
    for name, value in found.items():
        if type(value) is not known[name]:
            wrong[where + name] = [_expected(known[name])]
        elif isinstance(value, str) and _NO_TEXT.search(value):
            wrong[where + name] = [_("A character in it is none that a text may hold.")]
    wrong |= {where + name: [_("This field is required.")] for name in needs if found.get(name, "") == ""}
    if wrong:
        raise Refused(400, fields=wrong)
    return found


def check(form: forms.BaseForm, names: Mapping[str, str] | None = None, where: str = "") -> None:
    """Raises Refused with the form's reasons, each under the name that the field has in the JSON."""
    if form.is_valid():
        return
    status, fields = 400, {}
    for name, errors in form.errors.as_data().items():
        asked = "json" if name == "__all__" else (names or {}).get(name, name)
        fields[where + asked] = [reason for error in errors for reason in _reasons(form, name, error)]
        status = max([status, *(_STATUS_OF.get(error.code or "", status) for error in errors)])
    raise Refused(status, fields=fields)


def _reasons(form: forms.BaseForm, name: str, error: Any) -> list[str]:
    """Django's own words for a choice that there is not repeat what was sent; these name what there is."""
    if error.code != "invalid_choice":
        return list(error.messages)
    known = form.fields[name].choices  # type: ignore[attr-defined]  # only such a field has this error
    choices = ['""' if value == AT_THE_TOP else str(value) for value, _label in known if value]
    return [_("Choose one of these: %(choices)s.") % {"choices": ", ".join(choices)}]


def _expected(kind: type) -> str:
    return {
        str: _("A text is expected here."),
        int: _("A whole number is expected here."),
        bool: _("true or false is expected here."),
        list: _("A list is expected here."),
        dict: _("An object with named fields is expected here."),
    }[kind]
