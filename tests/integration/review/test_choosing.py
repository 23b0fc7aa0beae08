"""What a person is shown and chooses where both sides changed the same: texts, images, a step that goes or is gone."""

import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from PIL import Image as Picture
from wagtail.images import get_image_model

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.rules import NotAllowed
from review import deciding, proposing
from review.landing import Take, working_copy
from review.models import SuggestedAction, Suggestion, SuggestionStatus
from review.photos import CleanPhoto, clean_photo
from review.proposing import NewImage, StepEdit, new_step_id
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def cleaned(colour: str) -> CleanPhoto:
    out = BytesIO()
    Picture.new("RGB", (40, 30), colour).save(out, "PNG")
    return clean_photo(out, size=1000)


def build() -> int:
    image = get_image_model().objects.create(title="red", file=ContentFile(cleaned("red").data, "red.png"))
    steps = [make.step(name, title=f"Step {name}", body=f"Do {name}. Look at it.") for name in "abc"]
    steps[0]["value"]["images"] = make.step("a", images=[{"image": image.pk, "alt": "Red lamp"}])["value"][
        "images"
    ]
    made: int = make.released(owner=make.procedure_owner(), steps=steps).pk
    return made


def propose(version, *edits: StepEdit, by=None) -> Suggestion:
    return proposing.propose(version=version, edits=edits, reason="Met it", by=by or make.field_engineer())


def steps_of(version) -> list[dict]:
    return canonical_content(working_copy(ProcedurePage.objects.get(pk=version.page_id)))["steps"]


def form_of(page: str, part: Suggestion, **typed: str) -> dict[str, str]:
    """The decision on this part as a browser sends it: what the page has filled in, and what was typed."""
    name = f"d{part.pk}"
    data = {f"{name}-seen": page.split(f'name="{name}-seen" value="')[1].split('"')[0]}
    if f'name="{name}-after"' in page:
        options = page.split(f'name="{name}-after"')[1].split("</select>")[0]
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        assert chosen is not None
        data[f"{name}-after"] = chosen[1]
    return data | {f"{name}-{key.replace('_', '-')}": text for key, text in typed.items()}


def test_the_place_of_a_removed_step_is_taken_and_stands_in_the_open(version) -> None:
    head = propose(
        version, StepEdit("b", removes=True), StepEdit("n", texts={"title": "Step n"}, after="b", adds=True)
    )
    removal, added = head.sent_together()
    browser = signed_in(version.last_editor)
    page = browser.get(head.get_absolute_url()).content.decode()
    edit = page[page.index(f'id="edit-{added.pk}"') :]
    assert "or in its place, once that step is removed" in edit
    assert edit.index(f'name="d{added.pk}-after"') < edit.index("<details")
    data = form_of(page, removal, decision="accept") | form_of(
        page, added, decision="accept", final_title="Step n"
    )
    assert data[f"d{added.pk}-after"] == "b"
    browser.post(head.get_absolute_url(), data)
    assert [step["title"] for step in steps_of(version)] == ["Step a", "Step n", "Step c"]


def test_one_part_lands_as_shown_while_what_it_follows_waits(version) -> None:
    edits = (
        StepEdit("n", texts={"title": "Step n"}, after="a", adds=True),
        StepEdit("m", texts={"title": "Step m"}, after="n", adds=True),
    )
    head = propose(version, *edits)
    first, second = head.sent_together()
    browser = signed_in(version.last_editor)
    page = browser.get(head.get_absolute_url()).content.decode()
    assert "After the new step “Step n”; without it, where that one was to stand" in page
    data = form_of(page, first) | form_of(page, second, decision="accept", final_title="Step m")
    browser.post(head.get_absolute_url(), data | {f"d{first.pk}-final-title": "Step n"})
    assert [step["title"][-1] for step in steps_of(version)] == ["a", "m", "b", "c"]


