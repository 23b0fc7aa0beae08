"""What keeps a catalogue record from being deleted."""

from collections.abc import Iterable

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from procedures.admin.csv_columns import FILES
from procedures.references import procedures_naming

_KEEPS = (models.PROTECT, models.RESTRICT)


def users_of(record: models.Model) -> list[tuple[str, int]]:
    """What refers to the record and so keeps it: the kind's name and how many, e.g. ("machines", 3).

    Procedures and versions that list an error code keep it too, though the database would let it go, and so do
    drafts and what is in review (procedures.references).
    """
    found: dict[str, int] = {}
    for relation in record._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ForeignObjectRel) or relation.field is None:
            continue
        listed = relation.many_to_many and relation.related_model._meta.app_label == "procedures"
        if not listed and getattr(relation, "on_delete", None) not in _KEEPS:
            continue
        count = relation.related_model._default_manager.filter(**{relation.field.name: record}).count()
        if count:
            meta = relation.related_model._meta
            kind = str(meta.verbose_name if count == 1 else meta.verbose_name_plural)
            found[kind] = found.get(kind, 0) + count
    if pages := procedures_naming(record):
        named = ", ".join(page.number for page in pages[:5]) + ("…" if len(pages) > 5 else "")
        name = ngettext("working copy (%(numbers)s)", "working copies (%(numbers)s)", len(pages))
        found[name % {"numbers": named}] = len(pages)
    return list(found.items())


def refuse_if_used(request: HttpRequest, records: Iterable[models.Model]) -> HttpResponse | None:
    """The hook before_delete_snippet, for one record or a selection: back to the list, with reasons."""
    kept = [
        (record, users)
        for record in records
        if record._meta.model_name in FILES and (users := users_of(record))
    ]
    for record, users in kept[:5]:
        messages.error(
            request,
            _("%(record)s cannot be deleted; it is used by: %(users)s.")
            % {"record": record, "users": ", ".join(f"{count} {kind}" for kind, count in users)},
        )
    if len(kept) > 5:
        more = len(kept) - 5
        messages.error(
            request, ngettext("So is %(count)d more.", "So are %(count)d more.", more) % {"count": more}
        )
    if not kept:
        return None
    viewset = kept[0][0].snippet_viewset  # type: ignore[attr-defined]  # set on the model when it is registered
    return redirect(viewset.get_url_name("list"))
