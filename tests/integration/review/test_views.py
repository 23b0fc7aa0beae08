"""The review pages: late decisions keep what was typed, refusals are seen, nothing is credited that is not there."""

import pytest
from django.test import Client
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import actions
from tests import factories as make

pytestmark = pytest.mark.django_db


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def version():
    return make.released(steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")])


def test_the_author_of_the_words_cannot_approve_them_because_somebody_else_submitted(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    draft = actions.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=staff)
    actions.submit_for_release(page=version.page, by=owner, change_summary="Longer", significance="minor")
    with pytest.raises(NotAllowed, match="last edit"):
        actions.approve_release(page=version.page, by=staff)
    released = actions.approve_release(page=version.page, by=make.documentation_staff())
    assert released.last_editor == staff


def test_an_edit_that_was_taken_back_is_not_credited(version) -> None:
    owner = version.last_editor
    suggestion = actions.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    actions.accept(suggestion=suggestion, by=owner)
    draft = actions.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    draft.steps[0].value["body"] = "Wait 5 minutes."
    draft.steps[1].value["body"] = "Something else."
    draft.save_revision(user=owner)
    page = signed_in(owner).get(f"/review/{version.number}/working-copy/").content.decode()
    assert "no longer in the text" in page
    make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Other")
    suggestion.refresh_from_db()
    assert suggestion.released_in is None


def test_who_decides_second_is_told_and_loses_nothing(version) -> None:
    suggestion = actions.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    actions.refuse(suggestion=suggestion, by=version.last_editor, answer="No.")
    page = signed_in(make.documentation_staff()).post(
        suggestion.get_absolute_url(),
        {"decision": "accept", "answer": "A long and careful answer", "seen": "x"},
    )
    text = page.content.decode()
    assert "already decided" in text
    assert "A long and careful answer" in text


def test_a_late_approval_and_a_second_submission_lose_nothing(version) -> None:
    owner, staff = version.last_editor, make.documentation_staff()
    address = f"/review/{version.number}/working-copy/"
    late = signed_in(staff).post(address, {"decision": "approve", "comment": "Well done", "sha256": "0" * 64})
    assert "No release of this procedure is waiting" in late.content.decode()
    assert "Well done" in late.content.decode()
    draft = actions.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    actions.submit_for_release(page=version.page, by=owner, change_summary="First", significance="minor")
    second = signed_in(owner).post(address, {"change_summary": "Second words", "significance": "minor"})
    assert "already waiting" in second.content.decode()
    assert "Second words" in second.content.decode()


def test_a_release_sent_back_says_why_to_whoever_submitted_it(version) -> None:
    owner = version.last_editor
    draft = actions.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    actions.submit_for_release(page=version.page, by=owner, change_summary="Longer", significance="minor")
    actions.send_back(page=version.page, by=make.documentation_staff(), reason="Fifty is too long")
    client = signed_in(owner)
    for address in (f"/review/{version.number}/working-copy/", "/review/inbox/"):
        assert "Fifty is too long" in client.get(address).content.decode()
    actions.submit_for_release(page=version.page, by=owner, change_summary="Again", significance="minor")
    assert "Fifty is too long" not in client.get("/review/inbox/").content.decode()


def test_the_editor_refuses_to_save_over_an_accepted_edit(version) -> None:
    owner = version.last_editor
    page = ProcedurePage.objects.get(pk=version.page_id)
    client = signed_in(owner)
    loaded = page.latest_revision_id
    suggestion = actions.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    actions.accept(suggestion=suggestion, by=owner)
    form = nested_form_data(
        {
            "title": "Typed title", "slug": page.slug, "number": page.number, "kind": page.kind,
            "language": "en", "audience": "internal", "significance": "minor",
            "steps": streamfield([]), "applicability": inline_formset([]), "loaded_revision_id": str(loaded),
        }
    )  # fmt: skip
    response = client.post(f"/admin/pages/{page.pk}/edit/", form)
    assert response.status_code == 200
    assert "after you opened it" in response.content.decode()
    assert "Typed title" in response.content.decode()
    page = ProcedurePage.objects.get(pk=page.pk)
    assert actions.current_text(actions.working_copy(page), "a", "body") == "Wait 10 minutes."


def test_no_door_of_the_editing_desk_releases_copies_or_takes_down(version) -> None:
    staff = make.documentation_staff()
    page = ProcedurePage.objects.get(pk=version.page_id)
    tester = page.permissions_for_user(staff)
    for door in ("publish", "unpublish", "submit_for_moderation", "copy", "delete", "move"):
        assert not getattr(tester, f"can_{door}")(), door
    assert tester.can_edit()
    assert not page.permissions_for_user(make.procedure_owner()).can_edit()  # somebody else's
    folder = page.get_parent().specific.permissions_for_user(staff)
    assert not (folder.can_unpublish())
    assert not (folder.can_delete())
    assert not (folder.can_copy())


@pytest.mark.parametrize(
    "path",
    [
        "/admin/pages/search/?q=a%22",
        "/admin/images/?q=a%22",
        "/admin/pages/?q=x",
        "/admin/choose-page/search/?q=断",
    ],
)
def test_the_editing_desk_searches_without_falling_over(version, path: str) -> None:
    assert signed_in(make.documentation_staff()).get(path).status_code in (200, 302)
