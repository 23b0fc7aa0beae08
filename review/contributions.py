"""What this app adds to the procedure pages: marks on each step, and the credits of the change log."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from procedures.access import may_read_internal
from procedures.extensions import Contribution, Credit
from procedures.models import ProcedureVersion
from review.models import Suggestion
from review.queries import StepMarks, marks_by_step
from review.rules import can_mark


@dataclass(frozen=True, slots=True)
class Panel:
    """The marks of one step and whether this reader may add to them."""

    version: ProcedureVersion
    step_id: str
    marks: StepMarks
    can_mark: bool


def marks(request: HttpRequest, version: ProcedureVersion) -> Contribution | None:
    """Comments and proposals are for the staff: nobody else learns that there are any."""
    if not may_read_internal(request.user):
        return None
    by_step = marks_by_step(version)
    allowed = can_mark(user=request.user, version=version)

    def panel(step_id: str) -> Panel:
        return Panel(version, step_id, by_step.get(step_id, StepMarks()), allowed)

    here = {step["id"] for step in version.steps}
    elsewhere = [thread for step_id, found in by_step.items() if step_id and step_id not in here for thread in found.threads]
    return Contribution(
        step_template="review/_step_marks.html",
        steps={step_id: panel(step_id) for step_id in here},
        page_template="review/_page_marks.html",
        page={"panel": panel(""), "elsewhere": elsewhere},
    )


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
        steps = dict.fromkeys(titles[change.step_id] for change in suggestion.changes.all())
        assert suggestion.released_in_id is not None  # filtered above
        found.setdefault(suggestion.released_in_id, []).append(
            Credit(
                author=suggestion.author.display_name,
                reason=suggestion.reason,
                steps=list(steps),
                url=suggestion.get_absolute_url(),
                ticket_reference=suggestion.ticket_reference,
            )
        )
    return found
