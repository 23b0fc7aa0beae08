"""What the staff see of a working copy, which no reader does."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404

from procedures.access import may_read_internal
from procedures.frozen_files import freeze_image, frozen_name
from procedures.models import ProcedurePage
from procedures.views.version import frozen_image


@login_required
def image(request: HttpRequest, number: str, sha256: str) -> FileResponse:
    """An image of the working copy, or of what waits for approval. Raises Http404 for who is not staff."""
    if not may_read_internal(request.user):
        raise Http404
    page = get_object_or_404(ProcedurePage, number=number)
    # Asked first: a name that was never frozen costs no reading of images.
    if frozen_name(sha256) is None or not any(sha256 == shown for shown in _images(page)):
        raise Http404
    return frozen_image(sha256)


def _images(page: ProcedurePage) -> Iterator[str]:
    """The SHA-256 of each image that the staff see of this page today, read as it is asked for."""
    copies = [page.get_latest_revision_as_object()]
    waiting = page.current_workflow_task_state
    if waiting is not None and waiting.revision_id != page.latest_revision_id:
        copies.insert(0, waiting.revision.as_object())
    for content in page.releases.in_review().values_list("content", flat=True):
        yield from (image["sha256"] for step in content["steps"] for image in step["images"])
    for copy in copies:
        for block in copy.steps:
            for item in block.value.get("images") or ():
                if item["image"] is not None:
                    yield freeze_image(item["image"])
