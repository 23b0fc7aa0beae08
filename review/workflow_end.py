"""What Wagtail does when a workflow ends (WAGTAIL_FINISH_WORKFLOW_ACTION).

This module is imported while wagtail.models loads, so it may import no model itself.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wagtail.models import WorkflowState


def finish_workflow(workflow_state: "WorkflowState", user: Any = None) -> None:
    """Release exactly the bytes that were signed, never the newest revision."""
    from django.contrib.contenttypes.models import ContentType

    from procedures.models import ProcedurePage
    from review import releasing

    if ContentType.objects.get_for_id(workflow_state.content_type_id).model_class() is ProcedurePage:
        releasing.release(workflow_state=workflow_state)
    else:
        workflow_state.current_task_state.revision.publish(user=user)
