"""Proposals over several steps: what is proposed, how it lands, and what people do with it until then."""

from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from PIL import Image as Picture
from wagtail.images import get_image_model

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import deciding, landing, proposing, threads
from review.contributions import credits
from review.landing import FIRST, landings, working_copy
from review.models import Notice, NoticeKind, Suggestion, SuggestionStatus, Vote
from review.photos import CleanPhoto, clean_photo
from review.proposing import NewImage, StepEdit, moves
from tests import factories as make

pytestmark = pytest.mark.django_db


def build() -> int:
    owner = make.procedure_owner()
    steps = [make.step(name, title=f"Step {name}", body=f"Do {name}. Look at it.") for name in "abcd"]
    made: int = make.released(owner=owner, steps=steps).pk
    return made


def propose(version, *edits: StepEdit, by=None, **kwargs) -> Suggestion:
    by = by or make.field_engineer()
    return proposing.propose(version=version, edits=edits, reason="Met it twice", by=by, **kwargs)


def new(step_id: str = "n", after: str = "b", **texts: str) -> StepEdit:
    return StepEdit(
        step_id, texts={"title": f"Step {step_id}", "body": "Do it.", **texts}, after=after, adds=True
    )


def steps_of(version) -> list[dict]:
    page = ProcedurePage.objects.get(pk=version.page_id)
    return canonical_content(working_copy(page))["steps"]


def order(version) -> str:
    """By the last letters of the titles: new steps get ids of their own."""
    return "".join(step["title"][-1] for step in steps_of(version))


def accept_all(head: Suggestion, by, **kwargs) -> list[Suggestion]:
    acceptances = [deciding.Acceptance(part, **kwargs) for part in head.sent_together()]
    return deciding.accept_together(acceptances, by=by)


def edit_by_hand(version, by, change) -> None:
    """Somebody saves the working copy in the editor meanwhile."""
    page = working_copy(ProcedurePage.objects.get(pk=version.page_id))
    raw = list(page.steps.raw_data)
    page.steps = page.steps.stream_block.to_python(change([dict(step) for step in raw]))
    page.save_revision(user=by)


def cleaned(colour: str) -> CleanPhoto:
    out = BytesIO()
    Picture.new("RGB", (40, 30), colour).save(out, "PNG")
    return clean_photo(out, size=1000)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (new(after="b"), "abncd"),
        (new(after=FIRST), "nabcd"),
        (new(after="d"), "abcdn"),
        (StepEdit("b", removes=True), "acd"),
        (StepEdit("d", after="a"), "adbc"),
        (StepEdit("c", after=FIRST), "cabd"),
    ],
)
def test_steps_are_added_removed_and_moved(version, edit: StepEdit, expected: str) -> None:
    head = propose(version, edit)
    deciding.accept(suggestion=head, by=version.last_editor)
    assert order(version) == expected
    head.refresh_from_db()
    assert head.status == SuggestionStatus.ACCEPTED


@pytest.mark.parametrize("wanted", ["dcba", "bacd", "nabcd", "anbmcd", "dnmc", "acbd", "mn"])
def test_the_order_that_its_author_wants_is_reached(version, wanted: str) -> None:
    places = moves("abcd", wanted)
    edits = [StepEdit(step, removes=True) for step in "abcd" if step not in wanted]
    edits += [
        new(step, after=places[step]) if step in "nm" else StepEdit(step, after=places[step])
        for step in wanted
        if step in places
    ]
    accept_all(propose(version, *edits), version.last_editor)
    assert order(version) == wanted


def test_a_move_and_texts_of_the_same_step_combine(version) -> None:
    """One person moves it, another changes its words; each keeps the other's."""
    owner = version.last_editor
    moved = propose(version, StepEdit("d", after="a", texts={"body": "Do d twice. Look at it."}))
    worded = propose(version, StepEdit("d", texts={"body": "Do d. Look at it closely."}))
    deciding.accept(suggestion=worded, by=owner)
    deciding.accept(suggestion=moved, by=owner)
    assert order(version) == "adbc"
    assert steps_of(version)[1]["body"] == "Do d twice. Look at it closely."


def test_each_step_of_a_proposal_is_decided_by_itself(version) -> None:
    owner = version.last_editor
    head = propose(version, StepEdit("a", texts={"title": "First"}), StepEdit("b", texts={"title": "Second"}))
    first, second = head.sent_together()
    deciding.refuse(suggestion=first, by=owner, answer="No.")
    deciding.accept(suggestion=second, by=owner)
    assert [step["title"] for step in steps_of(version)][:2] == ["Step a", "Second"]
    next_version = make.release(version.page, by=owner, approver=make.documentation_staff())
    assert [credit.steps for credit in credits([next_version])[next_version.pk]] == [["Step b"]]


def test_a_new_step_that_follows_another_new_one_finds_its_place_alone(version) -> None:
    owner = version.last_editor
    head = propose(version, new("n", after="b"), new("m", after="n"))
    first, second = head.sent_together()
    deciding.refuse(suggestion=first, by=owner, answer="Not needed.")
    deciding.accept(suggestion=second, by=owner)
    assert order(version) == "abmcd"


