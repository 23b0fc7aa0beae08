"""Nobody approves their own words, by whatever way the words came into the release."""

import pytest

from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, releasing
from search import switching
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(
        steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")]
    ).pk


def edit(version: ProcedureVersion, step: int, text: str, by: object) -> None:
    draft = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    draft.steps[step].value["body"] = text
    draft.save_revision(user=by)


def submit(version: ProcedureVersion, by: object) -> None:
    releasing.submit_for_release(page=version.page, by=by, change_summary="Longer", significance="minor")


def test_the_author_of_the_words_cannot_approve_them_because_somebody_else_submitted(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    edit(version, 0, "Wait 50 minutes.", staff)
    submit(version, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        make.approve(version.page, by=staff)
    released = make.approve(version.page, by=make.documentation_staff())
    assert released.last_editor == staff


def test_an_editor_whose_change_was_followed_by_another_cannot_approve(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    edit(version, 0, "Wait 50 minutes.", staff)
    edit(version, 1, "Another step.", owner)
    submit(version, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        make.approve(version.page, by=staff)
    assert make.approve(version.page, by=make.documentation_staff()).last_editor == owner


def test_the_author_of_an_accepted_edit_cannot_approve_it(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    suggestion = proposing.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=staff
    )
    deciding.accept(suggestion=suggestion, by=owner)
    submit(version, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        make.approve(version.page, by=staff)
    assert make.approve(version.page, by=make.documentation_staff()).label == "1.1"


def test_an_editor_may_approve_what_came_after_the_version_with_their_edit(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    edit(version, 0, "Wait 50 minutes.", staff)
    submit(version, owner)
    make.approve(version.page, by=make.documentation_staff())
    edit(version, 1, "Another step.", owner)
    submit(version, owner)
    assert make.approve(version.page, by=staff).label == "1.2"


def test_an_editor_may_send_back_but_is_not_offered_approval(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    edit(version, 0, "Wait 50 minutes.", staff)
    submit(version, owner)
    client, address = signed_in(staff), f"/review/{version.number}/working-copy/"
    page = client.get(address).content.decode()
    assert "You edited this since the last version" in page
    assert 'value="send_back"' in page
    assert 'value="sign"' not in page
    client.post(address, {"do": "send_back", "reason": "I was wrong"})
    assert "I was wrong" in signed_in(owner).get(address).content.decode()


def test_nothing_goes_out_without_a_change_or_a_word_about_it(version) -> None:
    owner = version.last_editor
    with pytest.raises(NotAllowed, match="Nothing has changed"):
        submit(version, owner)
    edit(version, 0, "Wait 50 minutes.", owner)
    with pytest.raises(NotAllowed, match="Say what changes"):
        releasing.submit_for_release(page=version.page, by=owner, change_summary=" ", significance="minor")
    with pytest.raises(NotAllowed, match="submitted on the site"):
        version.page.get_workflow().start(version.page, owner)  # round the site's own door


def test_a_release_asks_the_database_no_more_than_it_needs(version, django_assert_max_num_queries) -> None:
    """From the submission to the version in force."""
    switching.forget()  # a process asks now and then which engine is in use: here always
    edit(version, 0, "Wait 50 minutes.", version.last_editor)
    signs = make.documentation_staff()
    with django_assert_max_num_queries(323):
        make.release(version.page, by=version.last_editor, approver=signs, summary="Longer")
