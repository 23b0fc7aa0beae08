"""An earlier text becomes the working copy again: what it replaces is shown first, kept, and its authors are told."""

from typing import Any

import pytest
from wagtail.models import Revision

from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from review import deciding, landing, proposing, taking_up
from review.models import Notice, NoticeKind
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def page_of(version: ProcedureVersion) -> ProcedurePage:
    """As it is now."""
    return ProcedurePage.objects.get(pk=version.page_id)


def save(page: ProcedurePage, body: str, by: Any) -> None:
    draft = landing.working_copy(page)
    draft.steps[0].value["body"] = body
    draft.save_revision(user=by)


def body_of(page: ProcedurePage) -> str | None:
    return make.text_of(landing.working_copy(page), "a")


@pytest.fixture
def first() -> ProcedureVersion:
    """Version 1.0, superseded by 1.1."""
    olivia = make.procedure_owner("olivia")
    version = make.released(owner=olivia, steps=[make.step("a", body="Wait 5 minutes.")])
    save(version.page, "Wait 10 minutes.", olivia)
    make.release(version.page, by=olivia, approver=make.documentation_staff())
    version.refresh_from_db()
    assert version.status == "superseded"
    return version


def address(version: ProcedureVersion) -> str:
    return f"/review/{version.number}/v/{version.label}/take-up/"


def test_unreleased_words_are_shown_before_they_are_replaced_and_whose_they_are_is_told(first) -> None:
    olivia, dora = first.last_editor, make.documentation_staff("dora")
    save(page_of(first), "Wait 20 minutes.", olivia)
    client = signed_in(dora)
    asked = client.post(address(first)).content.decode()
    assert "olivia" in asked
    assert "20" in asked
    assert body_of(page_of(first)) == "Wait 20 minutes."
    lost = taking_up.unreleased(page_of(first))
    assert lost is not None
    assert f'name="replacing" value="{lost.sha256}"' in asked
    assert client.post(address(first), {"replacing": lost.sha256}).status_code == 302
    assert body_of(page_of(first)) == "Wait 5 minutes."
    assert "Wait 20 minutes." in str(Revision.objects.get(pk=lost.revision.pk).content["steps"])
    assert Notice.objects.get(kind=NoticeKind.OVERWRITTEN).recipient == olivia
    assert AuditEvent.objects.get(kind="restored").data["replaced_sha256"] == lost.sha256


def test_what_was_saved_after_somebody_looked_is_shown_too(first) -> None:
    olivia, client = first.last_editor, signed_in(make.documentation_staff())
    save(page_of(first), "Wait 20 minutes.", olivia)
    lost = taking_up.unreleased(page_of(first))
    assert lost is not None
    save(page_of(first), "Wait 30 minutes.", olivia)
    again = client.post(address(first), {"replacing": lost.sha256}).content.decode()
    assert "look again" in again
    assert "30" in again
    assert body_of(page_of(first)) == "Wait 30 minutes."


def test_whoever_proposed_what_was_accepted_is_told_too(first) -> None:
    fred, olivia = make.field_engineer(), first.last_editor
    in_force = first.page.versions.effective().get()
    edit = proposing.suggest(
        version=in_force, changes={("a", "body"): "Wait 40 minutes."}, reason="x", by=fred
    )
    deciding.accept(suggestion=edit, by=olivia)
    lost = taking_up.unreleased(page_of(first))
    assert lost is not None
    assert set(lost.people) == {fred, olivia}
    taking_up.take_up(version=first, by=olivia, replacing=lost.sha256)
    assert [notice.recipient for notice in Notice.objects.filter(kind=NoticeKind.OVERWRITTEN)] == [fred]


def test_a_text_that_a_version_has_is_replaced_without_a_question(first) -> None:
    client = signed_in(make.documentation_staff())
    assert client.post(address(first)).status_code == 302
    assert body_of(page_of(first)) == "Wait 5 minutes."
    assert client.post(address(first)).status_code == 302  # its own text again
    assert not Notice.objects.filter(kind=NoticeKind.OVERWRITTEN).exists()
