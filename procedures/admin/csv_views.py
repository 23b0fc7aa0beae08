"""The admin's pages of the CSV import: choose a file, see what it would do, take it in."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from procedures.admin.csv_columns import FILES, CatalogueFile, cell_help, cell_text
from procedures.admin.csv_import import Plan, PlannedRow, import_file, make_plan
from procedures.admin.csv_reading import MAX_BYTES, MAX_ROWS, Problem, write_rows
from procedures.models import ProductLine

SHOWN = 100
SESSION_KEY = "catalogue_import"
KEPT_SECONDS = 24 * 3600


class CatalogueFileMixin(PermissionCheckedMixin):
    """Views about the CSV file of one model, which the viewset gives."""

    model: type[models.Model] = ProductLine
    any_permission_required = ["add", "change", "delete", "view"]
    index_url_name = ""

    @cached_property
    def file(self) -> CatalogueFile:
        return FILES[str(self.model._meta.model_name)]


def csv_response(text: str, name: str) -> HttpResponse:
    """A download of what csv_reading.write_rows wrote."""
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


class TemplateView(CatalogueFileMixin, View):
    """The header row alone, to be filled in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return csv_response(write_rows(self.file.columns, []), f"{self.file.name}-template")


class ExportView(CatalogueFileMixin, View):
    """All records in the form that the import takes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        related = [name for name in self.file.columns if isinstance(self.file.field(name), models.ForeignKey)]
        records = self.model._default_manager.select_related(*related)
        rows = [[cell_text(record, name) for name in self.file.columns] for record in records]
        return csv_response(write_rows(self.file.columns, rows), self.file.name)


class UploadForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"), allow_empty_file=True)

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(limit)d MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024}
            )
        return upload


@dataclass(frozen=True)
class ColumnHelp:
    name: str
    label: str
    required: bool
    key: bool
    text: str


@dataclass(frozen=True)
class Preview:
    """A plan as the page shows it: counts, and no more lines than a person reads."""

    plan: Plan
    name: str
    token: str

    @property
    def problems(self) -> list[Problem]:
        return self.plan.problems[:SHOWN]

    @property
    def changed(self) -> list[PlannedRow]:
        return self.plan.changed[:SHOWN]

    @property
    def new(self) -> list[PlannedRow]:
        return self.plan.new[:SHOWN]

    @property
    def bad_lines(self) -> int:
        return len({problem.line for problem in self.plan.problems})

    @property
    def nothing_to_do(self) -> bool:
        return not self.plan.new and not self.plan.changed


class _Shelf:
    """Where a checked file waits for its confirmation: one a session, on disk, for a day."""

    def __init__(self, request: HttpRequest, model: str) -> None:
        self.session = request.session
        self.model = model
        self.folder = Path(settings.DATA_DIR) / "imports"

    def put(self, data: bytes, name: str) -> str:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for path in self.folder.glob("*.csv"):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
        self.clear()
        token = secrets.token_hex(16)
        (self.folder / f"{token}.csv").write_bytes(data)
        self.session[SESSION_KEY] = {"token": token, "model": self.model, "name": name}
        return token

    def take(self, token: str) -> tuple[bytes, str] | None:
        """The file of that token and its name, if it is this session's and still there."""
        kept = self.session.get(SESSION_KEY)
        if not kept or kept["model"] != self.model or not secrets.compare_digest(kept["token"], token):
            return None
        try:
            return (self.folder / f"{kept['token']}.csv").read_bytes(), kept["name"]
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        if kept := self.session.pop(SESSION_KEY, None):
            (self.folder / f"{kept['token']}.csv").unlink(missing_ok=True)


class ImportView(CatalogueFileMixin, WagtailAdminTemplateMixin, View):
    """POST with a file checks it and shows what it would do; POST with its token takes it in."""

    template_name = "procedures/admin/import.html"
    header_icon = "upload"
    import_url_name = ""
    template_url_name = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not (self.user_has_permission("add") and self.user_has_permission("change")):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return _("Import %(records)s") % {"records": self.model._meta.verbose_name_plural}

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {
                "url": reverse(self.index_url_name),
                "label": capfirst(self.model._meta.verbose_name_plural),
            },
            {"url": "", "label": self.get_page_title()},
        ]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(UploadForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        shelf = _Shelf(request, self.file.name)
        if token := request.POST.get("token"):
            return self._import(shelf, token, request.POST.get("digest", ""))
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(form)
        upload = form.cleaned_data["file"]
        data = upload.read()
        plan = make_plan(file=self.file, data=data)
        token = "" if plan.problems else shelf.put(data, upload.name)
        return self._page(UploadForm(), Preview(plan, upload.name, token))

    def _import(self, shelf: _Shelf, token: str, digest: str) -> HttpResponse:
        kept = shelf.take(token)
        if kept is None:
            messages.error(self.request, _("That file is no longer here. Choose it again."))
            return redirect(self.import_url_name)
        data, name = kept
        plan = import_file(file=self.file, data=data, by=self.request.user, digest=digest)
        if not plan.done:
            messages.warning(
                self.request, _("The catalogue was changed meanwhile. This is what the import would do now.")
            )
            return self._page(UploadForm(), Preview(plan, name, "" if plan.problems else token))
        shelf.clear()
        messages.success(self.request, imported_message(plan))
        return redirect(self.index_url_name)

    def _page(self, form: UploadForm, preview: Preview | None = None) -> HttpResponse:
        columns = [
            ColumnHelp(
                name,
                str(capfirst(self.file.field(name).verbose_name)),
                name in self.file.required,
                name in self.file.key,
                cell_help(self.file, name),
            )
            for name in self.file.columns
        ]
        context = self.get_context_data(
            form=form,
            preview=preview,
            columns=columns,
            action_url=reverse(self.import_url_name),
            template_url=reverse(self.template_url_name),
            max_megabytes=MAX_BYTES // 1024 // 1024,
            max_rows=MAX_ROWS,
            shown=SHOWN,
        )
        return render(self.request, self.template_name, context)


def imported_message(plan: Plan) -> str:
    """What an import did, in a sentence."""
    return ", ".join(
        [
            ngettext("%d new", "%d new", len(plan.new)) % len(plan.new),
            ngettext("%d changed", "%d changed", len(plan.changed)) % len(plan.changed),
            ngettext("%d the same as before", "%d the same as before", plan.same) % plan.same,
        ]
    )
