"""What waits for me, and what became of my own."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.keys import row_key
from procedures.views.post_only import post_only
from review import levels, queries, readers, upkeep
from review.headlines import give_headlines
from review.models import Notice, Suggestion, Thread
from review.step_titles import show_steps
from review.views.access import staff_only
from review.waiting import on_page

INBOX_LIMIT = 50


@staff_only
def inbox(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    today = timezone.localdate()
    notices = queries.news_of(user).select_related("page", "version", "thread", "suggestion")
    notices = notices.defer("page__steps", "version__content", "version__html", "version__search_text")
    waits = on_page(request)
    asked = queries.threads_with_comments(Thread.objects.filter(started_by=user)).order_by("-started_at")
    context: dict[str, Any] = {
        "stages": queries.stages_for(user),
        "to_read": readers.for_list(readers.open_tasks(user)),
        "sent_back": queries.releases_sent_back(user),
        "to_decide": _rows(queries.suggestions_to_decide(user)),
        "to_answer": queries.threads_with_comments(queries.threads_to_answer(user)),
        "to_review": upkeep.due_for(user, today),
        "notices": notices,
        "my_releases": queries.releases_of(user),
        "my_suggestions": _rows(queries.suggestions_of(user)),
        "my_threads": asked,
    }
    most = {"my_suggestions": max(INBOX_LIMIT, waits.my_suggestions)}  # no undecided one is left out
    context = {name: list(rows[: most.get(name, INBOX_LIMIT)]) for name, rows in context.items()}
    give_headlines(context["notices"])
    comments = [*context["to_answer"], *context["my_threads"]]
    edits = [*context["to_decide"], *context["my_suggestions"]]
    queries.show_photos(comments)
    levels.show_dues(comments, edits)
    show_steps(comments, edits)
    waiting = (*context["to_answer"], *context["to_decide"])
    late = {
        (type(mark), getattr(mark, "head_id", mark.pk))
        for mark in waiting
        if any(due.is_overdue for due in mark.dues)
    }
    to_act_on = (("answer", queries.threads_to_answer(user)), ("decide", queries.suggestions_to_decide(user)))
    safety = {anchor: n for anchor, marks in to_act_on if (n := marks.filter(queries.about_safety()).count())}
    queues = [
        (anchor, label, count)
        for anchor, label, count in (
            ("releases", _("Releases to sign"), waits.to_approve),
            ("to-read", _("To read"), waits.to_read),
            ("sent-back", _("Sent back to me"), waits.sent_back),
            ("decide", _("Proposed edits to decide on"), waits.to_decide),
            ("answer", _("Comments to answer"), waits.to_answer),
            ("to-review", _("Due for review"), waits.to_review),
            ("news", _("News"), waits.news),
        )
        if count
    ]
    queues.sort(key=lambda queue: queue[0] not in safety)  # what is about safety is first, as on the page
    context |= {"safety": list(safety), "about_safety": sum(safety.values())}
    context |= {"queues": queues, "late": len(late), "now": timezone.now()}
    context["today"] = today
    return render(request, "review/inbox.html", context)


def _rows(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    """As they are listed here: the texts of the versions that they are on are not shown."""
    return queries.for_list(suggestions).defer("version__content")


@post_only("review:inbox")
@staff_only
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark the notices that were shown as read; one that came since stays."""
    user: Any = request.user
    shown = [key for pk in request.POST.getlist("notice") if (key := row_key(pk)) is not None]
    Notice.objects.unread().filter(recipient=user, pk__in=shown).update(read_at=timezone.now())
    return redirect("review:inbox")
