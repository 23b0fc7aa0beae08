"""The pages of proposals: proposing over several steps, deciding on several at once, and losing nothing typed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from procedures.content import canonical_content
from procedures.models import ProcedurePage, ProcedureVersion
from review import deciding, proposing
from review.landing import working_copy
from review.models import Suggestion, SuggestionStatus
from review.proposing import StepEdit
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> int:
    steps = [make.step(name, title=f"Step {name}", body=f"Do {name}.") for name in "abc"]
    made: int = make.released(owner=make.procedure_owner(), steps=steps).pk
    return made


def address(version: ProcedureVersion, query: str = "") -> str:
    return f"/review/{version.number}/v/{version.label}/edit/{query}"


def filled(version: ProcedureVersion, **typed: str) -> dict[str, str]:
    """The page of all steps as a browser sends it, with these fields typed into: `s1_body` is step 1's text."""
    data = {"new": "0", "reason": "Met it twice", "kind": "error"}
    for number, step in enumerate(version.steps, 1):
        data |= {f"s{number}-{name}": step[name] for name in ("title", "body", "expected", "caution")}
    return data | {name.replace("_", "-", 1): text for name, text in typed.items()}


def new(version: ProcedureVersion, number: int = 1, **typed: str) -> dict[str, str]:
    step = {
        "step_id": f"new-{number}",
        "title": "",
        "body": "",
        "expected": "",
        "caution": "",
        "after": "c",
        **typed,
    }
    return {f"n{number}-{name}": text for name, text in step.items()}


def order(version: ProcedureVersion) -> list[str]:
    page = ProcedurePage.objects.get(pk=version.page_id)
    return [step["title"] for step in canonical_content(working_copy(page))["steps"]]


def test_several_steps_are_proposed_and_decided_at_once(version) -> None:
    engineer, owner = signed_in(make.field_engineer()), signed_in(version.last_editor)
    data = filled(version, s1_body="Do a slowly.", s2_remove="on", s3_after="^")
    data |= new(version, title="Tidy up", after="a") | {"new": "1"}
    answer = engineer.post(address(version), data)
    head = Suggestion.objects.get(sent_with=None)
    assert answer["Location"] == head.get_absolute_url()
    parts = list(head.sent_together())
    assert [(part.action, part.step_id, part.after) for part in parts] == [
        ("edit", "a", None), ("remove", "b", None), ("edit", "c", ""), ("add", parts[-1].step_id, "a"),
    ]  # fmt: skip
    page = owner.get(head.get_absolute_url()).content.decode()
    decisions = {}
    for part in parts:
        seen = page.split(f'name="d{part.pk}-seen" value="')[1].split('"')[0]
        decisions |= {f"d{part.pk}-decision": "accept", f"d{part.pk}-seen": seen}
        for change in part.changes.all():
            decisions[f"d{part.pk}-final-{change.field}"] = change.proposed_text
        if part.after is not None:
            decisions[f"d{part.pk}-after"] = part.after or "^"
    owner.post(head.get_absolute_url(), decisions)
    assert set(head.sent_together().values_list("status", flat=True)) == {SuggestionStatus.ACCEPTED}
    assert order(version) == ["Step c", "Step a", "Tidy up"]


def test_one_more_step_keeps_what_was_typed_and_judges_nothing(version) -> None:
    engineer = signed_in(make.field_engineer())
    data = filled(version, s1_body="Typed already.") | {"reason": "", "add-step": "1"}
    page = engineer.post(address(version), data).content.decode()
    assert "Typed already." in page
    assert 'name="n1-title"' in page
    assert "errorlist" not in page
    data |= {"new": "1"} | new(version, body="Half a new step")
    page = engineer.post(address(version), data).content.decode()
    assert "Half a new step" in page
    assert 'name="n2-title"' in page


