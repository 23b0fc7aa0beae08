"""Whose words a release holds, by whatever way they came in or went: they do not sign it. What says so is kept."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from wagtail.models import Revision

from procedures.models import ProcedureIndexPage, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, releasing, taking_up
from review.carrying import carried_by
from review.models import ReviewTask, Suggestion
from tests import factories as make
from tests.integration.review.test_plans import plan, sign, submit

pytestmark = pytest.mark.django_db


def propose_and_accept(version: ProcedureVersion, text: str, author: Any) -> None:
    step = version.steps[0]["id"]
    edit = proposing.suggest(version=version, changes={(step, "body"): text}, reason="x", by=author)
    deciding.accept(suggestion=edit, by=version.page.procedure_owner)


def test_whoever_proposed_the_words_does_not_sign_them_however_they_come_back(owner) -> None:
    proposer, staff = make.documentation_staff("the.proposer"), make.documentation_staff()
    first = make.released(owner=owner, approver=staff)
    propose_and_accept(first, "The proposer's words.", proposer)
    second = make.release(first.page, by=owner, approver=staff, summary="Proposed")
    draft = landing.working_copy(ProcedurePage.objects.get(pk=first.page_id))
    draft.steps[0].value["body"] = "Other words."
    draft.save_revision(user=owner)
    make.release(first.page, by=owner, approver=staff, summary="Other")
    taking_up.take_up(version=second, by=owner)
    page = ProcedurePage.objects.get(pk=first.page_id)
    release = releasing.submit_for_release(page=page, by=owner, change_summary="Back", significance="minor")
    assert proposer in release.editors.all()
    stage = release.stages.get()
    with pytest.raises(NotAllowed):
        sign(release, stage.position, proposer)


WORDS = "Torque it to 55 Nm."


def _leave(edit: Suggestion, owner: Any) -> None:
    """It waits for a decision."""


def _refuse(edit: Suggestion, owner: Any) -> None:
    deciding.refuse(suggestion=edit, by=owner, answer="I put it in myself.")


def _withdraw(edit: Suggestion, owner: Any) -> None:
    deciding.withdraw(suggestion=edit, by=edit.author)


@pytest.mark.parametrize("end", [_leave, _refuse, _withdraw])
def test_whoever_proposed_words_that_were_pasted_does_not_sign_them(owner, end: Callable) -> None:
    proposer, staff = make.documentation_staff(), make.documentation_staff()
    version = make.released(owner=owner, approver=staff)
    step = version.steps[0]
    edit = proposing.suggest(
        version=version,
        changes={(step["id"], "body"): f"{step['body']}\n\n{WORDS}"},
        reason="It slips",
        by=proposer,
    )
    end(edit, owner)
    draft = landing.working_copy(version.page)
    draft.steps[0].value["caution"] = f"Hot. {WORDS} Mind your hands."
    draft.save_revision(user=owner)
    release = submit(version.page, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, proposer)
    sign(release, 1, staff)


@pytest.mark.parametrize("pasted", ["- {}", "Hot.  {}", "{}\n"])
def test_how_words_were_pasted_does_not_matter(owner, pasted: str) -> None:
    proposer = make.documentation_staff()
    version = make.released(owner=owner)
    step = version.steps[0]
    changes = {(step["id"], "body"): f"{step['body']}\n\n{WORDS}"}
    proposing.suggest(version=version, changes=changes, reason="x", by=proposer)
    draft = landing.working_copy(version.page)
    draft.steps[0].value["caution"] = pasted.format(WORDS.rstrip(".") + "!")
    draft.save_revision(user=owner)
    release = submit(version.page, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, proposer)


def test_whoever_proposed_to_take_a_sentence_out_does_not_sign_when_somebody_does(owner) -> None:
    proposer = make.documentation_staff()
    version = make.released(owner=owner, steps=[make.step("a", body=f"Open it. {WORDS}")])
    edit = proposing.suggest(version=version, changes={("a", "body"): "Open it."}, reason="x", by=proposer)
    deciding.refuse(suggestion=edit, by=owner, answer="No.")
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Open it."
    draft.save_revision(user=owner)
    release = submit(version.page, owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, proposer)


def test_who_proposes_it_when_it_is_in_review_already_stops_no_release(owner) -> None:
    signs = make.documentation_staff()
    version = make.released(owner=owner, approver=signs)
    step = version.steps[0]
    draft = landing.working_copy(version.page)
    draft.steps[0].value["caution"] = WORDS
    draft.save_revision(user=owner)
    release = submit(version.page, owner)
    changes = {(step["id"], "body"): f"{step['body']}\n\n{WORDS}"}
    proposing.suggest(version=version, changes=changes, reason="x", by=signs)
    sign(release, 1, signs)


def test_whoever_proposed_what_is_not_in_the_text_signs(owner) -> None:
    proposer = make.documentation_staff()
    version = make.released(owner=owner)
    step = version.steps[0]
    proposed = f"{step['body']}\n\n{WORDS}"
    proposing.suggest(version=version, changes={(step["id"], "body"): proposed}, reason="x", by=proposer)
    draft = landing.working_copy(version.page)
    draft.steps[0].value["caution"] = "Hot."
    draft.save_revision(user=owner)
    sign(submit(version.page, owner), 1, proposer)


def _save(page: ProcedurePage, by: Any, **texts: str) -> Any:
    draft = landing.working_copy(ProcedurePage.objects.get(pk=page.pk))
    for name, text in texts.items():
        draft.steps[0].value[name] = text
    return draft.save_revision(user=by)


def _saved(page: ProcedurePage, by: Any, **texts: str) -> ProcedurePage:
    _save(page, by, **texts)
    return ProcedurePage.objects.get(pk=page.pk)


def test_whoever_took_a_sentence_out_does_not_sign_when_a_revert_takes_it_out_again(owner) -> None:
    dora, staff = make.documentation_staff(), make.documentation_staff()
    steps = [make.step("a", body="Open Q2.", caution="Never with Q1 closed.")]
    page = make.released(owner=owner, approver=staff, steps=steps).page
    without = _save(page, dora, caution="")
    again = _saved(page, owner, caution="Never with Q1 closed.", body="Open Q2.\n\nWait.")
    make.release(again, by=owner, approver=staff, summary="Wait")
    without.as_object().save_revision(user=owner)  # as Wagtail reverts
    release = submit(ProcedurePage.objects.get(pk=page.pk), owner)
    assert release.content["steps"][0]["caution"] == ""
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, dora)
    sign(release, 1, staff)


def test_whoever_only_wrote_after_a_sentence_did_not_take_it_out(owner) -> None:
    """That the blank behind it changes is no removal."""
    dora, staff = make.documentation_staff(), make.documentation_staff()
    page = make.released(owner=owner, approver=staff, steps=[make.step("a", body="Open Q2.")]).page
    _save(page, dora, body="Open Q2.\n\nWait.")
    make.release(_saved(page, owner, body="Open Q2.\n\nGo."), by=owner, approver=staff, summary="Go")
    sign(submit(_saved(page, owner, body="Go."), owner), 1, dora)


TWICE = f"{WORDS} Open it. {WORDS}"


def test_whoever_took_out_one_of_two_sentences_does_not_sign_when_a_revert_takes_it_out_again(owner) -> None:
    dora, staff = make.documentation_staff(), make.documentation_staff()
    page = make.released(
        owner=owner, approver=staff, steps=[make.step("a", body=f"{WORDS} {WORDS} Open it.")]
    ).page
    once = _save(page, dora, body=f"{WORDS} Open it.")
    again = _saved(page, owner, body=f"{WORDS} {WORDS} Open it.", caution="Wait.")
    make.release(again, by=owner, approver=staff, summary="Wait")
    once.as_object().save_revision(user=owner)  # as Wagtail reverts
    release = submit(ProcedurePage.objects.get(pk=page.pk), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, dora)
    sign(release, 1, staff)


@pytest.mark.parametrize(("text", "wish"), [(TWICE, f"{WORDS} Open it."), (f"{WORDS} Open it.", TWICE)])
def test_whoever_proposed_one_of_two_sentences_more_or_less_does_not_sign_it(
    owner, text: str, wish: str
) -> None:
    proposer, staff = make.documentation_staff(), make.documentation_staff()
    version = make.released(owner=owner, steps=[make.step("a", body=text)])
    edit = proposing.suggest(version=version, changes={("a", "body"): wish}, reason="x", by=proposer)
    deciding.refuse(suggestion=edit, by=owner, answer="I do it myself.")
    release = submit(_saved(version.page, owner, body=wish), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, proposer)
    sign(release, 1, staff)


@pytest.mark.parametrize(("text", "wish"), [(TWICE, f"{WORDS} Open it."), (f"{WORDS} Open it.", TWICE)])
def test_a_proposal_about_one_of_two_sentences_is_credited_while_it_is_in_the_text(
    owner, text: str, wish: str
) -> None:
    version = make.released(owner=owner, steps=[make.step("a", body=text)])
    edit = proposing.suggest(
        version=version, changes={("a", "body"): wish}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=edit, by=owner)
    page = ProcedurePage.objects.get(pk=version.page_id)
    assert carried_by(page.get_latest_revision()) == [edit]


def test_words_of_another_procedure_are_those_of_whoever_pastes_them(owner) -> None:
    """The other procedure's text was signed for another machine; whoever says it of this one, says it."""
    writer, staff, paster = (make.documentation_staff() for _ in range(3))
    other = make.released(owner=writer, approver=staff, steps=[make.step("a", body=WORDS)])
    page = make.released(owner=owner, approver=staff).page
    draft = landing.working_copy(ProcedurePage.objects.get(pk=page.pk))
    pasted = landing.working_copy(other.page).steps[0]
    draft.steps[0].value["body"] = pasted.value["body"]
    draft.save_revision(user=paster)
    release = submit(_saved(page, owner, caution="Hot."), owner)
    for author in (paster, owner):
        assert author in release.editors.all()
    assert writer not in release.editors.all()
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, paster)
    sign(release, 1, writer)


