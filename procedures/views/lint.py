"""Gaps and overlaps of the guides in force, and why some overlaps stand. Staff only."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.access import may_accept_overlaps, may_read_internal
from procedures.actions import accept_overlap, withdraw_acceptance
from procedures.lint import Code, Gap, Overlap, Report, find_problems
from procedures.models import AcceptedOverlap, ErrorCode, ProcedurePage, ProductLine
from procedures.rules import NotAllowed
from procedures.views.post_only import post_only

CODES_A_PAGE = 50
OVERLAPS_SHOWN = 50
REASON_LENGTH = 10_000


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sign-in first; to a customer these pages do not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read_internal(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)


class AcceptForm(forms.Form):
    """Why two procedures may answer the same code; parses only, procedures.rules decides."""

    one = forms.ModelChoiceField(
        ProcedurePage.objects.all(),
        to_field_name="number",
        label=_("Number of a procedure"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 120}),
        error_messages={"invalid_choice": _("There is no procedure with this number.")},
    )
    other = forms.ModelChoiceField(
        ProcedurePage.objects.all(),
        to_field_name="number",
        label=_("Number of the other procedure"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 120}),
        error_messages={"invalid_choice": _("There is no procedure with this number.")},
    )
    code = forms.CharField(
        label=_("Error code"),
        required=False,
        max_length=110,
        help_text=_(
            "Empty: every code that both answer. With its product line where several have it: LINE/CODE."
        ),
    )
    reason = forms.CharField(
        label=_("Why do both stand?"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_code(self) -> ErrorCode | None:
        """The code as LINE/CODE, or by itself where only one product line has it."""
        if not (text := self.cleaned_data["code"]):
            return None
        line, _slash, code = text.partition("/")
        found = list(ErrorCode.objects.filter(product_line__code=line, code=code)) or list(
            ErrorCode.objects.filter(code__iexact=text)[:2]
        )
        if not found:
            raise forms.ValidationError(gettext("There is no such error code."))
        if len(found) > 1:
            raise forms.ValidationError(gettext("Several product lines have this code: write LINE/CODE."))
        return found[0]


@dataclass(frozen=True)
class LintPage:
    lines: list[ProductLine]
    line: str
    report: Report
    gap_codes: int
    page_obj: Page[tuple[Code, list[Gap]]]
    overlaps: list[Overlap]  # the first OVERLAPS_SHOWN
    accepted: list[AcceptedOverlap]
    accept_form: AcceptForm | None  # None: this person may only read


@require_safe
@staff_only
def lint(request: HttpRequest) -> HttpResponse:
    """The report, of every product line or of one; a line that is not there asks for all."""
    initial = {name: request.GET.get(name, "")[:120] for name in ("one", "other", "code")}
    return _page(request, AcceptForm(initial=initial))


@post_only("procedures:lint")
@staff_only
def accept(request: HttpRequest) -> HttpResponse:
    """Record why two guides may overlap."""
    form = AcceptForm(request.POST)
    if form.is_valid():
        try:
            accept_overlap(by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("The reason is on record."))
            return redirect("procedures:lint")
    return _page(request, form)


@post_only("procedures:lint")
@staff_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a recorded reason back."""
    withdraw_acceptance(accepted=get_object_or_404(AcceptedOverlap, pk=pk), by=request.user)
    messages.success(request, _("Withdrawn."))
    return redirect("procedures:lint")


def _page(request: HttpRequest, form: AcceptForm) -> HttpResponse:
    lines = list(ProductLine.objects.all())
    asked = request.GET.get("line", "")
    line = asked if any(found.code == asked for found in lines) else ""
    report = find_problems(line=line)
    by_code = [(code, list(gaps)) for code, gaps in groupby(report.gaps, key=lambda gap: gap.code)]
    page = LintPage(
        lines=lines,
        line=line,
        report=report,
        gap_codes=len(by_code),
        page_obj=Paginator(by_code, CODES_A_PAGE).get_page(request.GET.get("page")),
        overlaps=report.overlaps[:OVERLAPS_SHOWN],
        accepted=list(
            AcceptedOverlap.objects.select_related("one", "other", "code__product_line", "accepted_by")
        ),
        accept_form=form if may_accept_overlaps(request.user) else None,
    )
    return render(request, "procedures/lint.html", {"page": page, "page_obj": page.page_obj})
