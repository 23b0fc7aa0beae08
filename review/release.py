"""What Wagtail does when a workflow ends (WAGTAIL_FINISH_WORKFLOW_ACTION).

This module is imported while wagtail.models loads, so it may import no model itself.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wagtail.models import WorkflowState


def finish_workflow(workflow_state: "WorkflowState", user: Any = None) -> None:
    """Release exactly the revision that was approved, never the newest one."""
    from procedures.models import ProcedurePage
    from review import actions

    page = workflow_state.content_object.specific
    task_state = workflow_state.current_task_state
    if isinstance(page, ProcedurePage):
        actions.release(task_state=task_state, by=user, at=getattr(workflow_state, "released_at", None))
    else:
        task_state.revision.publish(user=user)
