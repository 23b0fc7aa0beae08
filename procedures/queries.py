"""What the pages ask about equipment, error codes and the FAQ, each in one query or a few."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from procedures.access import may_read_internal
from procedures.extensions import with_on_hold
from procedures.models import (
    ErrorCode,
    FaqCategory,
    FaqPage,
    Machine,
    MachineModel,
    Module,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
)
from procedures.models.version import VersionQuerySet


def for_lists(versions: VersionQuerySet) -> VersionQuerySet:
    """Versions without their frozen texts, and whether each is on hold: a list shows a line of each."""
    return with_on_hold(versions.select_related("product_line").defer("content", "html", "search_text"))


def with_applicability(versions: VersionQuerySet) -> VersionQuerySet:
    rows = VersionApplicability.objects.select_related("model", "release_from", "release_before")
    return versions.prefetch_related(Prefetch("applicability", rows))


# ---------- error codes ----------


def codes_visible_to(user: Any) -> QuerySet[ErrorCode]:
    """Staff see every code; others those that a text cites which they may read."""
    if may_read_internal(user):
        return ErrorCode.objects.all()
    # Worked out once, from the texts: asked of each code of a large catalogue it is what the page waits for.
    citing = ProcedureVersion.error_codes.through.objects.filter(
        procedureversion__in=ProcedureVersion.objects.visible_to(user).effective().order_by().values("pk")
    )
    return ErrorCode.objects.filter(pk__in=citing.values("errorcode"))


@dataclass(frozen=True)
class Situation:
    """The machine in front of somebody, as far as it is known."""

    model: MachineModel
    release: SoftwareRelease | None
    options: tuple[str, ...]  # those that are fitted
    unknown_options: tuple[str, ...] = ()  # those of which nobody has said yet whether they are


@dataclass(frozen=True)
class OpenQuestions:
    """What is not known of a machine and decides whether a guide applies to it."""

    release: bool = False
    options: bool = False

    @property
    def both(self) -> bool:
        return self.release and self.options


def guides_for(user: Any, code: ErrorCode) -> VersionQuerySet:
    """Every effective guide for this code that this person may read."""
    return for_lists(ProcedureVersion.objects.visible_to(user).effective().for_code(code)).order_by("number")


def resolve_guides(user: Any, code: ErrorCode, situation: Situation) -> list[ProcedureVersion]:
    """The effective guides that can be for this code on this machine: one where the guides are in order, none or
    several where there is a gap or an overlap, or where `open_questions` are to be answered first."""
    possible = (*situation.options, *situation.unknown_options)
    applying = guides_for(user, code).applicable_to(situation.model, situation.release, possible)
    return list(with_applicability(applying))


def open_questions(guides: Iterable[ProcedureVersion], situation: Situation) -> OpenQuestions:
    """What has to be known before all of these guides (resolve_guides) are sure to apply."""
    fitted = set(situation.options)
    possible = fitted.union(situation.unknown_options)
    asked: set[str] = set()
    for guide in guides:
        doubts = [
            {
                *(["release"] if situation.release is None and _bounded(row) else []),
                *(["options"] if not fitted.issuperset(row.options) else []),
            }
            for row in guide.applicability.all()
            if row.model_id == situation.model.pk
            and possible.issuperset(row.options)
            and (situation.release is None or _holds(row, situation.release))
        ]
        if all(doubts):  # no row applies whatever the answers
            asked.update(*doubts)
    return OpenQuestions("release" in asked, "options" in asked)


def _bounded(row: VersionApplicability) -> bool:
    return bool(row.release_from_id or row.release_before_id)


def _holds(row: VersionApplicability, release: SoftwareRelease) -> bool:
    return (row.release_from is None or row.release_from.position <= release.position) and (
        row.release_before is None or release.position < row.release_before.position
    )


def options_that_decide(guides: Iterable[ProcedureVersion], model: MachineModel | None) -> list[str]:
    """The options that one of the guides asks for, of this model or, where none is chosen yet, of any."""
    return sorted(
        {
            option
            for guide in guides
            for row in guide.applicability.all()
            if model is None or row.model_id == model.pk
            for option in row.options
            if option in row.model.options
        }
    )


# ---------- equipment ----------


@dataclass(frozen=True)
class ModuleRow:
    """A module in its tree: how deep, and how many codes its machines report from it."""

    module: Module
    depth: int
    codes: int


def module_tree(line: ProductLine, codes: QuerySet[ErrorCode]) -> list[ModuleRow]:
    """The modules of a line, each below the one it is part of, with the number of `codes` of each."""
    modules = list(line.modules.order_by("code"))
    counts = dict(codes.filter(product_line=line).values_list("module").annotate(Count("pk")).order_by())
    children: dict[int | None, list[Module]] = {}
    for module in modules:
        children.setdefault(module.parent_id, []).append(module)
    rows: list[ModuleRow] = []
    seen: set[int] = set()

    def place(siblings: Iterable[Module], depth: int) -> None:
        for module in siblings:
            if module.pk not in seen:
                seen.add(module.pk)
                rows.append(ModuleRow(module, min(depth, 6), counts.get(module.pk, 0)))
                place(children.get(module.pk, ()), depth + 1)

    place(children.get(None, ()), 0)
    # A module that is part of another line's module, or of itself by a detour, is still a module.
    place(modules, 0)
    return rows


def versions_for_model(versions: VersionQuerySet, model: MachineModel) -> VersionQuerySet:
    """Versions for at least some machines of this model, whatever the release and the options."""
    rows = VersionApplicability.objects.filter(version=OuterRef("pk"))
    everywhere = ~Exists(rows) & (Q(product_line__isnull=True) | Q(product_line=model.product_line_id))
    return versions.filter(Exists(rows.filter(model=model)) | everywhere)


def versions_for_machine(versions: VersionQuerySet, machine: Machine) -> VersionQuerySet:
    return versions.applicable_to(machine.model, machine.release, machine.options)


# ---------- FAQ ----------


def faq_categories(user: Any) -> list[FaqCategory]:
    """The categories in which this person can read something, with `entry_count`, in one query more."""
    counts = dict(FaqPage.objects.visible_to(user).order_by().values_list("category").annotate(Count("pk")))
    categories = list(FaqCategory.objects.filter(pk__in=counts))
    for category in categories:
        category.entry_count = counts[category.pk]  # type: ignore[attr-defined]  # for the page only
    return categories


def machines_for(content: Mapping[str, Any]) -> list[Machine]:
    """The machines that a content (procedures.content) applies to, by model, software release and options."""
    machines = Machine.objects.select_related("model", "release")
    if not content["applies_to"]:
        line = content["product_line"]
        return list(machines.filter(model__product_line__code=line) if line else machines)
    found: dict[int, Machine] = {}
    for row in content["applies_to"]:
        matching = machines.filter(model__code=row["model"])
        for name, bound in (("gte", row["from"]), ("lt", row["before"])):
            if bound:
                release = SoftwareRelease.objects.filter(
                    version=bound, product_line__models__code=row["model"]
                )
                matching = matching.filter(
                    **{f"release__position__{name}": Subquery(release.values("position")[:1])}
                )
        found |= {m.pk: m for m in matching if set(row["options"]) <= set(m.options)}
    return list(found.values())
