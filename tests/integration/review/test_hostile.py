"""What testers found who meant harm: each way to sign one's own words, and each way round a plan."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.images import ImageFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Workflow, WorkflowTask

from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import landing, releasing, taking_up
from review.models import Delegation, Release, ReviewTask
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_plans import plan, sign, states, submit

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(
        steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")]
    ).pk


def page_of(version: ProcedureVersion) -> ProcedurePage:
    return ProcedurePage.objects.get(pk=version.page_id)


def edit(version: ProcedureVersion, step: int, text: str, by: Any) -> Any:
    draft = landing.working_copy(page_of(version))
    draft.steps[step].value["body"] = text
    return draft.save_revision(user=by)


def stand_in(delegate: Any, delegator: Any) -> None:
    today = timezone.localdate()
    Delegation.objects.create(delegator=delegator, delegate=delegate, starts_on=today, ends_on=today)


def test_nobody_signs_in_the_place_of_whoever_submitted(version) -> None:
    staff, deputy, owner = make.documentation_staff(), make.field_engineer(), version.last_editor
    edit(version, 0, "Wait 50 minutes.", owner)
    stand_in(deputy, staff)
    release = submit(page_of(version), staff)
    with pytest.raises(NotAllowed, match="submitted this release"):
        sign(release, 1, deputy, on_behalf_of=staff)


def test_words_that_come_back_by_reverting_are_still_their_authors(version) -> None:
    author, other, owner = make.documentation_staff(), make.documentation_staff(), version.last_editor
    old = edit(version, 0, "The author's own sentence.", author)
    edit(version, 0, "The owner's sentence.", owner)
    make.release(page_of(version), by=owner, approver=other, summary="x")
    old.as_object().save_revision(user=owner, previous_revision=old)
    release = submit(page_of(version), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, author)
    sign(release, 1, other)


def test_words_of_a_version_that_was_called_off_are_still_their_authors(version) -> None:
    author, other, owner = make.documentation_staff(), make.documentation_staff(), version.last_editor
    edit(version, 0, "The author's own sentence.", author)
    day = timezone.now() + timedelta(days=1)
    submit(page_of(version), owner, effective_from=day)
    called_off = make.approve(page_of(version), by=other)
    releasing.withdraw(version=called_off, by=other, password=make.PASSWORD, reason="No")
    edit(version, 1, "Another step.", owner)
    release = submit(page_of(version), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, author)


def test_words_taken_up_from_an_earlier_version_are_still_their_authors(version) -> None:
    author, other, owner = make.documentation_staff(), make.documentation_staff(), version.last_editor
    edit(version, 0, "The author's own sentence.", author)
    second = make.release(page_of(version), by=owner, approver=other, summary="x")
    edit(version, 0, "The owner's sentence.", owner)
    make.release(page_of(version), by=owner, approver=other, summary="x")
    taking_up.take_up(version=second, by=owner)
    release = submit(page_of(version), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, author)


def picture(by: Any) -> Any:
    file = ImageFile(get_test_image_file(filename="fan.png", size=(31, 17)).file, name="fan.png")
    return get_image_model().objects.create(title="fan", file=file, uploaded_by_user=by)


def test_whoever_took_the_picture_does_not_sign_it_and_nobody_deletes_it(version) -> None:
    author, other, owner = make.documentation_staff(), make.documentation_staff(), version.last_editor
    image = picture(author)
    draft = landing.working_copy(page_of(version))
    draft.steps[0].value["images"].append({"image": image, "alt": "The fan"})
    draft.save_revision(user=owner)
    release = submit(page_of(version), owner)
    with pytest.raises(NotAllowed, match="You edited this"):
        sign(release, 1, author)
    with transaction.atomic():
        signed_in(author).post(f"/admin/images/{image.pk}/delete/")
    assert get_image_model().objects.filter(pk=image.pk).exists()
    with pytest.raises(PermissionDenied, match="it stays"), transaction.atomic():
        get_image_model().objects.get(pk=image.pk).delete()
    digest = release.content["steps"][0]["images"][0]["sha256"]
    address = f"/procedures/{version.number}/working-copy/images/{digest}/"
    assert signed_in(other).get(address).status_code == 200


def test_a_version_called_off_tells_nobody_outside_anything() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, audience="public", title="Secret title")
    submit(page, owner, effective_from=timezone.now() + timedelta(days=1))
    version = make.approve(page, by=staff)
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Internal reason")
    for address in (page.get_absolute_url(), version.get_absolute_url()):
        assert Client().get(address).status_code == 404
    copy = Client().get(f"/copies/{page.number}/1.0/{version.sha256[:16]}/").content.decode()
    assert "Internal reason" not in copy


def test_a_withdrawn_procedure_says_so_although_the_next_version_is_scheduled(version) -> None:
    staff, owner = make.documentation_staff(), version.last_editor
    edit(version, 0, "Later.", owner)
    submit(page_of(version), owner, effective_from=timezone.now() + timedelta(days=1))
    make.approve(page_of(version), by=staff)
    releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Dangerous")
    response = signed_in(make.field_engineer()).get(version.page.get_absolute_url())
    assert (response.status_code, "Dangerous" in response.content.decode()) == (410, True)


def test_one_hand_does_not_sign_for_all_whom_a_plan_asks(version) -> None:
    one, other, hand = make.field_engineer(), make.field_engineer(), make.documentation_staff()
    plan({"people": [one]}, {"people": [other]}, {"people": [hand, make.documentation_staff()]})
    stand_in(hand, one)
    stand_in(hand, other)
    edit(version, 0, "Wait 50 minutes.", version.last_editor)
    release = submit(page_of(version), version.last_editor)
    sign(release, 1, hand, on_behalf_of=one)
    with pytest.raises(NotAllowed, match="signed this release already"):
        sign(release, 2, hand, on_behalf_of=other)
    sign(release, 2, other)
    with pytest.raises(NotAllowed, match="signed this release already"):
        sign(release, 3, hand)


def test_a_person_counts_once_a_stage_whoever_holds_the_pen(version) -> None:
    one, other, deputy, second = (make.field_engineer() for _ in range(4))
    plan({"people": [one, other], "needed": 2})
    stand_in(deputy, one)
    stand_in(second, one)
    edit(version, 0, "Wait 50 minutes.", version.last_editor)
    release = submit(page_of(version), version.last_editor)
    sign(release, 1, deputy, on_behalf_of=one)
    for person, name in ((one, None), (second, one)):
        with pytest.raises(NotAllowed, match="in that name already"):
            sign(release, 1, person, on_behalf_of=name)
    sign(release, 1, other)
    assert Release.objects.get(pk=release.pk).version is not None


def test_nobody_appoints_themselves_and_no_customer_signs(version) -> None:
    staff, away, customer = make.documentation_staff(), make.field_engineer(), make.make_user()
    day = str(timezone.localdate())
    form = {"delegator": away.pk, "delegate": staff.pk, "starts_on": day, "ends_on": day}
    page = signed_in(staff).post("/admin/snippets/review/delegation/add/", form)
    assert "Somebody else must name you." in page.content.decode()
    page = signed_in(staff).post("/admin/snippets/review/delegation/add/", {**form, "delegate": customer.pk})
    assert "cannot read what is signed" in page.content.decode()
    assert not Delegation.objects.exists()
    with pytest.raises(ValidationError):
        Delegation(delegator=away, delegate=customer, starts_on=day, ends_on=day).full_clean()


@pytest.mark.parametrize("change", ["a task more", "none left", "a task stopped"])
def test_changing_the_workflow_changes_no_review_under_way(version, change: str) -> None:
    one, other = make.field_engineer(), make.field_engineer()
    plan({"people": [one]}, {"people": [other]})
    edit(version, 0, "Wait 50 minutes.", version.last_editor)
    release = submit(page_of(version), version.last_editor)
    workflow = Workflow.objects.get(name="Plan")
    if change == "a task more":
        extra = ReviewTask.objects.create(name="Extra")
        WorkflowTask.objects.create(workflow=workflow, task=extra.task_ptr, sort_order=1)
    elif change == "none left":
        WorkflowTask.objects.filter(workflow=workflow).delete()
    else:
        ReviewTask.objects.get(name="Stage 1").deactivate()
    sign(release, 1, one)
    assert states(release) == "co"
    sign(release, 2, other)
    assert page_of(version).versions.effective().get().label == "1.1"


def test_a_question_without_a_letter_has_an_address() -> None:
    from procedures.models import FaqPage

    first, second = make.faq_entry("？？？", slug=""), make.faq_entry("!!!", slug="")
    assert first.slug
    assert second.slug
    assert FaqPage.objects.filter(slug="").count() == 0
