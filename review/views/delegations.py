"""Who signs in whose place while somebody is away."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.rules import NotAllowed
from procedures.views.post_only import post_only
from review import delegating
from review.forms import DelegationForm
from review.models import Delegation
from review.views.access import staff_only


@staff_only
def delegations(request: HttpRequest) -> HttpResponse:
    """Mine: who stands in for me, for whom I stand in; and a form to name somebody."""
    user: Any = request.user
    form = DelegationForm(request.POST or None, instance=Delegation(delegator=user))
    form.fields["delegate"].queryset = delegating.possible_delegates(user)  # type: ignore[attr-defined]  # a ModelChoiceField
    if request.method == "POST" and form.is_valid():
        delegating.delegate(delegation=form.instance, by=user)
        messages.success(request, _("Recorded."))
        return redirect("review:delegations")
    current = Delegation.objects.filter(ends_on__gte=timezone.localdate())
    context = {
        "form": form,
        "given": current.filter(delegator=user).select_related("delegate"),
        "taken": current.filter(delegate=user).select_related("delegator"),
    }
    return render(request, "review/delegations.html", context)


@post_only("review:delegations")
@staff_only
def end(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    delegation = get_object_or_404(Delegation, pk=pk, delegator=user)
    try:
        ended = delegating.end(delegation=delegation, by=user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        still_today = ended.pk and ended.ends_on == timezone.localdate()
        messages.success(
            request,
            _("Today is its last day: a signature given today rests on it.") if still_today else _("Ended."),
        )
    return redirect("review:delegations")
