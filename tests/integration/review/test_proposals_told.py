"""Proposals: handing on is recorded, what is withdrawn takes nothing, what may be emptied may."""

import pytest
from django.db import IntegrityError, transaction

from procedures.content import canonical_content
from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from review import deciding, handing, proposing, releasing
from review.landing import working_copy
from review.models import Suggestion, SuggestionStatus
from review.proposing import StepEdit
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_proposals import build, propose, steps_of

pytestmark = pytest.mark.django_db
__all__ = ["build"]


def test_each_handing_on_stays_in_the_marks_history_with_its_note(version) -> None:
    owner, first, second = version.last_editor, make.procedure_owner("first"), make.procedure_owner("second")
    head = propose(version, StepEdit("a", texts={"title": "Other"}), by=make.field_engineer("author"))
    deciding.hand_on(suggestion=head, to=first, by=owner, note="Your line")
    deciding.hand_on(suggestion=head, to=second, by=first, note="Rather yours")
    deciding.refuse(suggestion=head, by=second, answer="No")
    rows = head.history.exclude(assigned_to=None).order_by("history_id")
    said = [(row.history_user, row.assigned_to, row.handed_note) for row in rows]
    assert said[:2] == [(owner, first, "Your line"), (first, second, "Rather yours")]
    head.refresh_from_db()
    handing.show_handings([head])
    assert [(one.by, one.to, one.note) for one in head.handings] == said[:2]
    page = signed_in(make.field_engineer()).get(head.get_absolute_url()).content.decode()
    assert "Your line" in page
    assert "first handed the decision on to second" in page
    with pytest.raises(IntegrityError), transaction.atomic():
        Suggestion.objects.filter(pk=head.pk).update(assigned_to=None)


def test_where_the_note_goes_is_said_beside_the_field(version) -> None:
    head = propose(version, StepEdit("a", texts={"title": "Other"}))
    page = signed_in(version.last_editor).get(head.get_absolute_url()).content.decode()
    assert "Handing on, you say it to whoever is to decide as well" in page


def test_nothing_is_added_to_a_proposal_on_a_withdrawn_version(version) -> None:
    author, other = make.field_engineer(), make.field_engineer()
    asked = propose(version, StepEdit("a", texts={"title": "Other"}), by=author)
    head = propose(version, StepEdit("b", texts={"title": "Other"}), by=author)
    deciding.ask_back(suggestion=asked, by=version.last_editor, question="Which?")
    staff = make.documentation_staff()
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Dangerous")
    head, asked = Suggestion.objects.get(pk=head.pk), Suggestion.objects.get(pk=asked.pk)
    for add in (
        lambda: proposing.vote(suggestion=head, by=other),
        lambda: proposing.comment(suggestion=head, by=other, text="Me too"),
        lambda: proposing.comment(suggestion=head, by=author, text="Me too"),
        lambda: proposing.comment(suggestion=asked, by=other, text="Me too"),
        lambda: deciding.ask_back(suggestion=head, by=version.last_editor, question="Which?"),
    ):
        with pytest.raises(NotAllowed, match="nothing can be added"):
            add()
    client = signed_in(other)
    page = client.get(head.get_absolute_url()).content.decode()
    assert page.count("This version was withdrawn; nothing can be added to it.") == 2
    page = client.post(f"/review/edits/{head.pk}/comment/", {"text": "Typed"}).content.decode()
    assert "Typed" in page
    for what, body in (("votes", "{}"), ("comments", '{"text": "x"}')):
        address = f"/api/proposals/{head.pk}/{what}/"
        assert client.post(address, body, content_type="application/json").status_code == 409
    # What was asked before is answered: else it waits for its author for ever.
    proposing.comment(suggestion=asked, by=author, text="The left one")
    asked.refresh_from_db()
    assert asked.status == SuggestionStatus.SUBMITTED


def in_conflict(version: ProcedureVersion, **texts: str) -> Suggestion:
    head = propose(version, StepEdit("a", texts=texts))
    rival = propose(version, StepEdit("a", texts={name: "Rival." for name in texts}))
    deciding.accept(suggestion=rival, by=version.last_editor)
    return Suggestion.objects.get(pk=head.pk)


def decide_own(version: ProcedureVersion, head: Suggestion, name: str, text: str) -> str:
    client = signed_in(version.last_editor)
    page = client.get(head.get_absolute_url()).content.decode()
    seen = page.split(f'name="d{head.pk}-seen" value="')[1].split('"')[0]
    answer = client.post(
        head.get_absolute_url(),
        {
            f"d{head.pk}-{key}": value
            for key, value in {
                "decision": "accept", "seen": seen, f"take-{name}": "own", f"final-{name}": text
            }.items()
        },
    )  # fmt: skip
    return answer.content.decode()


def test_an_own_text_in_a_conflict_may_be_emptied_but_not_a_title(version) -> None:
    head = in_conflict(version, caution="Hot.")
    decide_own(version, head, "caution", " ")
    head.refresh_from_db()
    assert head.status == SuggestionStatus.CHANGED
    assert head.changes.get().landed_text == ""
    other = in_conflict(version, title="Another")
    assert "Write the text that is to land." in decide_own(version, other, "title", "")
    # Nobody said anything: a person still has to.
    third = in_conflict(version, body="Else.")
    with pytest.raises(NotAllowed, match="choose which text lands"):
        deciding.accept(suggestion=third, by=version.last_editor)


def test_what_nobody_sees_is_not_kept_in_a_title_or_a_number(version) -> None:
    head = propose(version, StepEdit("a", texts={"title": "Zero\u200bwidth\u00ad \ufeff"}))
    assert head.changes.get().proposed_text == "Zerowidth"
    deciding.accept(suggestion=head, by=version.last_editor, final={"title": "Wid\u200ber"})
    assert steps_of(version)[0]["title"] == "Wider"
    page = make.working_copy(by=version.last_editor, steps=[make.step("a", title="Step\u200b1")])
    page.title, page.number = "A\u200bB", "SOP-9\u200b8"
    page.save_revision()
    assert (working_copy(page).title, working_copy(page).number) == ("AB", "SOP-98")
    assert canonical_content(working_copy(page))["steps"][0]["title"] == "Step1"
    with pytest.raises(NotAllowed, match="needs a title"):
        propose(version, StepEdit("b", texts={"title": "\u200b"}))


def test_a_text_that_nobody_could_see_is_none(version) -> None:
    kept = propose(version, StepEdit("a", texts={"body": "\u200b", "caution": "\u200b"}))
    assert {change.field: change.proposed_text for change in kept.changes.all()} == {"body": ""}
