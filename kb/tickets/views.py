"""Pages of tickets. Reading needs tickets.view_ticket; anonymous people are asked to sign in."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from kb.tickets import actions, guides, queries, rules
from kb.tickets.forms import MAX_TEXT, EditTicketForm, EntryForm, OpenTicketForm, TicketFilterForm, UseForm
from kb.tickets.models import Outcome, Ticket, TicketEntry
from procedures.admin.record_changes import RecordChange
from procedures.as_written import find_machine, meant_by
from procedures.keys import row_key
from procedures.models import ErrorCode, Machine, ProcedureVersion
from procedures.views.post_only import post_only
from procedures.views.version import number_now
from review.models import Suggestion

PER_PAGE = 25
IN_FRAGMENT = 5
CARRIED = "ticket-typed"  # in the session: what the other form of a ticket's page holds

View = Callable[..., HttpResponse]


def reads_tickets(view: View) -> View:
    """Sign-in for the anonymous, 403 for a role that does not read tickets; a fragment is just refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm("tickets.view_ticket"):
            raise PermissionDenied(_("Your role does not read tickets."))
        return view(request, *args, **kwargs)

    page = login_required(guarded)

    @wraps(view)
    def page_or_fragment(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "GET" and _is_fragment(request) and not request.user.is_authenticated:
            return HttpResponse(status=403)
        return page(request, *args, **kwargs)

    return page_or_fragment


def _is_fragment(request: HttpRequest) -> bool:
    return bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]  # django-htmx


def _ticket(request: HttpRequest, number: str) -> Ticket:
    return get_object_or_404(
        Ticket.objects.visible_to(request.user).select_related(
            "machine__model__product_line",
            "machine__release",
            "error_code__product_line",
            "opened_by",
            "resolved_by",
        ),
        number=queries.number_meant(number),
    )


def _add_errors(form: Any, error: ValidationError) -> None:
    """Put an action's refusal where it belongs in the form."""
    form.add_error(None, error)


@require_GET
@reads_tickets
def ticket_list(request: HttpRequest) -> HttpResponse:
    form = TicketFilterForm(request.GET)
    tickets = queries.for_list(form.tickets(Ticket.objects.visible_to(request.user)))
    page = Paginator(tickets, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page_obj": page,
        "filtered": any(form.cleaned_data.values()),
        "may_open": rules.can_open(user=request.user),
    }
    template = "tickets/fragments/list.html" if _is_fragment(request) else "tickets/list.html"
    return render(request, template, context)


@dataclass
class Choices:
    """What the inputs of a form offer, by what is known of the machine so far."""

    machine: Machine | None
    machines: list[Machine]
    error_codes: list[ErrorCode]
    versions: list[ProcedureVersion]

    @classmethod
    def of(cls, *, serial: str, code: str, user: Any, with_versions: bool = True) -> "Choices":
        machine = find_machine(serial) if serial.strip() else None
        error_codes: list[ErrorCode] = []
        error_code = None
        if machine is not None:
            error_codes = list(machine.model.product_line.error_codes.all()[:1000])
            meant = meant_by(code, error_codes)
            error_code = meant[0] if len(meant) == 1 else None
        versions: list[ProcedureVersion] = []
        if with_versions:
            versions = queries.offered_versions(machine=machine, error_code=error_code, user=user)
        return cls(machine, queries.offered_machines(user), error_codes, versions)


def _prefill(request: HttpRequest) -> dict[str, str]:
    """What the page that led here knows: ?machine=SERIAL&code=E-1042&version=17&symptom=..."""
    prefill = {
        "machine": request.GET.get("machine", "")[:60],
        "error_code": (request.GET.get("code") or request.GET.get("error_code", ""))[:60],
    }
    if symptom := request.GET.get("symptom", ""):
        prefill["symptom"] = symptom[:MAX_TEXT]
    pk = row_key(request.GET.get("version", ""))
    if pk is not None:
        version = ProcedureVersion.objects.visible_to(request.user).filter(pk=pk).first()
        if version:
            prefill["procedure"] = str(version)
    return prefill