def other_texts(version) -> Suggestion:
    """The second of two proposals for one sentence, the first of which has landed."""
    first, second = (
        propose(version, StepEdit("b", texts={"body": text})) for text in ("Do b twice.", "Do b slowly.")
    )
    deciding.accept(suggestion=first, by=version.last_editor)
    return second


@pytest.mark.parametrize("around", ["added", "neighbour moved", "itself moved"])
def test_a_step_whose_text_is_unchanged_goes_wherever_it_stands(version, around: str) -> None:
    removal = propose(version, StepEdit("b", removes=True))
    other = {
        "added": StepEdit("n", texts={"title": "Step n"}, after="b", adds=True),
        "neighbour moved": StepEdit("a", after="c"),
        "itself moved": StepEdit("b", after="c"),
    }[around]
    deciding.accept(suggestion=propose(version, other), by=version.last_editor)
    browser = signed_in(version.last_editor)
    page = browser.get(removal.get_absolute_url()).content.decode()
    assert "Say where this one is to stand" not in page
    browser.post(removal.get_absolute_url(), form_of(page, removal, decision="accept"))
    removal.refresh_from_db()
    assert removal.status == SuggestionStatus.ACCEPTED
    assert "Step b" not in [step["title"] for step in steps_of(version)]


def test_an_own_text_that_is_emptied_again_is_none_beside_another_choice(version) -> None:
    second, browser = other_texts(version), signed_in(version.last_editor)
    page = browser.get(second.get_absolute_url()).content.decode()
    none = form_of(page, second, decision="accept", final_body=" ")
    assert "Choose which text lands" in browser.post(second.get_absolute_url(), none).content.decode()
    theirs = form_of(page, second, decision="accept", take_body="theirs", final_body="")
    browser.post(second.get_absolute_url(), theirs)
    assert steps_of(version)[1]["body"].startswith("Do b slowly.")


def test_a_choice_that_came_up_since_the_form_was_opened_is_shown_then(version) -> None:
    first, second = (
        propose(version, StepEdit("b", texts={"body": text})) for text in ("Do b twice.", "Do b slowly.")
    )
    browser = signed_in(version.last_editor)
    before = browser.get(second.get_absolute_url()).content.decode()
    deciding.accept(suggestion=first, by=version.last_editor)
    data = form_of(before, second, decision="accept", answer="Thank you", final_body="Do b slowly.")
    answered = browser.post(second.get_absolute_url(), data)
    assert answered.status_code == 200
    assert f'name="d{second.pk}-take-body"' in answered.content.decode()
    assert "Thank you" in answered.content.decode()
    assert steps_of(version)[1]["body"] == "Do b twice."


@pytest.mark.parametrize(
    ("take", "landed", "status"),
    [("theirs", "Do b slowly.", "accepted"), ("both", "Do b twice. Do b slowly.", "accepted_with_changes")],
)
def test_a_press_takes_what_is_proposed_or_both(version, take: str, landed: str, status: str) -> None:
    second, browser = other_texts(version), signed_in(version.last_editor)
    page = browser.get(second.get_absolute_url()).content.decode()
    three = page[page.index("three-way-choice") : page.index("</fieldset>", page.index("three-way-choice"))]
    assert "<ins>" in three
    assert "<del>" in three
    assert "optional" not in three
    shown = "Do b twice. Do b slowly."
    data = form_of(page, second, decision="accept", final_body=shown)
    page = browser.post(second.get_absolute_url(), data).content.decode()
    assert "Choose which text lands" in page
    browser.post(second.get_absolute_url(), data | {f"d{second.pk}-take-body": take})
    second.refresh_from_db()
    assert (second.status, steps_of(version)[1]["body"]) == (status, landed)


