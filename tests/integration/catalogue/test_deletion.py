"""What a draft, a release in review or a scheduled version names cannot be deleted below it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from procedures.models import Applicability, ProcedurePage
from review import releasing
from tests import factories as make

pytestmark = pytest.mark.django_db


def drafted() -> tuple[ProcedurePage, dict[str, models.Model]]:
    """A released procedure whose draft alone names these records."""
    version = make.released(number="SOP-1")
    line = make.product_line("LM")
    low, high = make.releases(line, "1.0", "2.0")
    records = {"productline": line, "softwarerelease": high, "machinemodel": make.machine_model(line)}
    records["errorcode"] = make.error_code(line)
    draft = version.page.get_latest_revision_as_object()
    draft.product_line = line
    draft.applicability = [
        Applicability(model=records["machinemodel"], release_from=low, release_before=high)
    ]
    draft.error_codes = [records["errorcode"]]
    draft.save_revision(user=version.last_editor)
    return ProcedurePage.objects.get(pk=version.page_id), records


def in_review() -> tuple[ProcedurePage, dict[str, models.Model]]:
    """The release in review names them, and a later draft no more."""
    page, records = drafted()
    releasing.submit_for_release(
        page=page, by=page.procedure_owner, change_summary="More", significance="minor"
    )
    draft = ProcedurePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    draft.applicability, draft.error_codes, draft.product_line = [], [], None
    draft.save_revision(user=page.procedure_owner)
    return page, records


def scheduled() -> tuple[ProcedurePage, dict[str, models.Model]]:
    page, records = drafted()
    releasing.submit_for_release(
        page=page, by=page.procedure_owner, change_summary="More", significance="minor",
        effective_from=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    make.approve(page, by=make.documentation_staff())
    return page, records


@pytest.mark.parametrize("name", ["machinemodel", "softwarerelease", "errorcode", "productline"])
@pytest.mark.parametrize("state", [drafted, in_review, scheduled])
def test_a_record_that_a_procedure_names_stays(state: Callable[[], Any], name: str) -> None:
    page, records = state()
    record = records[name]
    for delete in (record.delete, type(record).objects.filter(pk=record.pk).delete):
        with pytest.raises(models.ProtectedError), transaction.atomic():
            delete()
    client = make.signed_in(make.documentation_staff())
    answer = client.post(reverse(f"wagtailsnippets_procedures_{name}:delete", args=[record.pk]), follow=True)
    text = answer.content.decode()
    assert "cannot be deleted" in text
    if state is not scheduled:
        assert "working copy (SOP-1)" in text
    assert type(record).objects.filter(pk=record.pk).exists()
    assert client.get(f"/review/{page.number}/working-copy/").status_code == 200
    assert client.get(f"/admin/pages/{page.pk}/edit/").status_code == 200


def test_what_nobody_names_is_deleted(client: Client) -> None:
    drafted()
    line = make.product_line()
    code, model = make.error_code(line), make.machine_model(line)
    for record in (code, model, line):
        record.delete()
