"""What this app gives to the search: versions in force, error codes, FAQ entries.

Object ids: a procedure's page (its document is the version in force), an error code, an FAQ page.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.signals import post_delete
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.signals import page_published, page_unpublished

from procedures import reindexing
from procedures.access import WIDEST_FIRST, may_read_internal, readable_audiences
from procedures.content import passages, without_markup
from procedures.equipment_names import code_names, line_names, models_for, release_names
from procedures.extensions import on_hold
from procedures.last_changes import LastChanges
from procedures.models import (
    Audience,
    ErrorCode,
    FaqPage,
    Kind,
    Machine,
    MachineModel,
    ProcedurePage,
    ProcedureVersion,
    Severity,
)
from procedures.queries import with_applicability
from procedures.reach import Equipment, release_key
from search.indexing import reindex
from search.registry import DocumentData, Source, no_models, no_warnings, starts_of
from search.registry import register as register_source

# A code's own page says what it is, a model's where it stands; the guide says what to do.
_WEIGHTS = {"error_code": 0.9, "model": 0.8, "machine": 0.8}


def _procedures(ids: Iterable[Any] | None) -> Iterator[DocumentData]:
    versions = with_applicability(
        ProcedureVersion.objects.effective()
        .select_related("product_line")
        .defer("html", "search_text")
        .prefetch_related("error_codes")
        .order_by("pk")
    )
    if ids is not None:
        ids = list(ids)
        versions = versions.filter(page_id__in=ids)
    earlier, equipment = _earlier_numbers(ids), Equipment()
    for version in versions.iterator(chunk_size=500):
        texts = passages(version.content)
        anchors = [f"step-{step['id']}" for step in version.steps]
        reach = equipment.reach_of(version)
        yield DocumentData(
            source="procedure",
            object_id=str(version.page_id),
            title=version.title,
            text="\n".join(texts),
            passages=list(zip(starts_of(texts)[1:], anchors, strict=True)),
            url=f"/procedures/{version.number}/",
            scope=version.audience,
            updated_at=version.effective_from,
            language=version.language,
            kind=version.kind,
            codes=[*(code.code for code in version.error_codes.all()), *earlier.get(version.page_id, ())],
            lines=reach.lines,
            models=reach.models,
            releases=reach.releases,
            number=version.number,
            version_label=version.label,
        )


def _earlier_numbers(ids: Sequence[Any] | None) -> dict[int, list[str]]:
    """{page: the numbers that it had in force before, for no narrower an audience than it has now}."""
    now = ProcedureVersion.objects.effective().filter(page=OuterRef("page"))
    renumbered = (
        ProcedureVersion.objects.was_in_force()
        .annotate(present=Subquery(now.values("number")[:1]), read_by=Subquery(now.values("audience")[:1]))
        .exclude(number=F("present"))
        .order_by("pk")
    )
    if ids is not None:
        renumbered = renumbered.filter(page_id__in=ids)
    found: dict[int, list[str]] = {}
    for page, number, audience, read_by in renumbered.values_list("page", "number", "audience", "read_by"):
        numbers = found.setdefault(page, [])
        was_wider = read_by and WIDEST_FIRST.index(audience) <= WIDEST_FIRST.index(read_by)
        if was_wider and number not in numbers:
            numbers.append(number)
    return found


def _visible_procedures(user: Any, ids: Sequence[str]) -> set[str]:
    pages = ProcedureVersion.objects.visible_to(user).effective().filter(page_id__in=[int(pk) for pk in ids])
    return {str(pk) for pk in pages.values_list("page_id", flat=True)}


def _on_hold(ids: Sequence[str]) -> dict[str, Any]:
    pages = ProcedurePage.objects.annotate(stopped=on_hold("pk")).filter(stopped=True, pk__in=ids)
    return {str(pk): _("On hold") for pk in pages.values_list("pk", flat=True)}


def _error_codes(ids: Iterable[Any] | None) -> Iterator[DocumentData]:
    codes: QuerySet[ErrorCode] = ErrorCode.objects.select_related("product_line").prefetch_related(
        Prefetch("versions", ProcedureVersion.objects.effective().only("pk", "audience"), to_attr="guides")
    )
    if ids is not None:
        ids = list(ids)
        codes = codes.filter(pk__in=ids)
    changes, equipment = LastChanges("error_code", ErrorCode, ids), Equipment()
    for code in codes.order_by("pk").iterator(chunk_size=500):
        # A code is as public as the most public guide that cites it.
        audiences = {guide.audience for guide in code.guides}  # type: ignore[attr-defined]  # to_attr above
        scope = next((audience for audience in WIDEST_FIRST if audience in audiences), Audience.INTERNAL)
        reach = equipment.reach_of_line(code.product_line, scope)
        yield DocumentData(
            source="error_code",
            object_id=str(code.pk),
            title=" · ".join(filter(None, [code.code, code.meaning, code.meaning_zh])),
            text=without_markup(f"{code.causes}\n{code.causes_zh}"),
            url=code.get_absolute_url(),
            scope=scope,
            updated_at=changes.of(code.pk),
            kind=code.severity,
            codes=[code.code],
            lines=reach.lines,
            models=reach.models,
            releases=reach.releases,
            number=code.code,
        )


def _visible_codes(user: Any, ids: Sequence[str]) -> set[str]:
    codes = ErrorCode.objects.filter(pk__in=ids)
    if not may_read_internal(user):
        codes = codes.filter(versions__in=ProcedureVersion.objects.visible_to(user).effective())
    return {str(pk) for pk in codes.values_list("pk", flat=True)}


def _faq(ids: Iterable[Any] | None) -> Iterator[DocumentData]:
    entries = FaqPage.objects.live().select_related("category")
    if ids is not None:
        entries = entries.filter(pk__in=list(ids))
    for entry in entries.order_by("pk").iterator(chunk_size=500):
        yield DocumentData(
            source="faq",
            object_id=str(entry.pk),
            title=entry.title,
            text=without_markup(entry.answer),
            url=entry.get_absolute_url(),
            scope=entry.audience,
            updated_at=entry.last_published_at or entry.latest_revision_created_at or timezone.now(),
            language=entry.language,
        )


def _visible_faq(user: Any, ids: Sequence[str]) -> set[str]:
    return {
        str(pk) for pk in FaqPage.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True)
    }


def _models(ids: Iterable[Any] | None) -> Iterator[DocumentData]:
    models = MachineModel.objects.select_related("product_line").order_by("pk")
    if ids is not None:
        ids = list(ids)
        models = models.filter(pk__in=ids)
    changes, equipment = LastChanges("model", MachineModel, ids), Equipment()
    for model in models:
        yield DocumentData(
            source="model",
            object_id=str(model.pk),
            title=" · ".join(filter(None, [model.code, model.name, model.name_zh])),
            text=f"{model.product_line.name} {model.product_line.name_zh}",
            url=model.get_absolute_url(),
            scope=Audience.INTERNAL,
            updated_at=changes.of(model.pk),
            lines=[model.product_line.code],
            models=[model.code],
            releases=equipment.reach_of_line(model.product_line).releases,
            number=model.code,
        )


def _machines(ids: Iterable[Any] | None) -> Iterator[DocumentData]:
    machines = Machine.objects.select_related("model__product_line", "release").order_by("pk")
    if ids is not None:
        ids = list(ids)
        machines = machines.filter(pk__in=ids)
    changes = LastChanges("machine", Machine, ids)
    for machine in machines.iterator(chunk_size=500):
        yield DocumentData(
            source="machine",
            object_id=str(machine.pk),
            title=f"{machine.serial} · {machine.model.code}",
            text="\n".join(filter(None, [machine.customer, machine.site, machine.release.version])),
            url=machine.get_absolute_url(),
            scope=Audience.INTERNAL,
            updated_at=changes.of(machine.pk),
            lines=[machine.model.product_line.code],
            models=[machine.model.code],
            releases=[release_key(machine.model.product_line.code, machine.release.version)],
            number=machine.serial,
        )


def _for_staff(model: Any) -> Callable[[Any, Sequence[str]], set[str]]:
    def visible(user: Any, ids: Sequence[str]) -> set[str]:
        if not may_read_internal(user):
            return set()
        return {str(pk) for pk in model.objects.filter(pk__in=ids).values_list("pk", flat=True)}

    return visible


def _scopes(user: Any) -> frozenset[str]:
    return frozenset(str(audience) for audience in readable_audiences(user))


def _faq_changed(sender: Any, instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, FaqPage):
        reindex("faq", [instance.pk])


def register() -> None:
    audiences = dict(Audience.choices)
    names = {"line": line_names, "release": release_names, "code": code_names}
    for name, label, documents, visible_to, kinds in (
        ("procedure", _("Procedures"), _procedures, _visible_procedures, Kind.choices),
        ("error_code", _("Error codes"), _error_codes, _visible_codes, Severity.choices),
        ("faq", _("FAQ"), _faq, _visible_faq, []),
        ("model", _("Models"), _models, _for_staff(MachineModel), []),
        ("machine", _("Machines"), _machines, _for_staff(Machine), []),
    ):
        register_source(
            Source(
                name,
                label,
                documents,
                visible_to,
                _scopes,
                kinds=dict(kinds),
                audiences=audiences,
                passage=_("Step %(number)s") if name == "procedure" else "",
                names=names if name == "procedure" else {},
                models=models_for if name == "model" else no_models,
                warnings=_on_hold if name == "procedure" else no_warnings,
                weight=_WEIGHTS.get(name, 1.0),
                equipment=name in ("model", "machine"),
                bilingual=name in ("error_code", "model"),
            )
        )
    page_published.connect(_faq_changed, dispatch_uid="faq-published")
    page_unpublished.connect(_faq_changed, dispatch_uid="faq-unpublished")
    post_delete.connect(_faq_changed, sender=FaqPage, dispatch_uid="faq-deleted")
    reindexing.register()