def test_what_the_working_copy_says_is_kept_by_refusing(version) -> None:
    second, browser = other_texts(version), signed_in(version.last_editor)
    page = browser.get(second.get_absolute_url()).content.decode()
    data = form_of(page, second, decision="accept", take_body="ours", final_body="Do b twice. Do b slowly.")
    assert "Nothing of it would land" in browser.post(second.get_absolute_url(), data).content.decode()
    data |= {f"d{second.pk}-take-body": "theirs", f"d{second.pk}-final-body": "My own."}
    page = browser.post(second.get_absolute_url(), data).content.decode()
    assert "You wrote a text of your own as well" in page
    assert "My own." in page
    browser.post(second.get_absolute_url(), data | {f"d{second.pk}-take-body": "own"})
    assert steps_of(version)[1]["body"] == "My own."


@pytest.mark.parametrize(("take", "lamps"), [("theirs", ["Blue"]), ("both", ["Green", "Blue"])])
def test_of_two_images_for_one_just_those_land_that_were_shown(version, take: str, lamps: list[str]) -> None:
    owner, shown = version.last_editor, version.steps[0]["images"][0]["sha256"]
    first, second = (
        propose(version, StepEdit("a", images=[NewImage(shown, cleaned(colour.lower()), colour)]))
        for colour in ("Green", "Blue")
    )
    deciding.accept(suggestion=first, by=owner)
    with pytest.raises(NotAllowed, match="choose which ones"):
        deciding.accept(suggestion=second, by=owner, anyway=True)
    with pytest.raises(NotAllowed, match="Nothing of it would land"):
        deciding.accept(suggestion=second, by=owner, takes={"images": Take.OURS})
    browser = signed_in(owner)
    page = browser.get(second.get_absolute_url()).content.decode()
    theirs, ours = cleaned("blue").sha256, cleaned("green").sha256
    choice = page[page.index("three-way-choice") :]
    assert second.images.get().get_absolute_url() in choice
    assert f"/procedures/{version.number}/working-copy/images/{ours}/" in choice
    assert browser.get(f"/procedures/{version.number}/working-copy/images/{ours}/").status_code == 200
    browser.post(second.get_absolute_url(), form_of(page, second, decision="accept", images=take))
    landed = steps_of(version)[0]["images"]
    assert [image["alt"] for image in landed] == lamps
    assert landed[-1]["sha256"] == theirs


def test_an_image_comes_into_the_place_of_what_came_there_since(version) -> None:
    """The others of the step stay where they are."""
    owner, shown = version.last_editor, version.steps[0]["images"][0]["sha256"]
    page = working_copy(ProcedurePage.objects.get(pk=version.page_id))
    more = get_image_model().objects.create(title="x", file=ContentFile(cleaned("white").data, "white.png"))
    page.steps[0].value["images"].append({"image": more, "alt": "White"})
    page.save_revision(user=owner)
    (only,) = propose(
        version, StepEdit("a", images=[NewImage(shown, cleaned("blue"), "Blue")])
    ).sent_together()
    deciding.accept(suggestion=only, by=owner, takes={"images": Take.THEIRS})
    assert [image["alt"] for image in steps_of(version)[0]["images"]] == ["Blue", "White"]


def test_a_removal_shows_the_text_that_would_be_lost(version) -> None:
    owner = version.last_editor
    removal = propose(version, StepEdit("b", removes=True))
    deciding.accept(
        suggestion=propose(version, StepEdit("b", texts={"expected": "The relay clicks."})), by=owner
    )
    page = signed_in(owner).get(removal.get_absolute_url()).content.decode()
    lost = page[page.index("This is what would be lost") :]
    assert "inserted: </span>The relay clicks.</ins>" in lost
    assert "what is marked below would be lost" in page


def test_a_step_comes_back_as_it_last_was(version) -> None:
    owner = version.last_editor
    edit = propose(version, StepEdit("b", texts={"title": "Step b, again"}))
    deciding.accept(
        suggestion=propose(version, StepEdit("b", texts={"expected": "The relay clicks."})), by=owner
    )
    deciding.accept(suggestion=propose(version, StepEdit("b", removes=True)), by=owner, anyway=True)
    browser = signed_in(owner)
    page = browser.get(edit.get_absolute_url()).content.decode()
    assert "Expected result, as it comes back" in page
    assert "The relay clicks." in page
    data = form_of(page, edit, decision="accept", after="^", final_title="Step b, again")
    browser.post(edit.get_absolute_url(), data)
    first = steps_of(version)[0]
    assert (first["title"], first["expected"]) == ("Step b, again", "The relay clicks.")