@reads_tickets
def create(request: HttpRequest) -> HttpResponse:
    """Open a ticket. An htmx GET answers with what the inputs offer for the machine typed so far."""
    rules.check_open(user=request.user)
    if request.method == "POST":
        form = OpenTicketForm(request.POST, user=request.user)
        typed = request.POST
        if form.is_valid():
            try:
                ticket = _open(form, request)
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(request, _("Ticket %(number)s is open.") % {"number": ticket.number})
                if version := form.cleaned_data["procedure"]:
                    _say_version(request, version, ticket.machine)
                return redirect(ticket)
        serial, code = typed.get("machine", ""), typed.get("error_code", "")
    else:
        initial = _prefill(request)
        form = OpenTicketForm(user=request.user, initial=initial)
        serial, code = initial["machine"], initial["error_code"]
    choices = Choices.of(serial=serial[:60], code=code[:60], user=request.user)
    if _is_fragment(request) and request.method == "GET":
        return render(request, "tickets/fragments/choices.html", {"choices": choices})
    return render(request, "tickets/create.html", {"form": form, "choices": choices})


def _say_version(request: HttpRequest, version: ProcedureVersion, machine: Machine) -> None:
    """Which version was taken, where the procedure goes by another number than the one typed, and whether it is for
    the machine.
    """
    typed = request.POST["procedure"].split()[0]
    if typed.casefold() != version.number.casefold():
        said = _("%(typed)s has become %(number)s: %(version)s is recorded.")
        messages.info(request, said % {"typed": typed, "number": version.number, "version": version})
    if queries.misfits({version.pk}, machine):
        said = _("%(version)s is recorded, but it does not apply to %(machine)s.")
        messages.warning(request, said % {"version": version, "machine": machine})


def _open(form: OpenTicketForm, request: HttpRequest) -> Ticket:
    cleaned = form.cleaned_data
    with transaction.atomic():
        ticket = actions.open_ticket(
            machine=cleaned["machine"],
            error_code=cleaned["error_code"],
            symptom=cleaned["symptom"],
            severity=cleaned["severity"],
            by=request.user,
        )
        if cleaned["procedure"]:
            actions.record_use(
                ticket=ticket,
                version=cleaned["procedure"],
                outcome=cleaned["outcome"] or Outcome.NOT_KNOWN,
                note=cleaned["note"],
                by=request.user,
            )
    return ticket


@dataclass
class TicketPage:
    """What the page of one ticket shows."""

    ticket: Ticket
    entries: list[TicketEntry]
    uses: list[queries.UseRow]
    misfits: set[int]  # versions used that do not apply to the machine
    changes: list[RecordChange]
    suggestions: list[Suggestion]
    may_change: bool
    entry_form: EntryForm
    use_form: UseForm
    use_begun: bool  # somebody typed in it: it is shown open
    versions: list[ProcedureVersion]
    guides: list[guides.Guide]