def test_from_the_page_of_one_step_the_text_goes_along(version) -> None:
    data = {
        "from": "b",
        "title": "Step b",
        "body": "Typed there.",
        "expected": "",
        "caution": "",
        "reason": "Because",
    }
    page = signed_in(make.field_engineer()).post(address(version), data).content.decode()
    assert "Typed there." in page
    assert "Because" in page


def test_a_preview_shows_the_steps_as_read_and_sends_nothing(version) -> None:
    data = filled(version, s1_body="Do **a** <script>x</script>.", preview="1") | {"reason": ""}
    page = signed_in(make.field_engineer()).post(address(version), data).content.decode()
    assert "Do <strong>a</strong> ." in page
    assert page.count('<div class="step-body prose">') == 1
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Nothing is changed yet"),
        ({"s1_title": " "}, "This field is required"),
        ({"s1_after": "nowhere"}, "nowhere"),
        ({"s1_body": "x", "reason": ""}, "This field is required"),
        ({"s1_body": "x", "ticket_reference": "T-99999"}, "There is no ticket"),
    ],
)
def test_what_cannot_be_sent_is_said_and_still_there(version, typed: dict[str, str], message: str) -> None:
    data = filled(
        version, s2_body="Long and careful.", **{k: v for k, v in typed.items() if k.startswith("s")}
    )
    if not typed:
        data["s2-body"] = version.steps[1]["body"]
    data |= {name: text for name, text in typed.items() if not name.startswith("s")}
    page = signed_in(make.field_engineer()).post(address(version), data).content.decode()
    assert message in page
    assert not typed or "Long and careful." in page
    assert not Suggestion.objects.exists()


def test_a_file_that_is_no_image_is_refused_beside_its_field() -> None:
    from io import BytesIO

    from django.core.files.base import ContentFile
    from PIL import Image as Picture
    from wagtail.images import get_image_model

    out = BytesIO()
    Picture.new("RGB", (40, 30), "red").save(out, "PNG")
    image = get_image_model().objects.create(title="Lamp", file=ContentFile(out.getvalue(), "lamp.png"))
    step = make.step("a", title="Step a", images=[{"image": image.pk, "alt": "Lamp"}])
    version = make.released(owner=make.procedure_owner(), steps=[step])
    engineer = signed_in(make.field_engineer())
    wrong = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    page = engineer.post(address(version), filled(version) | {"s1-image-0": wrong}).content.decode()
    assert "not a photo that can be read" in page
    out = BytesIO()
    Picture.new("RGB", (40, 30), "green").save(out, "PNG")
    right = SimpleUploadedFile("x.png", out.getvalue(), "image/png")
    engineer.post(address(version), filled(version) | {"s1-image-0": right, "s1-alt-0": "Green lamp"})
    proposed = Suggestion.objects.get().images.get()
    assert proposed.alt == "Green lamp"
    answer = engineer.get(proposed.get_absolute_url())
    assert answer["Content-Type"] == "image/png"
    assert Client().get(proposed.get_absolute_url()).status_code == 302


def test_all_that_waits_on_a_procedure_is_decided_on_one_page(version) -> None:
    one = proposing.propose(
        version=version, edits=[StepEdit("c", texts={"title": "Third"})], reason="x", by=make.field_engineer()
    )
    other = proposing.propose(
        version=version, edits=[StepEdit("a", texts={"title": "First"})], reason="x", by=make.field_engineer()
    )
    owner = signed_in(version.last_editor)
    where = f"/review/{version.number}/edits/"
    page = owner.get(where).content.decode()
    assert page.index(f'id="edit-{other.pk}"') < page.index(f'id="edit-{one.pk}"')
    decisions = {f"d{one.pk}-decision": "refuse", f"d{one.pk}-answer": "", f"d{one.pk}-seen": "x"}
    seen = page.split(f'name="d{other.pk}-seen" value="')[1].split('"')[0]
    decisions |= {
        f"d{other.pk}-decision": "accept", f"d{other.pk}-seen": seen, f"d{other.pk}-final-title": "The first"
    }  # fmt: skip
    page = owner.post(where, decisions).content.decode()
    assert "1 decision is recorded" in page
    assert "Say why it is refused" in page
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.status, other.status) == (SuggestionStatus.SUBMITTED, SuggestionStatus.CHANGED)
    later = {f"d{one.pk}-seen": "x", f"d{one.pk}-final-title": "Third"}
    assert "Nothing is decided yet" in owner.post(where, later, follow=True).content.decode()
    page = owner.post(where, later | {f"d{one.pk}-answer": "Half an answer"}).content.decode()
    assert "Choose a decision" in page
    assert "Half an answer" in page


