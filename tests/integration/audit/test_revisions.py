"""The revisions that versions were minted from: whose they are and what they say stays, or nothing comes of them."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from wagtail.models import Revision

from procedures.models import AuditEvent, AuditKind, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import landing, releasing, scheduling
from review.models import Release
from tests import factories as make
from tests.integration.audit.conftest import Tamper, sign, submit, verify

pytestmark = pytest.mark.django_db


def edited(version: ProcedureVersion, **fields: Any) -> ProcedurePage:
    draft = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    for name, value in {"summary": "More", **fields}.items():
        setattr(draft, name, value)
    draft.save_revision(user=version.last_editor)
    return ProcedurePage.objects.get(pk=version.page_id)


def change(revision: Revision, **columns: Any) -> None:
    with pytest.raises(IntegrityError, match="a revision stays"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(**columns)


def test_a_revision_stays_whose_it_is(world: ProcedureVersion) -> None:
    page = edited(world)
    other = make.working_copy(by=make.procedure_owner())
    kind = other.latest_revision.content_type
    for revision in page.revisions.all():
        change(revision, user=make.field_engineer())
        change(revision, user=None)
        change(revision, object_id=str(other.pk))
        change(revision, content_type=other.get_parent().specific.cached_content_type)
        change(revision, base_content_type=kind)
    assert verify()[0]


def test_a_revision_of_a_version_stays_as_it_was_saved(world: ProcedureVersion) -> None:
    """Submitted or superseded by another save, too; the newest one is still autosaved anew."""
    page = edited(world)
    newest = page.latest_revision
    again = landing.working_copy(page)
    again.summary = "Still more"
    assert again.save_revision(user=newest.user, overwrite_revision=newest) == newest
    submit(ProcedurePage.objects.get(pk=page.pk))
    for revision in page.revisions.all():
        change(revision, content={})
        change(revision, created_at=timezone.now())
    assert Release.objects.get(status="in_review").revision == newest


def test_one_of_nothing_else_may_be_written_anew(world: ProcedureVersion) -> None:
    """Other pages' revisions are Wagtail's own affair."""
    entry = make.faq_entry()
    first = entry.save_revision()
    entry.save_revision()
    Revision.objects.filter(pk=first.pk).update(user=make.field_engineer(), content={})


CHANGES: list[dict[str, Any]] = [
    {"title": "Drink the coolant"},
    {"applicability": [], "error_codes": [], "product_line": None},
    {"steps": "[]"},
    {"steps": "nonsense"},
    {"audience": "public"},
    {"number": "SOP-2"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
@pytest.mark.parametrize("days", [0, 2])
def test_a_revision_that_was_changed_gets_into_no_page(
    world: ProcedureVersion, tamper: Tamper, days: int, change: dict[str, Any]
) -> None:
    """Past the triggers: before the last signature, or while the version waits for its day."""
    now = timezone.now()
    page = edited(world, title="Replace the fan and its tray")
    release = releasing.submit_for_release(
        page=page, by=world.last_editor, change_summary="More", significance="minor",
        effective_from=now + timedelta(days=days) if days else None,
    )  # fmt: skip
    content = json.dumps({**release.revision.content, **change})
    sql = "UPDATE wagtailcore_revision SET content = %s WHERE id = %s"
    if days:
        sign(release, 1, world.approved_by)
        tamper(sql, content, release.revision_id)
        said = list(scheduling.run(now + timedelta(days=days, hours=1)))
        assert any("behind the log's back" in str(line) for line in said)
        event = AuditEvent.objects.order_by("sequence").last()
        assert (event.kind, event.data["misfits"]) == (
            AuditKind.TAMPERED, {f"wagtailcore.revision:{release.revision_id}": ["content"]},
        )  # fmt: skip
    else:
        tamper(sql, content, release.revision_id)
        with pytest.raises(NotAllowed, match="behind the log's back"):
            sign(release, 1, world.approved_by)
    fits, said_of_it = verify("--all")
    assert not fits
    assert f"wagtailcore_revision {release.revision_id}: It no longer says" in said_of_it
    assert ProcedurePage.objects.get(pk=page.pk).title == world.title
    assert world.page.versions.effective().get() == world


def test_the_revision_of_a_version_in_force_that_was_changed_is_named(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    assert verify()[0]
    content = json.dumps({**world.revision.content, "title": "Drink the coolant"})
    tamper("UPDATE wagtailcore_revision SET content = %s WHERE id = %s", content, world.revision_id)
    fits, said = verify()
    assert not fits
    assert said.count(f"wagtailcore_revision {world.revision_id}: It no longer says") == 1


def test_lists_show_what_was_signed_whatever_the_page_says(tamper: Tamper) -> None:
    """The live row of the page is a working copy's, which nobody signed."""
    line = make.product_line("FAN")
    code = make.error_code(line, "E-1")
    fields = {"audience": "public", "product_line": line, "error_codes": [code]}
    version = make.released(number="SOP-7", title="Replace the belt", **fields)
    staff = make.documentation_staff()
    old = make.released(number="SOP-8", **{**fields, "error_codes": []})
    releasing.withdraw(version=old, by=staff, password=make.PASSWORD, reason="Old.", replaced_by=version.page)
    tamper(
        "UPDATE wagtailcore_page SET title = 'FORGED', draft_title = 'FORGED', slug = 'forged', seo_title = 'FORGED', "
        "search_description = 'FORGED' WHERE id = %s",
        version.page_id,
    )
    tamper(
        "UPDATE procedures_procedurepage SET summary = 'FORGED', number = 'FORGED', steps = '[]' "
        "WHERE page_ptr_id = %s",
        version.page_id,
    )
    reader, engineer = Client(), make.signed_in(make.field_engineer())
    for address in (
        "/", "/procedures/", "/procedures/SOP-7/", "/procedures/SOP-7/v/1.0/", "/procedures/SOP-7/history/",
        "/search/?q=belt", "/procedures/SOP-8/", code.get_absolute_url(), line.get_absolute_url(),
    ):  # fmt: skip
        for client in (reader, engineer):
            shown = re.sub("</?mark>", "", client.get(address, follow=True).content.decode())
            assert "FORGED" not in shown, address
            lists = not address.startswith(("/equipment/", "/procedures/SOP-7/history/"))
            assert client is reader or not lists or "Replace the belt" in shown, address
    shown = engineer.get("/procedures/SOP-8/v/1.0/").content.decode()
    assert "Replace the belt" in shown
    assert "FORGED" not in shown
