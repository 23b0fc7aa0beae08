"""The editor's preview of a working copy: what the next version would look like."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from procedures.compare import describe_applicability
from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.views.version import render_working_copy


def preview_page(request: HttpRequest, page: ProcedurePage) -> HttpResponse:
    content = canonical_content(page)
    steps, safety = render_working_copy(content)
    return render(
        request,
        "procedures/preview.html",
        {
            "content": content,
            "steps": steps,
            "safety": safety,
            "applies_to": [describe_applicability(row) for row in content["applies_to"]],
        },
    )