def test_a_place_that_both_sides_changed_is_shown_three_ways(version) -> None:
    owner = version.last_editor
    first, second = (
        proposing.propose(
            version=version, edits=[StepEdit("a", texts={"body": text})], reason="x", by=make.field_engineer()
        )
        for text in ("Do a twice.", "Do a slowly.")
    )
    deciding.accept(suggestion=first, by=owner)
    browser = signed_in(owner)
    page = browser.get(second.get_absolute_url()).content.decode()
    three = page[page.index("three-way") :]
    assert all(text in three for text in ("Do a.", "Do a slowly.", "Do a twice."))
    seen = page.split(f'name="d{second.pk}-seen" value="')[1].split('"')[0]
    decision = {
        f"d{second.pk}-decision": "accept",
        f"d{second.pk}-seen": seen,
        f"d{second.pk}-final-body": "",
    }
    page = browser.post(second.get_absolute_url(), decision).content.decode()
    assert "Choose which text lands, or write it yourself" in page
    decision[f"d{second.pk}-final-body"] = "Do a twice, slowly."
    browser.post(second.get_absolute_url(), decision)
    second.refresh_from_db()
    assert second.status == SuggestionStatus.CHANGED


def test_others_vote_comment_and_begin_an_alternative_with_its_text(version) -> None:
    head = proposing.propose(
        version=version,
        edits=[StepEdit("a", texts={"body": "Do a twice."})],
        reason="x",
        by=make.field_engineer(),
    )
    other = signed_in(make.field_engineer())
    where = head.get_absolute_url()
    other.post(f"{where}met-too/", {"ticket_reference": ""})
    assert head.votes.count() == 1
    page = other.post(f"{where}met-too/", {"ticket_reference": "T-77777"}).content.decode()
    assert "There is no ticket" in page
    assert "T-77777" in page
    other.post(f"{where}comment/", {"text": "On the LM-600 as well."})
    assert "On the LM-600 as well." in other.get(where).content.decode()
    page = other.get(address(version, f"?instead={head.pk}")).content.decode()
    assert "Do a twice." in page
    other.post(address(version, f"?instead={head.pk}"), filled(version, s1_body="Do a three times."))
    assert head.alternatives.get().changes.get().proposed_text == "Do a three times."


def test_only_the_author_withdraws_and_all_that_is_undecided(version) -> None:
    author = make.field_engineer()
    edits = [StepEdit("a", texts={"body": "x"}), StepEdit("b", texts={"body": "y"})]
    head = proposing.propose(version=version, edits=edits, reason="x", by=author)
    deciding.accept(suggestion=head, by=version.last_editor)
    signed_in(author).post(f"{head.get_absolute_url()}withdraw/")
    assert [part.status for part in head.sent_together()] == ["accepted", "withdrawn"]


def test_a_step_of_a_very_long_procedure_is_proposed_among_all_of_them() -> None:
    steps = [make.step(f"s{number}", title=f"Step {number}") for number in range(300)]
    version = make.released(owner=make.procedure_owner(), steps=steps)
    signed_in(make.field_engineer()).post(address(version), filled(version, s299_body="Do it twice."))
    assert Suggestion.objects.get().step_id == "s298"


@pytest.mark.parametrize("path", ["edits/", "v/1.0/edit/"])
def test_a_customer_sees_none_of_it(version, path: str) -> None:
    customer = signed_in(make.make_user())
    assert customer.get(f"/review/{version.number}/{path}").status_code == 404
