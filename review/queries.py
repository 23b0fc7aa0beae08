"""What the pages ask about marks: one query for many steps, never one a step."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from wagtail.models import TaskState

from procedures.models import ProcedurePage, ProcedureVersion
from review.models import Comment, ReleaseApprovalTask, SuggestedChange, Suggestion, Thread, ThreadStatus


@dataclass(slots=True)
class StepMarks:
    """What hangs on one step (or, without a step, on the whole procedure)."""

    threads: list[Thread] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)

    @property
    def open_threads(self) -> int:
        return sum(thread.status != ThreadStatus.RESOLVED for thread in self.threads)


def marks_by_step(version: ProcedureVersion) -> dict[str, StepMarks]:
    """Threads of every version of the page and its waiting proposals, by step id ("" for the whole)."""
    marks: dict[str, StepMarks] = {}
    for thread in threads_with_comments(Thread.objects.on_page(version.page_id)):
        marks.setdefault(thread.step_id, StepMarks()).threads.append(thread)
    waiting = (
        Suggestion.objects.on_page(version.page_id)
        .waiting()
        .select_related("author")
        .prefetch_related("changes")
    )
    for suggestion in waiting:
        for step_id in dict.fromkeys(change.step_id for change in suggestion.changes.all()):
            marks.setdefault(step_id, StepMarks()).suggestions.append(suggestion)
    return marks


def threads_with_comments(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """With what a template shows of a thread, but without the frozen texts of its version."""
    return (
        threads.select_related("version")
        .defer("version__content", "version__html", "version__search_text")
        .prefetch_related(Prefetch("comments", Comment.objects.select_related("author")))
    )


def for_list(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    return (
        suggestions.select_related("author", "version__page", "decided_by", "released_in")
        .defer("version__search_text", "version__html", "released_in__content", "released_in__html")
        .prefetch_related(Prefetch("changes", SuggestedChange.objects.all()))
    )


def decided_by(user: Any) -> Q:
    """The filter on `version__page` of what this person answers for."""
    if user.has_perm("review.decide_any_suggestion"):
        return Q()
    return Q(version__page__procedure_owner=user)


def suggestions_to_decide(user: Any) -> QuerySet[Suggestion]:
    if not user.has_perm("review.decide_suggestion"):
        return Suggestion.objects.none()
    return Suggestion.objects.waiting().filter(decided_by(user)).exclude(author=user)


def threads_to_answer(user: Any) -> QuerySet[Thread]:
    if not user.has_perm("review.decide_suggestion"):
        return Thread.objects.none()
    return Thread.objects.waiting().filter(decided_by(user)).exclude(started_by=user)


def releases_to_approve(user: Any) -> QuerySet[TaskState]:
    """The releases that wait for somebody like this person; those whose last edit is theirs included."""
    if not user.has_perm("review.approve_release"):
        return TaskState.objects.none()
    return (
        TaskState.objects.filter(
            status=TaskState.STATUS_IN_PROGRESS, task__in=ReleaseApprovalTask.objects.values("pk")
        )
        .select_related("revision__user", "workflow_state__requested_by")
        .order_by("started_at")
    )


def sent_back(page: ProcedurePage) -> TaskState | None:
    """The newest refusal to release this procedure, while nothing was submitted or released since."""
    last = TaskState.objects.for_instance(page).select_related("finished_by").order_by("-pk").first()
    return last if last is not None and last.status == TaskState.STATUS_REJECTED else None


def releases_sent_back(user: Any) -> list[tuple[TaskState, ProcedurePage]]:
    """What this person submitted and somebody sent back, while it waits for another submission."""
    refused = (
        TaskState.objects.filter(
            status=TaskState.STATUS_REJECTED,
            workflow_state__requested_by=user,
            task__in=ReleaseApprovalTask.objects.values("pk"),
        )
        .select_related("finished_by", "workflow_state")
        .order_by("-pk")[:50]
    )
    return [(state, page) for state, page in pages_of(refused) if sent_back(page) == state]


def pages_of(task_states: Iterable[TaskState]) -> list[tuple[TaskState, ProcedurePage]]:
    """Each task state with its procedure, in one query."""
    states = list(task_states)
    pages = ProcedurePage.objects.in_bulk({int(state.workflow_state.object_id) for state in states})
    return [
        (state, page)
        for state in states
        if (page := pages.get(int(state.workflow_state.object_id))) is not None
    ]
