"""What is on record of a procedure: the events of its tamper-evident log, for the staff."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from procedures.access import may_read_internal
from procedures.audit import kind_label
from procedures.audit.records import page_numbered, what_it_says
from procedures.models import AuditEvent, ProcedurePage

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class RecordRow:
    event: AuditEvent
    label: str
    text: str


@dataclass(frozen=True)
class RecordPage:
    procedure: ProcedurePage
    released: bool
    rows: list[RecordRow]
    page_obj: Page[AuditEvent]


@require_safe
def record(request: HttpRequest, number: str) -> HttpResponse:
    """Newest first. Raises Http404 for whoever may not read internal procedures."""
    procedure = page_numbered(number) if may_read_internal(request.user) else None
    if procedure is None:
        raise Http404
    events = (
        AuditEvent.objects.filter(page=procedure)
        .select_related("version")
        .only(
            *("sequence", "kind", "actor_name", "happened_at", "data", "hash"),
            *("version__number", "version__major", "version__minor"),
        )
        .order_by("-sequence")
    )
    page_obj = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [RecordRow(event, kind_label(event.kind), what_it_says(event.data)) for event in page_obj]
    page = RecordPage(procedure, procedure.versions.exists(), rows, page_obj)
    return render(request, "procedures/record.html", vars(page))
