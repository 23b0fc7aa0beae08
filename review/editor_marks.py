"""The open marks on each step in the editing desk: listed above the steps, and beside each by js/desk-marks.js."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string

from procedures.access import may_read_internal
from review import rules
from review.models import Comment, Suggestion, Thread, ThreadKind, ThreadStatus
from review.wanted import FIRST


@dataclass(slots=True)
class MarkedStep:
    """A step of the working copy with its open marks; `number` None: none of them is on a step that it has."""

    step_id: str = ""
    title: str = ""
    number: int | None = None
    edits: list[Suggestion] = field(default_factory=list)
    comments: list[Thread] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.edits) + len(self.comments)


def note(request: HttpRequest, page: Any) -> str:
    """Both kinds of marks, in the order of the steps; "" where nothing is open."""
    if not may_read_internal(request.user):
        return ""
    steps = marked_steps(page)
    if not steps:
        return ""
    context = {
        "page": page,
        "steps": steps,
        "count": sum(map(len, steps)),
        "decides": rules.owns(request.user, page),
    }
    return render_to_string("review/_editor_marks.html", context, request=request)


def marked_steps(page: Any) -> list[MarkedStep]:
    """The steps with open marks, in order; what is on the whole, or on a step that is gone, comes last."""
    blocks = [block for block in page.steps if block.id]
    by_id = {
        block.id: MarkedStep(block.id, block.value["title"], number) for number, block in enumerate(blocks, 1)
    }
    rest = MarkedStep()
    for edit in _edits(page.pk):
        # A new step is told of beside the one that it is to follow.
        place = edit.step_id if edit.step_id in by_id else edit.after or ""
        if place == FIRST and edit.after == FIRST and blocks:
            place = blocks[0].id
        by_id.get(place, rest).edits.append(edit)
    for comment in _comments(page.pk):
        by_id.get(comment.step_id, rest).comments.append(comment)
    return [step for step in (*by_id.values(), rest) if len(step)]


def _edits(page_id: int) -> Sequence[Suggestion]:
    return list(
        Suggestion.objects.on_page(page_id)
        .waiting()
        .select_related("author")
        .annotate(vote_count=Count("sent_with__votes", distinct=True) + Count("votes", distinct=True))
        .order_by("pk")
    )


def _comments(page_id: int) -> Sequence[Thread]:
    """Those about safety first."""
    first = Comment.objects.filter(thread=OuterRef("pk")).order_by("written_at", "pk").values("text")[:1]
    found = (
        Thread.objects.on_page(page_id)
        .on_text()
        .filter(status__in=[ThreadStatus.OPEN, ThreadStatus.ANSWERED])
        .select_related("started_by")
        .annotate(words=Subquery(first))
        .order_by("started_at", "pk")
    )
    return sorted(found, key=lambda thread: thread.kind != ThreadKind.SAFETY)