def _detail(
    request: HttpRequest,
    ticket: Ticket,
    *,
    entry_form: EntryForm | None = None,
    use_form: UseForm | None = None,
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The page; `typed` fills the form that was not sent, so that the other one's button loses nothing."""
    may_change = rules.can_change(user=request.user)
    initial = {
        name: typed[name]
        for name in (*EntryForm.base_fields, *UseForm.base_fields)
        if typed and name in typed
    }
    used = ticket.uses.select_related("version__withdrawn_by", "recorded_by").defer(
        "version__content", "version__html", "version__search_text"
    )
    uses = queries.use_rows(used, request.user)
    page = TicketPage(
        ticket=ticket,
        entries=list(ticket.entries.select_related("author")),
        uses=uses,
        misfits=queries.misfits({row.use.version_id for row in uses}, ticket.machine),
        changes=queries.changes_with_corrections(ticket, uses),
        suggestions=list(queries.suggestions_from(ticket, request.user)),
        may_change=may_change,
        entry_form=entry_form or EntryForm(initial=initial),
        use_form=use_form or UseForm(user=request.user, initial=initial),
        use_begun=bool(use_form or initial.get("procedure") or initial.get("note")),
        versions=queries.offered_versions(
            machine=ticket.machine, error_code=ticket.error_code, user=request.user
        )
        if may_change
        else [],
        guides=guides.that_may_help(ticket, request.user),
    )
    return render(request, "tickets/detail.html", vars(page))


@require_GET
@reads_tickets
def detail(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _ticket(request, number)
    return _detail(request, ticket, typed=_carried(request, ticket))


@reads_tickets
def edit(request: HttpRequest, number: str) -> HttpResponse:
    """Edit, resolve, reopen. A form that somebody else overtook comes back whole, with what they changed."""
    rules.check_change(user=request.user)
    ticket = _ticket(request, number)
    overtaken: list[RecordChange] = []
    if request.method == "POST":
        form = EditTicketForm(request.POST, ticket=ticket)
        serial, code = request.POST.get("machine", ""), request.POST.get("error_code", "")
        if form.is_valid():
            try:
                actions.edit_ticket(ticket=ticket, by=request.user, **form.cleaned_data)
            except rules.Overtaken as error:
                _add_errors(form, error)
                form.overtaken(error.edition)
                overtaken = list(error.changes)
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(request, _("Ticket %(number)s is saved.") % {"number": ticket.number})
                return redirect(ticket)
    else:
        form = EditTicketForm(ticket=ticket)
        serial, code = ticket.machine.serial, ticket.error_code.code if ticket.error_code else ""
    choices = Choices.of(serial=serial[:60], code=code[:60], user=request.user, with_versions=False)
    context = {"ticket": ticket, "form": form, "choices": choices, "overtaken": overtaken}
    return render(request, "tickets/edit.html", context)


@post_only("tickets:detail", "number")
@reads_tickets
def add_entry(request: HttpRequest, number: str) -> HttpResponse:
    rules.check_change(user=request.user)
    ticket = _ticket(request, number)
    form = EntryForm(request.POST)
    if not form.is_valid():
        return _detail(request, ticket, entry_form=form, typed=request.POST)
    actions.add_entry(ticket=ticket, text=form.cleaned_data["text"], by=request.user)
    _carry(request, ticket, UseForm)
    return _back_to(request, ticket, "#log")


@post_only("tickets:detail", "number")
@reads_tickets
def attach(request: HttpRequest, number: str) -> HttpResponse:
    """Record the exact version used; one that does not apply to the machine is kept too, and said."""
    rules.check_change(user=request.user)
    ticket = _ticket(request, number)
    form = UseForm(request.POST, user=request.user)
    if not form.is_valid():
        return _detail(request, ticket, use_form=form, typed=request.POST)
    version = form.cleaned_data["procedure"]
    actions.record_use(
        ticket=ticket,
        version=version,
        outcome=form.cleaned_data["outcome"],
        note=form.cleaned_data["note"],
        by=request.user,
    )
    _say_version(request, version, ticket.machine)
    _carry(request, ticket, EntryForm)
    return _back_to(request, ticket, "#procedures")


def _carry(request: HttpRequest, ticket: Ticket, form: type[EntryForm] | type[UseForm]) -> None:
    """Hold what stands in the page's other form until the page is shown again."""
    typed = {
        name: request.POST[name]
        for name, field in form.base_fields.items()
        if request.POST.get(name) not in (None, "", field.initial)
    }
    if typed:
        request.session[CARRIED] = {"ticket": ticket.pk, "typed": typed}


def _carried(request: HttpRequest, ticket: Ticket) -> dict[str, str]:
    if request.session.get(CARRIED, {}).get("ticket") != ticket.pk:
        return {}
    return dict(request.session.pop(CARRIED)["typed"])


def _back_to(request: HttpRequest, ticket: Ticket, fragment: str) -> HttpResponse:
    address = ticket.get_absolute_url() + fragment
    return HttpResponseClientRedirect(address) if _is_fragment(request) else redirect(address)


@require_GET
@reads_tickets
def for_procedure(request: HttpRequest, number: str) -> HttpResponse:
    """Where any version of the procedure was used: a page, and a fragment for the procedure's own page."""
    uses = queries.uses_of_procedure(number, request.user)
    if uses is None:
        raise Http404
    if not _is_fragment(request) and (present := number_now(request, number)) is not None:
        return redirect("tickets:for_procedure", present)
    outcomes: Counter[str] = Counter(uses.values_list("outcome", flat=True))
    fragment = _is_fragment(request)
    page = Paginator(uses, IN_FRAGMENT if fragment else PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "number": number,
        "page_obj": page,
        "rows": queries.use_rows(page.object_list, request.user),
        "outcomes": [(label, outcomes[value]) for value, label in Outcome.choices if outcomes[value]],
        "may_open": rules.can_open(user=request.user),
    }
    return render(
        request, "tickets/fragments/for_procedure.html" if fragment else "tickets/for_procedure.html", context
    )
