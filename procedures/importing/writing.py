"""A batch of plans into the database, in a few statements and one transaction.

Wagtail's own way, `add_child` and `save_revision` for each page, takes about twenty statements a page.
Here the tree's columns are computed for the whole batch. What signals would have done is done here: the log
entry, the search index, and the reference index where a page refers to images.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from django.contrib.contenttypes.models import ContentType
from django.db import connection, router, transaction
from django.db.models import F, Model
from django.utils import timezone
from django.utils.text import slugify
from wagtail.models import Page, PageLogEntry, ReferenceIndex, Revision

from procedures import audit
from procedures.actions import build_version, next_number, superseding
from procedures.applying import applies_as_filled
from procedures.importing.catalogue import Catalogue
from procedures.importing.images import store_images
from procedures.importing.planning import NewVersion, Plan
from procedures.models import (
    Applicability,
    AuditKind,
    ErrorCode,
    Origin,
    ProcedureIndexPage,
    ProcedurePage,
    ProcedureVersion,
    Significance,
    VersionApplicability,
    VersionStatus,
)
from procedures.reindexing import naming, naming_changed
from search.indexing import reindex

_MAX_SLUG = 255


@transaction.atomic
def write_batch(plans: Sequence[Plan], *, catalogue: Catalogue, by: Any) -> int:
    """Store the plans, approved by `by`; returns the number of versions written."""
    for plan in plans:
        if plan.moved and plan.known is not None:
            ProcedurePage.objects.filter(pk=plan.known.page.pk).update(source_key=plan.source_key)
    plans = [plan for plan in plans if plan.versions]
    if not plans:
        return 0
    # Whoever else adds a page below the folder waits: places in the tree are given out here.
    index = ProcedureIndexPage.objects.select_for_update().get()
    catalogue.create_codes(_new_codes(plans), by)
    images = store_images(_images(plans), by)
    pages = [_page(plan, catalogue, images) for plan in plans]
    new = [page for page in pages if page.pk is None]
    _insert_pages(new, index)
    _insert_links(new)
    for plan, page in zip(plans, pages, strict=True):
        if plan.known is not None:
            page.save(clean=False)

    named = naming([page.pk for page in pages])
    writer = _VersionWriter(catalogue, images, by)
    for plan, page in zip(plans, pages, strict=True):
        writer.add(plan, page)
    writer.write()
    _finish(pages, writer.last_revisions, by)
    if images:
        for page in pages:
            ReferenceIndex.create_or_update_for_object(page)
    reindex("procedure", [str(page.pk) for page in pages])
    # Who may find a code follows from its guides.
    if codes := {code.pk for page in pages for code in page.error_codes.all()}:
        reindex("error_code", sorted(codes))
    naming_changed([page.pk for page in pages], named)
    audit.record_many(writer.happenings())
    return len(writer.versions)


def _new_codes(plans: Sequence[Plan]) -> dict[tuple[str, str], str]:
    return {
        (plan.document.content["product_line"], code): meaning
        for plan in plans
        for code, meaning in plan.document.new_codes.items()
    }


def _images(plans: Sequence[Plan]) -> dict[str, tuple[Any, str]]:
    return {
        image["sha256"]: (plan.document.images[image["sha256"]], image["alt"])
        for plan in plans
        for version in plan.versions
        for step in version.content["steps"]
        for image in step["images"]
    }


def _page(plan: Plan, catalogue: Catalogue, images: dict[str, int]) -> ProcedurePage:
    """The working copy as the last version leaves it, not yet saved."""
    page = plan.known.page if plan.known else ProcedurePage()
    catalogue.fill(page, plan.versions[-1].content, images)
    page.source_key = plan.source_key
    if plan.known is None:
        page.team = plan.document.team
        page.procedure_owner = catalogue.owner(plan.document.owner)
        page.first_published_at = plan.versions[0].at
        page.wagtail_admin_comments = []  # known to be none: not asked of the database for each page
    page.live, page.has_unpublished_changes = True, False
    page.last_published_at = page.latest_revision_created_at = plan.versions[-1].at
    return page


def _insert_pages(pages: Sequence[ProcedurePage], index: ProcedureIndexPage) -> None:
    """Insert the new pages below the folder: the tree's rows first, then the procedures' own."""
    if not pages:
        return
    last = index.get_last_child()
    place = Page._str2int(last.path[-Page.steplen :]) if last else 0
    slugs = set(index.get_children().values_list("slug", flat=True))
    content_type = ContentType.objects.get_for_model(ProcedurePage)
    rows = []
    for offset, page in enumerate(pages, 1):
        page.path = Page._get_path(index.path, index.depth + 1, place + offset)
        page.depth, page.numchild = index.depth + 1, 0
        page.content_type, page.locale, page.translation_key = content_type, index.locale, uuid4()
        page.slug = _free_slug(page.number, slugs)
        page.url_path = f"{index.url_path}{page.slug}/"
        shared = [column for column in Page._meta.concrete_fields if not column.primary_key]
        rows.append(Page(**{column.attname: getattr(page, column.attname) for column in shared}))
    for page, row in zip(pages, Page.objects.bulk_create(rows), strict=True):
        page.pk = page.page_ptr_id = page.id = row.pk
        page._state.adding, page._state.db = False, row._state.db
    _insert_rows(ProcedurePage, pages)
    Page.objects.filter(pk=index.pk).update(numchild=F("numchild") + len(pages))


def _free_slug(number: str, taken: set[str]) -> str:
    base = slugify(number)[: _MAX_SLUG - 8] or "procedure"
    slug, count = base, 1
    while slug in taken:
        count += 1
        slug = f"{base}-{count}"
    taken.add(slug)
    return slug


def _insert_rows(model: type[Model], objects: Sequence[Model]) -> None:
    """Insert the rows of the model's own table only: bulk_create refuses a model that has a parent table.

    `_insert` is what Model.save() itself calls for each table of such a model.
    """
    columns = model._meta.local_concrete_fields
    size = connection.ops.bulk_batch_size(columns, objects)
    for start in range(0, len(objects), size):
        model._base_manager._insert(  # type: ignore[attr-defined]  # Django's own, as said above
            objects[start : start + size], fields=columns, using=router.db_for_write(model)
        )


def _insert_links(pages: Sequence[ProcedurePage]) -> None:
    """Insert the rows that hang on the new working copies: where they apply, and their error codes."""
    Applicability.objects.bulk_create([row for page in pages for row in page.applicability.all()])
    through = ProcedurePage.error_codes.through
    through.objects.bulk_create(
        through(procedurepage_id=page.pk, errorcode_id=code.pk)
        for page in pages
        for code in page.error_codes.all()
    )


class _VersionWriter:
    """Collects the versions of a batch with all that belongs to them, then writes each kind at once."""

    def __init__(self, catalogue: Catalogue, images: dict[str, int], by: Any) -> None:
        self._catalogue, self._images, self._by = catalogue, images, by
        self._revisions: list[Revision] = []
        self._rows: list[VersionApplicability] = []
        self._codes: list[tuple[ProcedureVersion, list[ErrorCode]]] = []
        self._superseded: list[tuple[ProcedureVersion, ProcedureVersion]] = []  # (old, new)
        self.versions: list[ProcedureVersion] = []
        self.last_revisions: dict[int, Revision] = {}

    def add(self, plan: Plan, page: ProcedurePage) -> None:
        """Add the plan's versions; leaves the page as it was, which is as the last version says."""
        previous = plan.known.latest if plan.known else None
        final_rows = list(page.applicability.all())
        for version in plan.versions:
            if len(plan.versions) > 1:
                self._catalogue.fill(page, version.content, self._images)
                if version is plan.versions[-1]:
                    page.applicability = final_rows
            previous = self._add_version(version, page, previous)

    def _add_version(
        self, new: NewVersion, page: ProcedurePage, previous: ProcedureVersion | None
    ) -> ProcedureVersion:
        at = new.at
        ends_stored = False
        if previous is not None:
            at = max(at, previous.effective_from)
            if previous.status == VersionStatus.EFFECTIVE:
                previous.status, previous.superseded_at = VersionStatus.SUPERSEDED, at
                ends_stored = previous.pk is not None
        major, minor = next_number(previous, Significance.MINOR)
        revision = Revision(
            content_type=page.content_type,
            base_content_type=page.get_base_content_type(),
            object_id=str(page.pk),
            created_at=at,
            content=page.serializable_data(),
            object_str=str(page),
        )
        applies = applies_as_filled(page)
        version, rows = build_version(
            page=page,
            content=new.content,
            applies=applies,
            approved_by=self._by,
            approved_at=at,
            effective_from=at,
            revision=revision,
            major=major,
            minor=minor,
            status=VersionStatus.EFFECTIVE,
            origin=Origin.IMPORTED,
            significance=Significance.MINOR,
            change_summary=new.message,
            author_name=new.author[:200],
        )
        if ends_stored and previous is not None:
            self._superseded.append((previous, version))
        self._revisions.append(revision)
        self._rows += rows
        self._codes.append((version, applies.codes))
        self.versions.append(version)
        self.last_revisions[page.pk] = revision
        return version

    def write(self) -> None:
        for version, _new in self._superseded:
            version.save(update_fields=["status", "superseded_at"])
        Revision.objects.bulk_create(self._revisions, batch_size=100)
        ProcedureVersion.objects.bulk_create(self.versions, batch_size=100)
        VersionApplicability.objects.bulk_create(self._rows)
        through = ProcedureVersion.error_codes.through
        through.objects.bulk_create(
            through(procedureversion_id=version.pk, errorcode_id=code.pk)
            for version, codes in self._codes
            for code in codes
        )

    def happenings(self) -> Iterator[audit.Happening]:
        """What the log is told, once everything is written: each version as the batch leaves it."""
        rows: dict[int, list[VersionApplicability]] = {}
        for row in self._rows:
            rows.setdefault(row.version_id, []).append(row)
        for old, new in self._superseded:
            yield superseding(old, new, by=self._by)
        for version in self.versions:
            yield audit.Happening(
                kind=AuditKind.IMPORTED,
                version=version,
                by=self._by,
                data={
                    "effective_from": version.effective_from.isoformat(),
                    "source": version.page.source_key,
                },
                sealed=[version, *rows.get(version.pk, ())],
            )


def _finish(pages: Sequence[ProcedurePage], revisions: dict[int, Revision], by: Any) -> None:
    """Point each page at its last revision as the live one, and log who imported it."""
    now = timezone.now()
    entries = []
    for page in pages:
        page.live_revision = page.latest_revision = revisions[page.pk]
        entries.append(
            PageLogEntry(
                page=page,
                content_type=page.content_type,
                label=str(page)[:255],
                action="wagtail.publish",
                timestamp=now,
                uuid=uuid4(),
                user=by,
                revision=page.live_revision,
                content_changed=True,
            )
        )
    Page.objects.bulk_update(pages, ["live_revision", "latest_revision"], batch_size=100)
    PageLogEntry.objects.bulk_create(entries)