def test_a_whole_step_of_another_procedure_is_that_of_whoever_pastes_it(owner) -> None:
    """With its identity, as the editor's own copy and paste takes it along."""
    staff, paster = make.documentation_staff(), make.documentation_staff()
    other = make.released(
        owner=staff, approver=make.documentation_staff(), steps=[make.step("z", body=WORDS)]
    )
    page = make.released(owner=owner, approver=staff).page
    draft = landing.working_copy(ProcedurePage.objects.get(pk=page.pk))
    raw = [*draft.steps.get_prep_value(), *landing.working_copy(other.page).steps.get_prep_value()]
    draft.steps = draft.steps.stream_block.to_python(raw)
    draft.save_revision(user=paster)
    release = submit(ProcedurePage.objects.get(pk=page.pk), owner)
    assert release.content["steps"][-1]["body"] == WORDS
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, paster)
    sign(release, 1, staff)


# ---------- revisions are kept ----------


@pytest.mark.django_db(transaction=True)  # as the command runs: a refusal inside a transaction would end that
def test_housekeeping_leaves_the_revisions_that_say_who_wrote_what(owner) -> None:
    dora, staff = make.documentation_staff(), make.documentation_staff()
    page = make.released(owner=owner, approver=staff).page
    _save(page, dora, body="Dora's dangerous words.")
    page = _saved(page, owner, caution="Hot.")
    kept = page.revisions.count()
    call_command("purge_revisions", stdout=StringIO())
    with pytest.raises(ProtectedError):
        page.revisions.filter(user=dora).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        page.revisions.filter(user=dora)._raw_delete("default")
    assert page.revisions.count() == kept
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(submit(page, owner), 1, dora)


def test_the_revisions_of_other_pages_are_purged_and_an_unsubmitted_procedure_goes_whole(owner) -> None:
    entry = make.faq_entry()
    entry.save_revision()
    assert entry.revisions.last().delete()
    page = make.working_copy(by=owner, procedure_owner=owner)
    key = page.pk
    page.delete()
    assert not ProcedurePage.objects.filter(pk=key).exists()
    assert not Revision.objects.filter(object_id=str(key)).exists()


def test_a_procedure_stays_in_its_folder(owner) -> None:
    page, sibling = make.working_copy(by=owner), make.working_copy(by=owner)
    root = ProcedureIndexPage.objects.get().get_parent()
    for target, where in ((root, "last-child"), (sibling, "first-child")):
        with pytest.raises(PermissionDenied):
            page.move(target, pos=where)
    page.move(sibling, pos="right")
    assert ProcedurePage.objects.get(pk=page.pk).get_parent().pk == sibling.get_parent().pk


def test_the_database_refuses_a_stage_that_needs_nobody(owner) -> None:
    plan({"people": [make.field_engineer()]})
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewTask.objects.update(needed=0)
