"""What the values of the search's filters are called, in the reader's language, and whose models are whose."""

from collections.abc import Collection
from typing import Any

from procedures.access import models_visible_to
from procedures.models import ErrorCode, MachineModel, ProductLine
from procedures.reach import release_key


def line_names(codes: Collection[str]) -> dict[str, str]:
    return {line.code: str(line) for line in ProductLine.objects.filter(code__in=codes)}


def release_names(keys: Collection[str]) -> dict[str, str]:
    """A release goes by its line's code and its own version; of no filter but its line's it could not be told."""
    lines = {key.partition(" ")[0] for key in keys}
    known = ProductLine.objects.filter(code__in=lines).values_list("code", "releases__version")
    return {key: key for line, version in known if version and (key := release_key(line, version)) in keys}


def code_names(codes: Collection[str]) -> dict[str, str]:
    """Of the codes that documents bear, earlier numbers of procedures among them, those that machines report."""
    return {code: code for code in ErrorCode.objects.filter(code__in=codes).values_list("code", flat=True)}


def models_for(user: Any) -> dict[str, str]:
    """The models that this person may know of (procedures.access), those of the machines that they look after first."""
    models = models_visible_to(user).order_by("code")
    own: set[str] = set()
    if user is not None and user.is_authenticated:
        own = set(
            MachineModel.objects.filter(machines__in=user.machines.all()).values_list("code", flat=True)
        )
    return {model.code: _name(model) for model in sorted(models, key=lambda model: model.code not in own)}


def _name(model: MachineModel) -> str:
    return f"{model.code} {model.local_name}" if model.local_name != model.code else model.code
