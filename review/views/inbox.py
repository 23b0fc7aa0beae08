"""What waits for me, and what became of my own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from procedures.views.post_only import post_only
from review import queries, readers, upkeep
from review.models import Notice, Suggestion, Thread
from review.views.access import staff_only

INBOX_LIMIT = 50


@staff_only
def inbox(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    today = timezone.localdate()
    notices = Notice.objects.unread().filter(recipient=user).select_related("page", "version")
    notices = notices.defer("page__steps", "version__content", "version__html", "version__search_text")
    mine = queries.for_list(Suggestion.objects.filter(author=user)).order_by("-decided_at", "-submitted_at")
    asked = queries.threads_with_comments(Thread.objects.filter(started_by=user)).order_by("-started_at")
    return render(
        request,
        "review/inbox.html",
        {
            "notices": notices[:INBOX_LIMIT],
            "stages": queries.stages_for(user)[:INBOX_LIMIT],
            "now": timezone.now(),
            "today": today,
            "to_read": readers.for_list(readers.open_tasks(user))[:INBOX_LIMIT],
            "to_review": upkeep.due_for(user, today)[:INBOX_LIMIT],
            "to_decide": queries.for_list(queries.suggestions_to_decide(user))[:INBOX_LIMIT],
            "to_answer": queries.threads_with_comments(queries.threads_to_answer(user))[:INBOX_LIMIT],
            "sent_back": queries.releases_sent_back(user),
            "my_releases": queries.releases_of(user),
            "my_suggestions": mine[:INBOX_LIMIT],
            "my_threads": asked[:INBOX_LIMIT],
        },
    )


@post_only("review:inbox")
@staff_only
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark the notices that were shown as read; one that came since stays."""
    user: Any = request.user
    shown = [int(pk) for pk in request.POST.getlist("notice") if pk.isdecimal()]
    Notice.objects.unread().filter(recipient=user, pk__in=shown).update(read_at=timezone.now())
    return redirect("review:inbox")
