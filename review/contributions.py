"""What this app adds to the procedure pages: duties, marks on each step, the credits of the change log."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from procedures.extensions import Contribution, Credit
from procedures.models import ProcedureVersion
from review import readers, upkeep, watching
from review.models import Suggestion
from review.queries import StepMarks, marks_by_step, open_safety_threads
from review.rules import can_confirm, can_mark, owns
from review.step_titles import show_steps

_STEP_ID = "STEP-ID"


@lru_cache(maxsize=512)
def _buttons(number: str, label: str, language: str) -> str:
    """The buttons below any step of a version, with _STEP_ID in the place of the step's id."""
    return render_to_string(
        "review/_step_actions.html", {"number": number, "label": label, "step_id": _STEP_ID}
    )


def marks(request: HttpRequest, version: ProcedureVersion, step_ids: list[str]) -> Contribution | None:
    """Comments and proposals are for the staff: nobody else learns that there are any."""
    if not may_read_internal(request.user):
        return None
    by_step = marks_by_step(version, step_ids)
    context = {"version": version}
    buttons = ""
    if can_mark(user=request.user, version=version):
        buttons = _buttons(version.number, version.label, get_language() or "")
    steps = {}
    for step_id in step_ids:
        html = buttons.replace(_STEP_ID, quote(step_id))
        if found := by_step.get(step_id):
            html = render_to_string("review/_step_marks.html", {**context, "marks": found}) + html
        steps[step_id] = mark_safe(html)
    here = {*step_ids, ""}
    others = [found for step_id, found in by_step.items() if step_id not in here]
    elsewhere = StepMarks(
        threads=[thread for found in others for thread in found.threads],
        suggestions=[edit for found in others for edit in found.suggestions],
    )
    whole = by_step.get("", StepMarks())
    show_steps(elsewhere.threads, [*elsewhere.suggestions, *whole.suggestions])
    page = {
        **context,
        "marks": whole,
        "elsewhere": elsewhere,
        "can_mark": bool(buttons),
        "may_hold": version.is_effective and owns(request.user, version.page),
        "about_safety": open_safety_threads(by_step.values()),
    }
    return Contribution(
        steps=steps,
        page=render_to_string("review/_page_marks.html", page),
        notice=render_to_string("review/_safety.html", page) if page["about_safety"] else "",
    )


def duties(request: HttpRequest, version: ProcedureVersion, step_ids: list[str]) -> Contribution | None:
    """What every reader is told of an overdue review, and this one of what they have to read and watch."""
    internal = may_read_internal(request.user)
    if not (internal or version.is_effective):
        return None
    # Three small questions: the ORM takes longer to make one of them all than the database takes for two more.
    to_read_by, button = None, ""
    if internal:
        tasks = readers.open_tasks(request.user).filter(version__page=version.page_id)
        to_read_by = tasks.values_list("due_on", flat=True).first()
        button = watch_button(request, version.page)
    today = timezone.localdate()
    due_on = upkeep.review_due_on(version)
    overdue = due_on is not None and due_on < today
    if not (overdue or to_read_by):
        return Contribution(button=button)
    context = {
        "version": version,
        "internal": internal,
        "overdue_since": due_on if overdue else None,
        "may_confirm": overdue and can_confirm(user=request.user, version=version),
        "to_read_by": to_read_by,
        "today": today,
    }
    return Contribution(notice=render_to_string("review/_duties.html", context), button=button)


def watch_button(request: HttpRequest, thing: Any) -> str:
    """For whoever may read internal procedures: others are told of nothing."""
    if not may_read_internal(request.user):
        return ""
    watch = watching.watch_on(thing, request.user)
    context = {
        "kind": watching.kind_of(thing),
        "pk": thing.pk,
        "how": watch.get_how_display() if watch is not None else "",
        "request": request,
        **csrf(request),  # what a form needs of the request, without all that a whole page is told
    }
    return render_to_string("review/_watch_button.html", context)


def overdue_on_paper(version: ProcedureVersion, internal: bool) -> str | None:
    due_on = upkeep.review_due_on(version)
    if due_on is None or due_on >= timezone.localdate():
        return None
    day = {"date": due_on.isoformat()}
    if internal:
        said, ask = _("Due for review since %(date)s."), _("Ask the owner before relying on it.")
    else:
        said = _("This procedure was to be checked again by %(date)s and has not been yet.")
        ask = _("Ask your service contact before relying on it.")
    return f"{said % day} {ask}"


def credits(versions: list[ProcedureVersion]) -> Mapping[int, list[Credit]]:
    """Whose accepted proposals each version carries."""
    found: dict[int, list[Credit]] = {}
    released = (
        Suggestion.objects.filter(released_in__in=versions)
        .select_related("author", "version")
        .defer("version__html", "version__search_text")
        .prefetch_related("changes")
        .order_by("pk")
    )
    for suggestion in released:
        titles = {step["id"]: step["title"] for step in suggestion.version.steps}
        added = next(
            (change.landed_text for change in suggestion.changes.all() if change.field == "title"), ""
        )
        assert suggestion.released_in_id is not None  # filtered above
        found.setdefault(suggestion.released_in_id, []).append(
            Credit(
                author=suggestion.author.display_name,
                reason=suggestion.reason,
                steps=[titles.get(suggestion.step_id) or added],
                url=suggestion.get_absolute_url(),
                ticket_reference=suggestion.ticket_reference,
            )
        )
    return found
