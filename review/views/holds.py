"""Put a procedure on hold, lift the hold, and what was said each time."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from procedures.audit.records import page_numbered
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from procedures.views.version import number_now
from review import holding, rules
from review.forms import DecisionForm, HoldForm, LiftForm
from review.models import Hold
from review.views.access import leads_on, staff_only

SHOWN = 50


@staff_only
def hold(request: HttpRequest, number: str) -> HttpResponse:
    """The hold that is open, with the form to lift it; else the form to place one. Raises Http404."""
    page = _page(number)
    present = number_now(request, number) or number
    if (there := leads_on(request, "review:hold", number, present)) is not None:
        return there
    form = _sent(request)
    if form is not None and not rules.owns(request.user, page):
        raise PermissionDenied(_("Only the procedure's owner or documentation staff do this."))
    if form is not None and form.is_valid() and _done(request, page, form):
        return redirect("review:hold", number)
    open_hold = page.holds.open().select_related("page").first()
    fresh: DecisionForm
    if open_hold is None:
        refusal = rules.why_not(rules.check_place_hold, user=request.user, page=page)
        fresh = HoldForm()
    else:
        refusal = rules.why_not(rules.check_lift_hold, user=request.user, hold=open_hold)
        fresh = LiftForm(initial={"hold": open_hold.pk})
    # Somebody was faster, or it may not be done now: what was typed is shown, but in no form of this page.
    has_place = form is not None and not refusal and type(form) is type(fresh)
    context = {
        "page": page,
        "version": page.versions.effective().defer("content", "html", "search_text").first(),
        "hold": open_hold,
        "refusal": refusal,
        "form": form if has_place else fresh,
        "late": None if has_place else form,
        "before": page.holds.filter(lifted_at__isnull=False)[:SHOWN],
    }
    return render(request, "review/hold.html", context)


def _page(number: str) -> ProcedurePage:
    """The procedure that has this number in force; else that has or had it. Raises Http404."""
    pages = ProcedurePage.objects.select_related("procedure_owner")
    page = pages.filter(versions__number=number, versions__status="effective").first() or page_numbered(
        number
    )
    if page is None:
        raise Http404
    return page


def _sent(request: HttpRequest) -> DecisionForm | None:
    if request.method != "POST":
        return None
    return LiftForm(request.POST) if request.POST.get("do") == "lift" else HoldForm(request.POST)


def _done(request: HttpRequest, page: ProcedurePage, form: DecisionForm) -> bool:
    """Do what was asked; False where it was refused, and the form says why."""
    user: Any = request.user
    try:
        if isinstance(form, LiftForm):
            found = (
                Hold.objects.select_related("page").filter(page=page, pk=form.cleaned_data["hold"]).first()
            )
            if found is None:
                raise NotAllowed(_("There is no such hold: look again."))
            reason, password = form.cleaned_data["lift_reason"], form.cleaned_data["password"]
            holding.lift(hold=found, by=user, password=password, reason=reason)
            messages.success(request, _("Lifted: readers see the procedure again."))
        else:
            holding.place(page=page, by=user, **form.cleaned_data)
            messages.success(request, _("On hold: whoever opens the procedure is stopped."))
    except NotAllowed as refused:
        form.add_error(None, refused.reason)
        return False
    return True
