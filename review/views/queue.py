"""The queue of what is open, on the site and in the editing desk."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from review import queue, rules
from review.queue_forms import QueueForm
from review.views.access import staff_only

MARKS_A_PAGE = 50


@require_GET
@staff_only
def marks(request: HttpRequest, template: str = "review/queue.html") -> HttpResponse:
    """Proposals and comments that are not done with: an owner's own, or all for documentation staff."""
    user: Any = request.user
    rules.check_report(user=user)
    every = user.has_perm("review.decide_any_suggestion")
    form = QueueForm(request.GET, every=every)
    found = queue.open_marks(user, form.text)
    wanted, sort = form.wanted(found)
    chosen = queue.choose(found, user.pk, wanted, sort)
    page_obj = Paginator(chosen.marks, MARKS_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page_obj)
    names = queue.names_of(found, shown)
    form.count(chosen, names)
    by_owner, by_line = queue.load(found, names)
    context = {
        "form": form,
        "page_obj": page_obj,
        "rows": queue.rows(shown, found, names, user.pk),
        "total": len(found),
        "safety": sum(mark.is_safety for mark in found),
        "loads": [("owner", by_owner), ("line", by_line)] if every else [("line", by_line)],
    }
    return render(request, template, context)
