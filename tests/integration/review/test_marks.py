"""Comments and proposals: from the field to the owner, into the next version, and back to the author."""

import pytest
from django.core.exceptions import PermissionDenied

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, releasing, threads
from review.contributions import credits
from review.models import Suggestion, SuggestionStatus, ThreadStatus
from tests import factories as make

pytestmark = pytest.mark.django_db
BODY = "Open the door. Wait 5 minutes. Close the door."


def build() -> int:
    owner = make.procedure_owner()
    return make.released(owner=owner, steps=[make.step("a", body=BODY), make.step("b", title="Test it")]).pk


def propose(version, new: str, *, by=None, step: str = "a", field: str = "body") -> Suggestion:
    return proposing.suggest(
        version=version, changes={(step, field): new}, reason="Met it twice", by=by or make.field_engineer()
    )


def body(version, step: str = "a") -> str | None:
    return make.text_of(landing.working_copy(ProcedurePage.objects.get(pk=version.page_id)), step, "body")


def test_an_accepted_edit_lands_and_the_next_version_names_it(version) -> None:
    owner, author = version.last_editor, make.field_engineer()
    suggestion = propose(version, BODY.replace("5", "10"), by=author)
    deciding.accept(suggestion=suggestion, by=owner, answer="Thank you")
    assert body(version) == BODY.replace("5", "10")
    second = make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Longer wait")
    suggestion.refresh_from_db()
    assert suggestion.released_in == second
    assert [(c.author, c.reason, c.steps) for c in credits([second])[second.pk]] == [
        (author.display_name, "Met it twice", ["Switch off"])
    ]


def test_an_edit_landed_after_submission_waits_for_the_next_version(version) -> None:
    owner = version.last_editor
    deciding.accept(suggestion=propose(version, BODY.replace("5", "10")), by=owner)
    releasing.submit_for_release(page=version.page, by=owner, change_summary="x", significance="minor")
    late = propose(version, "Press test twice.", step="b")
    deciding.accept(suggestion=late, by=owner)
    second = make.approve(version.page, by=make.documentation_staff())
    late.refresh_from_db()
    assert late.released_in is None
    assert {step["id"]: step["body"] for step in second.steps}["b"] == "Turn the switch."
    assert body(version, "b") == "Press test twice."


def test_edits_to_different_sentences_both_land(version) -> None:
    owner = version.last_editor
    first, second = (
        propose(version, BODY.replace("5", "10")),
        propose(version, BODY.replace("Close", "Close and lock")),
    )
    deciding.accept(suggestion=second, by=owner)
    deciding.accept(suggestion=first, by=owner)
    assert body(version) == "Open the door. Wait 10 minutes. Close and lock the door."


def test_edits_to_the_same_sentence_ask_the_owner(version) -> None:
    owner = version.last_editor
    first, second = propose(version, BODY.replace("5", "10")), propose(version, BODY.replace("5", "15"))
    deciding.accept(suggestion=first, by=owner)
    with pytest.raises(NotAllowed, match="same place"):
        deciding.accept(suggestion=second, by=owner)
    second.refresh_from_db()
    assert second.status == SuggestionStatus.SUBMITTED
    assert body(version) == BODY.replace("5", "10")
    decided = deciding.accept(suggestion=second, by=owner, final={"body": BODY.replace("5", "12")})
    assert decided.status == SuggestionStatus.CHANGED
    assert body(version) == BODY.replace("5", "12")


def test_a_decision_on_a_text_that_has_moved_is_refused(version) -> None:
    owner = version.last_editor
    first, second = propose(version, BODY.replace("5", "10")), propose(version, BODY.replace("Close", "Shut"))
    steps = canonical_content(landing.working_copy(version.page))["steps"]
    seen = landing.landings([second], steps)[second.pk].seen
    deciding.accept(suggestion=first, by=owner)
    with pytest.raises(NotAllowed, match="while you were deciding"):
        deciding.accept(suggestion=second, by=owner, final={"body": BODY}, seen=seen)
    assert body(version) == BODY.replace("5", "10")


def test_an_edit_to_a_step_that_is_gone_asks_the_owner(version) -> None:
    owner = version.last_editor
    suggestion = propose(version, "Turn it twice.", step="b")
    draft = landing.working_copy(version.page)
    del draft.steps[1]
    draft.save_revision(user=owner)
    with pytest.raises(NotAllowed):
        deciding.accept(suggestion=suggestion, by=owner)


def test_a_refusal_says_why(version) -> None:
    suggestion = propose(version, "x")
    with pytest.raises(NotAllowed, match="why"):
        deciding.refuse(suggestion=suggestion, by=version.last_editor, answer=" ")
    deciding.refuse(suggestion=suggestion, by=version.last_editor, answer="Unsafe.")
    with pytest.raises(NotAllowed, match="already decided"):
        deciding.accept(suggestion=suggestion, by=version.last_editor)


def test_who_decides(version) -> None:
    suggestion = propose(version, "x")
    for user in (make.field_engineer(), make.procedure_owner()):
        with pytest.raises(PermissionDenied):
            deciding.accept(suggestion=suggestion, by=user)
    deciding.accept(suggestion=suggestion, by=make.documentation_staff())


def test_nobody_decides_on_their_own_proposal(version) -> None:
    suggestion = propose(version, "x", by=version.last_editor)
    with pytest.raises(NotAllowed, match="yourself"):
        deciding.accept(suggestion=suggestion, by=version.last_editor)


def test_a_proposal_changes_something_and_says_why(version) -> None:
    with pytest.raises(NotAllowed, match="Nothing is changed"):
        propose(version, BODY + "\r\n")
    with pytest.raises(NotAllowed, match="why"):
        proposing.suggest(version=version, changes={("a", "body"): "x"}, reason=" ", by=make.field_engineer())
    with pytest.raises(NotAllowed, match="no such step"):
        propose(version, "x", step="nope")


def test_the_author_withdraws(version) -> None:
    suggestion = propose(version, "x")
    with pytest.raises(PermissionDenied):
        deciding.withdraw(suggestion=suggestion, by=version.last_editor)
    assert deciding.withdraw(suggestion=suggestion, by=suggestion.author).status == SuggestionStatus.WITHDRAWN


def test_a_thread_goes_from_question_to_answer_to_resolved(version) -> None:
    asker = make.field_engineer()
    thread = threads.start_thread(version=version, step_id="a", kind="question", text="Which door?", by=asker)
    threads.reply(thread=thread, text="The left one.", by=version.last_editor)
    thread.refresh_from_db()
    assert thread.status == ThreadStatus.ANSWERED
    threads.reply(thread=thread, text="Seen from where?", by=asker)
    thread.refresh_from_db()
    assert thread.status == ThreadStatus.OPEN
    assert threads.resolve_thread(thread=thread, by=asker).status == ThreadStatus.RESOLVED
    with pytest.raises(NotAllowed):
        threads.resolve_thread(thread=thread, by=asker)


def test_every_change_of_a_proposal_is_in_its_history(version) -> None:
    suggestion = propose(version, "x")
    deciding.refuse(suggestion=suggestion, by=version.last_editor, answer="No.")
    assert [(row.status, row.history_user) for row in suggestion.history.order_by("history_id")] == [
        ("submitted", suggestion.author),
        ("refused", version.last_editor),
    ]


def test_customers_cannot_mark(version) -> None:
    with pytest.raises(PermissionDenied):
        propose(version, "x", by=make.make_user())
