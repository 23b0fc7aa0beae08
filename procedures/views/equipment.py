"""The equipment: product lines, models and machines, and what is known about each."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from procedures.access import may_read_internal, models_visible_to
from procedures.as_written import find_machine, meant_by
from procedures.extensions import buttons
from procedures.models import (
    ErrorCode,
    Kind,
    Machine,
    MachineModel,
    Module,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
)
from procedures.queries import (
    ModuleRow,
    codes_visible_to,
    for_lists,
    module_tree,
    versions_for_machine,
    versions_for_model,
)
from procedures.views.leading_on import leads_to

CODES_A_PAGE = 30
MACHINES_A_PAGE = 30
PROCEDURES_A_PAGE = 40
PROCEDURES_SHOWN = 20


@require_safe
@login_required  # signed out, the site is the FAQ and what was released to everybody
def equipment(request: HttpRequest) -> HttpResponse:
    """Every product line with its models; for staff, a way to a machine by its serial number."""
    lines = ProductLine.objects.prefetch_related(Prefetch("models", models_visible_to(request.user)))
    serial = request.GET.get("serial", "").strip()[:60]
    internal = may_read_internal(request.user)
    machines: list[Machine] = []
    if serial and internal:
        matching = Machine.objects.filter(Q(serial__icontains=serial) | Q(customer__icontains=serial))
        machines = list(matching.select_related("model", "release")[:MACHINES_A_PAGE])
    return render(
        request,
        "procedures/equipment.html",
        {"lines": lines, "internal": internal, "serial": serial if internal else "", "machines": machines},
    )


@dataclass(frozen=True)
class ProductLinePage:
    line: ProductLine
    models: list[MachineModel]
    releases: list[SoftwareRelease]
    modules: list[ModuleRow]
    module: Module | None
    words: str
    code_count: int
    procedure_count: int
    page_obj: Page[ErrorCode]
    buttons: list[str]
    module_buttons: list[str]


@require_safe
@login_required  # signed out, the site is the FAQ and what was released to everybody
def product_line(request: HttpRequest, line: str) -> HttpResponse:
    """Models, releases, the module tree and the codes, narrowed to a module or to words."""
    found = ProductLine.objects.filter(code=line).first()
    if found is None:
        meant = meant_by(line, ProductLine.objects.all())
        if len(meant) == 1:
            return leads_to(request, meant[0])
        raise Http404
    visible = codes_visible_to(request.user).filter(product_line=found)
    modules = module_tree(found, visible)
    asked = request.GET.get("module", "")
    module = next((row.module for row in modules if row.module.code == asked), None)
    words = request.GET.get("q", "").strip()[:200]
    codes = visible.filter(module=module) if module else visible
    for word in words.split()[:8]:
        codes = codes.filter(
            Q(code__icontains=word) | Q(meaning__icontains=word) | Q(meaning_zh__icontains=word)
        )
    paginator = Paginator(codes.select_related("module", "product_line").order_by("code"), CODES_A_PAGE)
    page = ProductLinePage(
        line=found,
        models=list(models_visible_to(request.user).filter(product_line=found)),
        releases=list(found.releases.order_by("-position")),
        modules=modules,
        module=module,
        words=words,
        code_count=visible.count(),
        procedure_count=ProcedureVersion.objects.visible_to(request.user)
        .effective()
        .filter(product_line=found)
        .count(),
        page_obj=paginator.get_page(request.GET.get("page")),
        buttons=buttons(request, found),
        module_buttons=buttons(request, module) if module else [],
    )
    return render(request, "procedures/product_line.html", vars(page))


@dataclass(frozen=True)
class ModelPage:
    model: MachineModel
    internal: bool
    versions: list[ProcedureVersion]
    version_count: int
    kinds: list[tuple[str, str, int]]
    page_obj: Page[Machine]


@require_safe
@login_required  # signed out, the site is the FAQ and what was released to everybody
def model(request: HttpRequest, code: str) -> HttpResponse:
    """A model, the procedures for it, and for staff its machines. 404 for one that this reader may not know of."""
    known = models_visible_to(request.user).select_related("product_line")
    found = known.filter(code=code).first()
    if found is None:
        meant = meant_by(code, known)
        if len(meant) == 1:
            return leads_to(request, meant[0])
        raise Http404
    versions = versions_for_model(ProcedureVersion.objects.visible_to(request.user).effective(), found)
    counts = dict(versions.order_by().values_list("kind").annotate(Count("pk")))
    internal = may_read_internal(request.user)
    machines = found.machines.select_related("release", "model") if internal else Machine.objects.none()
    page = ModelPage(
        model=found,
        internal=internal,
        versions=list(for_lists(versions).order_by("number")[:PROCEDURES_SHOWN]),
        version_count=sum(counts.values()),
        kinds=[(value, str(label), counts[value]) for value, label in Kind.choices if value in counts],
        page_obj=Paginator(machines.order_by("serial"), MACHINES_A_PAGE).get_page(request.GET.get("page")),
    )
    return render(request, "procedures/model.html", {"page": page, "page_obj": page.page_obj})


@dataclass(frozen=True)
class MachinePage:
    machine: Machine
    in_warranty: bool | None  # None: not known
    is_mine: bool
    kind: str
    kinds: list[tuple[str, str, int]]
    page_obj: Page[ProcedureVersion]


@require_safe
def machine(request: HttpRequest, serial: str) -> HttpResponse:
    """One machine and the procedures that apply to it as it stands. Staff only: it names a customer."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not may_read_internal(request.user):
        raise Http404
    found = Machine.objects.select_related("model__product_line", "release").filter(serial=serial).first()
    if found is None:
        if (meant := find_machine(serial)) is not None:
            return leads_to(request, meant)
        raise Http404
    versions = versions_for_machine(ProcedureVersion.objects.visible_to(request.user).effective(), found)
    counts = dict(versions.order_by().values_list("kind").annotate(Count("pk", distinct=True)))
    kind = request.GET.get("kind", "")
    if kind in counts:
        versions = versions.filter(kind=kind)
    listed = Paginator(for_lists(versions).order_by("number"), PROCEDURES_A_PAGE)
    page = MachinePage(
        machine=found,
        in_warranty=found.warranty_end >= timezone.localdate() if found.warranty_end else None,
        is_mine=found.looked_after_by.filter(pk=request.user.pk).exists(),
        kind=kind if kind in counts else "",
        kinds=[(value, str(label), counts[value]) for value, label in Kind.choices if value in counts],
        page_obj=listed.get_page(request.GET.get("page")),
    )
    return render(request, "procedures/machine.html", {"page": page, "page_obj": page.page_obj})
