"""Periodic review: what is due, the signature that it is still correct, how old everything has become."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.rules import NotAllowed
from review import duties, rules, upkeep
from review.forms import ConfirmForm
from review.models import Confirmation
from review.views.access import leads_on, page_of, staff_only

DUE_A_PAGE = 50


@staff_only
def due(request: HttpRequest) -> HttpResponse:
    """What is due for review within 30 days or overdue: mine first; an owner sees their own, staff all.

    A list of work, for whoever has such work; how old procedures are (`age`) is for everybody who uses them.
    """
    user: Any = request.user
    rules.check_report(user=user)
    today = timezone.localdate()
    versions = upkeep.due_by(today + upkeep.REMIND_BEFORE)
    if not user.has_perm("review.decide_any_suggestion"):
        versions = versions.filter(upkeep.mine(user))
    versions = versions.annotate(
        is_mine=Case(When(upkeep.mine(user), then=Value(True)), default=Value(False))
    ).order_by("-is_mine", "review_due_on", "number")
    page_obj = Paginator(versions, DUE_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "review/due.html", {"page_obj": page_obj, "today": today})


@staff_only
def still_correct(request: HttpRequest, number: str) -> HttpResponse:
    """The version in force, what was signed of it before, and the form to sign that it is still correct."""
    found = upkeep.in_force().select_related("page__procedure_owner")
    version: Any = get_object_or_404(found, page=page_of(number))
    if (present := leads_on(request, "review:still_correct", number, version.number)) is not None:
        return present
    user: Any = request.user
    form = ConfirmForm(request.POST or None, initial={"sha256": version.sha256})
    refusal = rules.why_not(rules.check_confirm, user=user, version=version)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            duties.confirm(
                version=version,
                by=user,
                password=data["password"],
                seen_sha256=data["sha256"],
                comment=data["comment"],
            )
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Signed: it is still correct."))
            return redirect("review:still_correct", number)
    context = {
        "version": version,
        "form": form,
        "refusal": refusal,
        "confirmations": Confirmation.objects.filter(version__page=version.page_id).select_related("version")[
            :DUE_A_PAGE
        ],
        "may_edit": version.page.permissions_for_user(user).can_edit(),
        "today": timezone.localdate(),
    }
    return render(request, "review/still_correct.html", context)


@staff_only
def age(request: HttpRequest) -> HttpResponse:
    """How long ago procedures were released or reviewed, by owner and by product line: for all service staff."""
    by_owner, by_line = upkeep.ages(timezone.localdate())
    tables = [
        ("owner", _("By owner"), _("Owner"), _("No owner"), by_owner),
        ("line", _("By product line"), _("Product line"), _("No product line"), by_line),
    ]
    return render(request, "review/age.html", {"tables": tables})