def test_a_new_step_has_an_id_of_its_own_whatever_the_form_said(version) -> None:
    with pytest.raises(NotAllowed, match="id of another step"):
        propose(version, StepEdit("b", texts={"title": "Mine"}, after="a", adds=True))
    head = propose(version, StepEdit("../x y", texts={"title": "New"}, after="a", adds=True))
    assert len(head.step_id) == len(new_step_id())
    deciding.accept(suggestion=head, by=version.last_editor)
    make.release(version.page, by=version.last_editor, approver=make.documentation_staff())
    other = propose(version, StepEdit("n", texts={"title": "Other"}, after="a", adds=True))
    for wrong in ("../x y", "b", head.step_id):
        with pytest.raises(IntegrityError), transaction.atomic():
            Suggestion.objects.filter(pk=other.pk).update(step_id=wrong)


def test_a_new_step_under_the_id_of_one_that_is_there_overwrites_nothing(version) -> None:
    step_id = new_step_id()
    steps = [make.step(step_id, title="There already"), make.step("z", title="Last")]
    other = make.released(owner=version.last_editor, steps=steps)
    head = propose(other, StepEdit("n", texts={"title": "Mine"}, after="z", adds=True))
    Suggestion.objects.filter(pk=head.pk).update(step_id=step_id)  # as it could once be sent
    head.refresh_from_db()
    assert head.action == SuggestedAction.ADD
    with pytest.raises(NotAllowed, match="has this step already"):
        deciding.accept(suggestion=head, by=version.last_editor)
    assert [step["title"] for step in steps_of(other)] == ["There already", "Last"]


def test_a_question_and_the_answer_stand_where_the_author_looks(version) -> None:
    author, owner = make.field_engineer(), version.last_editor
    head = propose(version, StepEdit("b", texts={"body": "Do b twice."}), by=author)
    proposing.comment(suggestion=head, text="Seen as well.", by=make.field_engineer())
    deciding.ask_back(suggestion=head, by=owner, question="On which model?")
    page = signed_in(author).get(head.get_absolute_url()).content.decode()
    asked = page[page.index('id="question"') : page.index('id="edit-')]
    assert f"{owner.display_name} asks you" in asked
    assert "On which model?" in asked
    assert 'name="text"' in asked
    assert page.count('name="text"') == 1
    assert "waits for the owner" not in page
    assert f"waits for the answer of {author.display_name}" in (
        signed_in(make.field_engineer()).get(head.get_absolute_url()).content.decode()
    )
    signed_in(author).post(f"{head.get_absolute_url()}comment/", {"text": "LM-400"})
    page = signed_in(author).get(head.get_absolute_url()).content.decode()
    assert "This waits for the owner" in page
    assert 'id="question"' not in page


def test_what_the_text_says_meanwhile_is_said_in_the_readers_words(version) -> None:
    head = propose(version, StepEdit("a", texts={"title": "Other"}), StepEdit("b", texts={"title": "More"}))
    first, second = head.sent_together()
    browser = signed_in(version.last_editor)
    page = browser.get(head.get_absolute_url()).content.decode()
    data = form_of(page, first, decision="accept", final_title="Other")
    data |= form_of(page, second, decision="accept", final_title="More")
    copy = working_copy(ProcedurePage.objects.get(pk=version.page_id))
    copy.steps[0].value["title"] = "Other"
    copy.save_revision(user=version.last_editor)
    page = browser.post(head.get_absolute_url(), data).content.decode()
    assert "The working copy says this already: mark it as already in the text, or refuse it." in page
    assert "Select a valid choice" not in page
    second.refresh_from_db()
    assert second.status == SuggestionStatus.ACCEPTED
