"""Which entries of the search index speak of a record of the catalogue: they are described anew when it changes.

Whoever saves one record is heard by signals; whoever writes many at once, as the CSV import, calls `changed`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q
from django.db.models.signals import post_delete, post_save, pre_save

from procedures.access import audiences_within, rows_naming_models
from procedures.models import (
    Audience,
    ErrorCode,
    Machine,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
)
from search.indexing import BATCH, reindex

_OWN: dict[type[Model], str] = {ErrorCode: "error_code", MachineModel: "model", Machine: "machine"}
_REACHING: tuple[type[Model], ...] = (MachineModel, SoftwareRelease)
"""What says to which machines "every machine of the line" or "from 2.0 on" applies."""
_CHANGED = "_changed_for_search"


@dataclass(frozen=True, slots=True)
class _Follower:
    source: str
    fields: frozenset[str]  # of the record, by attname: what its entries say of it
    keys: Callable[[Sequence[int]], Iterable[int]]  # from the records' keys to those of the entries


_followers: dict[type[Model], list[_Follower]] = {}


def follow(
    model: type[Model], source: str, fields: Collection[str], keys: Callable[[Sequence[int]], Iterable[int]]
) -> None:
    """Describe these objects of `source` anew when one of the fields of a record changes."""
    _followers.setdefault(model, []).append(_Follower(source, frozenset(fields), keys))


def changed(model: type[Model], new: Sequence[int], old: Sequence[int], fields: Collection[str]) -> None:
    """Reindex records that are new, and those that were there, with whatever speaks of the fields that changed."""
    if model in _REACHING:
        theirs = model._default_manager.filter(pk__in=[*new, *old])
        reach_changed(set(theirs.values_list("product_line", flat=True)))
    if own := _OWN.get(model):
        reindex(own, [*new, *old])
    for follower in _followers.get(model, ()):
        if old and not follower.fields.isdisjoint(fields):
            for start in range(0, len(old), BATCH):
                reindex(follower.source, follower.keys(old[start : start + BATCH]))


def reach_changed(lines: Collection[int]) -> None:
    """Models or software releases of these product lines came, went or moved: what applies to all of a line, or to a
    range of releases, is told anew."""
    versions = ProcedureVersion.objects.effective().filter(
        Q(product_line__in=lines) | Q(applicability__model__product_line__in=lines)
    )
    reindex("procedure", versions.order_by("page_id").values_list("page_id", flat=True).distinct())
    for source, model in (("error_code", ErrorCode), ("model", MachineModel)):
        theirs = model._default_manager.filter(product_line__in=lines)
        reindex(source, theirs.order_by("pk").values_list("pk", flat=True))


Naming = set[tuple[int, int, str]]


def naming(pages: Collection[int]) -> Naming:
    """(line, model, audience) of what the texts in force of these procedures name to others than staff."""
    rows = rows_naming_models([Audience.PUBLIC, Audience.CUSTOMER]).filter(version__page__in=pages)
    return set(rows.values_list("model__product_line", "model", "version__audience"))


def naming_changed(pages: Collection[int], before: Naming) -> None:
    """Other texts of these procedures are in force than when they named `before`: where a model became known to an
    audience, or is not any more, what is for all of its line is told anew."""
    changed_ = before ^ naming(pages)
    if not changed_:
        return
    others = rows_naming_models([Audience.PUBLIC, Audience.CUSTOMER]).exclude(version__page__in=pages)
    named = set(
        others.filter(model__in={model for _line, model, _audience in changed_}).values_list(
            "model", "version__audience"
        )
    )
    lines = {
        line
        for line, model, audience in changed_
        if not any((model, wide) in named for wide in audiences_within(audience))
    }
    if lines:
        reach_changed(lines)


def _before(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    """Note which of the fields that others speak of are about to change."""
    names = {name for follower in _followers.get(sender, ()) for name in follower.fields}
    stored = sender._default_manager.filter(pk=instance.pk).values(*names).first() if names else None
    instance.__dict__[_CHANGED] = {
        name for name, value in (stored or {}).items() if value != getattr(instance, name)
    }


def _after(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    changed(sender, [], [instance.pk], instance.__dict__.pop(_CHANGED, ()))


def _gone(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    if own := _OWN.get(sender):
        reindex(own, [instance.pk])
    if sender in _REACHING:
        reach_changed([instance.product_line_id])


def register() -> None:
    """Listen, and name what this app's own entries say of other records."""
    machines, models = Machine.objects.order_by("pk"), MachineModel.objects.order_by("pk")
    codes = ErrorCode.objects.order_by("pk")
    follow(
        MachineModel,
        "machine",
        ["code"],
        lambda pks: machines.filter(model__in=pks).values_list("pk", flat=True),
    )
    follow(
        SoftwareRelease,
        "machine",
        ["version"],
        lambda pks: machines.filter(release__in=pks).values_list("pk", flat=True),
    )
    follow(
        ProductLine,
        "model",
        ["name", "name_zh"],
        lambda pks: models.filter(product_line__in=pks).values_list("pk", flat=True),
    )
    follow(
        ProductLine,
        "error_code",
        ["code"],  # in their addresses
        lambda pks: codes.filter(product_line__in=pks).values_list("pk", flat=True),
    )
    for model in (ErrorCode, Machine, MachineModel, ProductLine, SoftwareRelease):
        name = model._meta.model_name
        pre_save.connect(_before, sender=model, dispatch_uid=f"{name}-before")
        post_save.connect(_after, sender=model, dispatch_uid=f"{name}-saved")
        if model in _OWN or model in _REACHING:
            post_delete.connect(_gone, sender=model, dispatch_uid=f"{name}-deleted")
