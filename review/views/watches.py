"""What somebody watches and how they are told; the button on each page that can be watched; the link in each mail."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from procedures.models import Module
from procedures.views.post_only import post_only
from review import watching
from review.mailing.preferring import prefer
from review.mailing.unsubscribing import read_token, turn_off
from review.models import TARGETS, MailPreference, Watch
from review.views.access import staff_only
from review.watch_forms import WatchesForm


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    url: str
    field: BoundField


@staff_only
def watches(request: HttpRequest) -> HttpResponse:
    """All of it in one form, so that nothing typed is lost by another button."""
    user: Any = request.user
    mine = list(Watch.objects.filter(person=user).select_related(*TARGETS, "error_code__product_line",
                "module__product_line").defer("page__steps"))  # fmt: skip
    preference = MailPreference.of(user)
    form = WatchesForm(request.POST or None, watches=mine, preference=preference)
    if request.method == "POST" and form.is_valid():
        prefer(person=user, at=timezone.now(), **form.preferences)
        watching.change(person=user, wishes=form.wishes)
        messages.success(request, _("Saved."))
        return redirect("review:watches")
    rows = [Row(str(row), _address(row.target), form[form.name_of(row)]) for row in mine]
    preferences = [form[name] for name in form.PREFERENCES]
    return render(request, "review/watches.html", {"form": form, "rows": rows, "preferences": preferences})


@post_only("review:watches")
@staff_only
def watch(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Begin to watch, or stop, and go back to the thing."""
    if kind not in watching.KINDS:
        raise Http404
    # A page's own key is its parent's, which takes no number that is too large for the column.
    target = get_object_or_404(watching.KINDS[kind], id=pk)
    if request.POST.get("watching") == "1":
        watching.watch(target=target, by=request.user)
        messages.success(request, _("You watch this now."))
    else:
        watching.stop(target=target, by=request.user)
        messages.success(request, _("You do not watch this any more."))
    return redirect(_address(target))


@csrf_exempt  # RFC 8058: a mail program posts it without a session; the signed token is the right to do it
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET changes nothing: mail scanners follow links."""
    off = read_token(token)
    if off is None:
        return render(request, "review/unsubscribe.html", {"off": None}, status=404)
    if request.method == "POST":
        turn_off(off)
    return render(request, "review/unsubscribe.html", {"off": off, "done": request.method == "POST"})


def _address(target: Any) -> str:
    if isinstance(target, Module):
        line = reverse("procedures:product_line", args=[target.product_line.code])
        return f"{line}?{urlencode({'module': target.code})}#codes"
    url: str = target.get_absolute_url()
    return url