def test_a_new_step_lands_after_one_that_landed_before_it(version) -> None:
    owner = version.last_editor
    for part in propose(version, new("n", after="b"), new("m", after="n")).sent_together():
        deciding.accept(suggestion=part, by=owner)
    assert order(version) == "abnmcd"


def test_steps_added_at_the_same_place_ask_a_person(version) -> None:
    owner = version.last_editor
    one, other = propose(version, new("n", after="b")), propose(version, new("m", after="b"))
    deciding.accept(suggestion=one, by=owner)
    with pytest.raises(NotAllowed, match="where this one is to stand"):
        deciding.accept(suggestion=other, by=owner)
    decided = deciding.accept(suggestion=other, by=owner, after=one.step_id)
    assert order(version) == "abnmcd"
    assert decided.status == SuggestionStatus.CHANGED
    assert decided.landed_after == one.step_id


def test_a_step_that_is_gone_is_put_back_only_where_a_person_says_so(version) -> None:
    owner = version.last_editor
    edit = propose(version, StepEdit("b", texts={"body": "Do b slowly. Look at it."}))
    edit_by_hand(version, owner, lambda steps: [step for step in steps if step["id"] != "b"])
    with pytest.raises(NotAllowed, match="no longer in the working copy"):
        deciding.accept(suggestion=edit, by=owner)
    deciding.accept(suggestion=edit, by=owner, after="a", final={"body": "Do b slowly. Look at it."})
    assert order(version) == "abcd"
    assert steps_of(version)[1]["title"] == "Step b"


def test_a_step_whose_text_has_changed_goes_only_where_a_person_says_so(version) -> None:
    owner = version.last_editor
    removal = propose(version, StepEdit("b", removes=True))
    deciding.accept(suggestion=propose(version, StepEdit("b", texts={"title": "Other"})), by=owner)
    with pytest.raises(NotAllowed, match="goes all the same"):
        deciding.accept(suggestion=removal, by=owner)
    deciding.accept(suggestion=removal, by=owner, anyway=True)
    assert order(version) == "acd"


def test_what_the_decider_did_not_see_does_not_land(version) -> None:
    """Somebody moved the neighbour meanwhile: the place that was shown is another one."""
    owner = version.last_editor
    head = propose(version, new(after="b"))
    seen = landings([head], steps_of(version))[head.pk].seen
    edit_by_hand(version, owner, lambda steps: [step for step in steps if step["id"] != "a"])
    deciding.accept(suggestion=head, by=owner, seen=seen)  # its place is still after b
    other = propose(version, StepEdit("d", after="a"))
    seen = landings([other], canonical_content(version.page)["steps"])[other.pk].seen
    with pytest.raises(NotAllowed, match="while you were deciding"):
        deciding.accept(suggestion=other, by=owner, seen=seen)


def test_an_image_is_replaced_and_the_others_stay() -> None:
    owner = make.procedure_owner()
    old, stays = (
        get_image_model().objects.create(title=name, file=ContentFile(cleaned(name).data, f"{name}.png"))
        for name in ("red", "blue")
    )
    step = make.step("a", images=[{"image": one.pk, "alt": one.title} for one in (old, stays)])
    version = make.released(owner=owner, steps=[step])
    shown = version.steps[0]["images"]
    photo = cleaned("green")
    head = propose(version, StepEdit("a", images=[NewImage(shown[0]["sha256"], photo, "Green lamp")]))
    deciding.accept(suggestion=head, by=owner)
    landed = steps_of(version)[0]["images"]
    assert landed == [{"sha256": photo.sha256, "alt": "Green lamp"}, shown[1]]
    assert head.images.get().landed_as.title == "Green lamp"
    with pytest.raises(NotAllowed, match="image is not in the step"):
        propose(version, StepEdit("a", images=[NewImage("0" * 64, photo, "x")]))
    with pytest.raises(NotAllowed, match="there already"):
        propose(version, StepEdit("a", images=[NewImage(shown[0]["sha256"], cleaned("red"), "x")]))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (StepEdit("a"), "Nothing is changed"),
        (StepEdit("a", texts={"title": "Step a"}), "Nothing is changed"),
        (StepEdit("a", texts={"title": " "}), "needs a title"),
        (StepEdit("n", texts={"body": "x"}, after="a", adds=True), "needs a title"),
        (StepEdit("x", texts={"title": "y"}), "no such step"),
        (StepEdit("a", after="x"), "is not there"),
        (StepEdit("a", after="a"), "is not there"),
    ],
)
def test_what_makes_no_sense_is_refused(version, edit: StepEdit, message: str) -> None:
    with pytest.raises(NotAllowed, match=message):
        propose(version, edit)
    assert not Suggestion.objects.exists()


