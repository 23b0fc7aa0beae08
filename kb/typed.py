"""What was typed in a form that could not be taken: it goes back to the person, never away."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

_OURS = ("kb.", "review.", "procedures.")
WHOSE = "whose"  # beside every form's token: the key of the person whose page it stands on, "" for nobody


@dataclass(frozen=True)
class TypedText:
    label: str
    text: str


@dataclass(frozen=True)
class Typed:
    """What one refused POST held, or an address that leads to the sign-in and is too long to be taken along."""

    texts: list[TypedText]
    again: list[
        tuple[str, str]
    ]  # (name, value) of all that can be sent again: no password, no file, no token
    may_send: bool  # only a form of this site's own page is offered to be sent again
    had_file: bool
    had_password: bool
    whose: (
        str  # on whose page it was typed, "" where nobody was signed in; the sender's, where it does not say
    )
    by_get: bool = False


def typed_in(request: HttpRequest) -> Typed | None:
    """What the request's form held; None where it is no form that was sent."""
    kept: Typed | None = getattr(request, "typed_in_address", None)
    if kept is not None or request.method != "POST" or not (request.POST or request.FILES):
        return kept
    return _typed(request, request.POST, _from_here(request))


def keep_address(request: HttpRequest) -> None:
    """Let what stands in the address be what was typed: the answer's links then lead to the page without it."""
    held = replace(_typed(request, request.GET, may_send=True), by_get=True)
    request.typed_in_address = held  # type: ignore[attr-defined]  # read by typed_in
    request.META["QUERY_STRING"] = ""


def _typed(request: HttpRequest, sent: QueryDict, may_send: bool) -> Typed:
    known = _fields_of(request, set(sent))
    texts, again, had_password = [], [], False
    for name, values in sent.lists():
        field = next((known[ending] for ending in _endings(name) if ending in known), None)
        if name in ("csrfmiddlewaretoken", WHOSE):
            continue
        if "password" in name.lower() or isinstance(getattr(field, "widget", None), forms.PasswordInput):
            had_password = True
            continue
        for value in values:
            again.append((name, value))
            if value.strip() and _is_prose(field, value):
                texts.append(TypedText(str((field and field.label) or pretty_name(name)), value))
    whose = sent.get(WHOSE, str(request.user.pk or ""))
    return Typed(texts, again, may_send, bool(request.FILES), had_password, whose)


def is_somebody_elses(request: HttpRequest) -> bool:
    """Whether the form stands on a page of another person than the one who is signed in now.

    A person who signed in again, in whatever tab, sends their open forms; nobody sends another's unseen.
    """
    whose = request.POST.get(WHOSE)
    return whose is not None and is_anothers(whose, request.user)


def is_anothers(whose: str, user: Any) -> bool:
    """Whether what was typed on the page of `whose` is another person's than the one who is signed in."""
    return bool(user.is_authenticated) and whose != str(user.pk)


def carried(request: HttpRequest) -> str:
    """What the language switch of a page that answers a form takes along, for `taken_along`; "" where it is nothing."""
    held = typed_in(request)
    if held is None or not held.texts or not held.may_send:
        return ""
    texts = [[field.label, field.text] for field in held.texts]
    return json.dumps(
        {
            "texts": texts,
            "again": held.again,
            "had_file": held.had_file,
            "had_password": held.had_password,
            # The page that answers is of whoever is signed in; the text stays of whoever typed it.
            "whose": held.whose,
            "by_get": held.by_get,
        }
    )


def taken_along(request: HttpRequest) -> Typed | None:
    """What the language switch took along; None where it took nothing, or what no page of this site sent."""
    try:
        held = json.loads(request.POST.get("carried", ""))
        texts = [TypedText(str(label), str(text)) for label, text in held["texts"]]
        again = [(str(name), str(value)) for name, value in held["again"]]
        had_file, had_password, whose = bool(held["had_file"]), bool(held["had_password"]), str(held["whose"])
        by_get = bool(held["by_get"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Typed(texts, again, _from_here(request), had_file, had_password, whose, by_get)


def _is_prose(field: forms.Field | None, value: str) -> bool:
    """Whether a person typed it. Of a field that no form declares only what has words in it."""
    if field is None:
        return not value.isascii() or len(value.split()) > 1
    return isinstance(field.widget, forms.TextInput | forms.Textarea) and not field.widget.is_hidden


def _all_forms(base: Any = forms.BaseForm) -> Iterator[type[Any]]:
    for form in base.__subclasses__():
        if form.__module__.startswith(_OURS):
            yield form
        yield from _all_forms(form)


def _fields_of(request: HttpRequest, sent: set[str]) -> dict[str, forms.Field]:
    """The fields of the forms in the view's own package by name; of several, the form that fits best has its say."""
    match = request.resolver_match
    module = getattr(match.func, "__module__", "") if match else ""
    sent = {ending for name in sent for ending in _endings(name)}
    known: dict[str, forms.Field] = {}
    of_package = [form for form in _all_forms() if module.startswith(form.__module__.rpartition(".")[0])]
    for form in sorted(
        of_package, key=lambda form: (len(sent & set(form.base_fields)), -len(form.base_fields))
    ):
        known.update(form.base_fields)
    return known


def _endings(name: str) -> Iterator[str]:
    """The name, and what is left of it without the prefixes that tell several forms on a page apart: "d15-final-body"."""
    yield name
    while "-" in name:
        name = name.partition("-")[2]
        yield name


def _from_here(request: HttpRequest) -> bool:
    """Whether the form stood on a page of this site, by Origin or, lacking it, Referer."""
    said = request.headers.get("Origin") or request.headers.get("Referer", "")
    try:
        where = urlsplit(said)
    except ValueError:
        return False
    origin = f"{where.scheme}://{where.netloc}"
    return origin == f"{request.scheme}://{request.get_host()}" or origin in settings.CSRF_TRUSTED_ORIGINS


def answer(request: HttpRequest, template: str, status: int, **more: object) -> HttpResponse:
    """The page that says why, with what was typed; htmx shows it as the whole page."""
    held = typed_in(request)
    context = {"typed": held, "whose": held.whose if held else "", **more}
    response = render(request, template, context, status=status)
    if request.method == "POST" and request.headers.get("HX-Request"):
        response["HX-Retarget"] = "body"
        response["HX-Reswap"] = "innerHTML show:window:top"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is not this session's: somebody signed in or out meanwhile, or the cookies are gone."""
    template = "403_somebody_else.html" if is_somebody_elses(request) else "403_csrf.html"
    return answer(request, template, 403)