def test_what_the_text_says_already_is_adopted_when_the_same_lands(version) -> None:
    owner, second = version.last_editor, make.field_engineer()
    text = {"body": "Do a twice. Look at it."}
    one = propose(version, StepEdit("a", texts=text))
    same = propose(version, StepEdit("a", texts=text), by=second)
    other = propose(version, StepEdit("a", texts={"title": "Another"}))
    deciding.accept(suggestion=one, by=owner)
    same.refresh_from_db()
    other.refresh_from_db()
    assert (same.status, other.status) == (SuggestionStatus.ADOPTED, SuggestionStatus.SUBMITTED)
    assert Notice.objects.filter(recipient=second, kind=NoticeKind.DECIDED).count() == 1
    next_version = make.release(version.page, by=owner, approver=make.documentation_staff())
    assert len(credits([next_version])[next_version.pk]) == 2


def test_only_what_the_text_says_can_be_adopted(version) -> None:
    owner = version.last_editor
    head = propose(version, StepEdit("a", texts={"title": "Other"}))
    with pytest.raises(NotAllowed, match="does not say this"):
        deciding.adopt(suggestion=head, by=owner)

    def renamed(steps):
        steps[0]["value"] = {**steps[0]["value"], "title": "Other"}
        return steps

    edit_by_hand(version, owner, renamed)
    assert deciding.adopt(suggestion=head, by=owner).status == SuggestionStatus.ADOPTED


def test_a_question_waits_for_the_author_and_the_answer_for_the_decision(version) -> None:
    owner, author = version.last_editor, make.field_engineer()
    head = propose(version, StepEdit("a", texts={"title": "Other"}), by=author)
    deciding.ask_back(suggestion=head, by=owner, question="Which model?")
    head.refresh_from_db()
    assert head.status == SuggestionStatus.ASKED
    assert [(notice.kind, notice.text) for notice in Notice.objects.filter(recipient=author)] == [
        ("asked_back", "Which model?")
    ]
    with pytest.raises(NotAllowed):
        deciding.ask_back(suggestion=head, by=owner, question="Again?")
    proposing.comment(suggestion=head, text="LM-400", by=author)
    head.refresh_from_db()
    assert head.status == SuggestionStatus.SUBMITTED
    assert Notice.objects.filter(recipient=owner, kind=NoticeKind.DISCUSSED).exists()
    assert [row.status for row in head.history.order_by("history_id")] == ["submitted", "asked", "submitted"]


def test_a_decision_is_handed_on_to_somebody_who_may_decide(version) -> None:
    owner, other = version.last_editor, make.procedure_owner()
    head = propose(version, StepEdit("a", texts={"title": "Other"}))
    with pytest.raises(PermissionDenied):
        deciding.accept(suggestion=head, by=other)
    with pytest.raises(NotAllowed, match="may not decide"):
        deciding.hand_on(suggestion=head, to=make.field_engineer(), by=owner)
    deciding.hand_on(suggestion=head, to=other, by=owner, note="Your line")
    assert Notice.objects.get(recipient=other).text == "Your line"
    deciding.accept(suggestion=Suggestion.objects.get(pk=head.pk), by=other)


def test_met_this_too_counts_once_a_person_and_never_its_author(version) -> None:
    author, other = make.field_engineer(), make.field_engineer()
    head = propose(version, StepEdit("a", texts={"title": "Other"}), StepEdit("b", removes=True), by=author)
    with pytest.raises(NotAllowed, match="counts already"):
        proposing.vote(suggestion=head, by=author)
    proposing.vote(suggestion=head.others.get(), by=other)
    with pytest.raises(NotAllowed, match="counts once"):
        proposing.vote(suggestion=head, by=other)
    proposing.vote(suggestion=head, by=other, ticket_reference="T-00001")
    assert Vote.objects.get().ticket_reference == "T-00001"
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(suggestion=head, person=other, voted_at=head.submitted_at)


def test_an_alternative_hangs_on_the_first_and_its_author_is_told(version) -> None:
    author = make.field_engineer()
    head = propose(version, StepEdit("a", texts={"title": "Other"}), StepEdit("b", removes=True), by=author)
    better = propose(version, StepEdit("a", texts={"title": "Better"}), alternative_to=head.others.get())
    assert better.alternative_to == head
    assert Notice.objects.get(recipient=author).kind == NoticeKind.ALTERNATIVE
    with pytest.raises(NotAllowed, match="same procedure"):
        propose(
            make.released(steps=[make.step("a")]), StepEdit("a", texts={"title": "x"}), alternative_to=head
        )


def test_comments_on_a_proposal_are_not_comments_on_the_text(version) -> None:
    from review.queries import marks_by_step, threads_to_answer

    head = propose(version, StepEdit("a", texts={"title": "Other"}))
    proposing.comment(suggestion=head, text="And on the LM-600?", by=make.field_engineer())
    assert marks_by_step(version, ["a"])["a"].threads == []
    assert not threads_to_answer(version.last_editor).exists()
    assert threads.Thread.objects.get().get_absolute_url() == f"{head.get_absolute_url()}#comments"
    assert landing.find(steps_of(version), "a") is not None
