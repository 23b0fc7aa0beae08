"""What was signed in somebody's place rests on the delegation: it changes only for the time to come."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from review import delegating, releasing
from review.models import Delegation
from tests import factories as make
from tests.factories import signed_in
from tests.integration.review.test_plans import plan, sign, submit

pytestmark = pytest.mark.django_db

LIST = "/admin/snippets/review/delegation/"


def delegation(first: int, last: int, **people: Any) -> Delegation:
    """From so many days from today to so many."""
    today = timezone.localdate()
    people = people or {"delegator": make.field_engineer(), "delegate": make.field_engineer()}
    return Delegation.objects.create(
        starts_on=today + timedelta(days=first), ends_on=today + timedelta(days=last), **people
    )


def signed(found: Delegation) -> Any:
    """A release that the delegate has signed in the other's place, and that waits for one more."""
    owner = make.procedure_owner()
    plan({"people": [found.delegator]}, {"people": [make.field_engineer()]})
    release = submit(make.working_copy(by=owner, procedure_owner=owner), owner)
    sign(release, 1, found.delegate, on_behalf_of=found.delegator)
    return release


def edit(found: Delegation, **fields: Any) -> str:
    """What the editing desk answers to this change."""
    form = {
        "delegator": found.delegator_id, "delegate": found.delegate_id,
        "starts_on": str(found.starts_on), "ends_on": str(found.ends_on), **fields,
    }  # fmt: skip
    client = signed_in(make.documentation_staff())
    return client.post(f"{LIST}edit/{found.pk}/", form, follow=True).content.decode()


def delete_everywhere(found: Delegation) -> list[str]:
    """Try each door; what the desk says, for one and for a selection."""
    for delete in (found.delete, Delegation.objects.filter(pk=found.pk).delete):
        with pytest.raises(models.ProtectedError), transaction.atomic():
            delete()
    client = signed_in(make.documentation_staff())
    addresses = (f"{LIST}delete/{found.pk}/", f"/admin/bulk/review/delegation/delete/?id={found.pk}")
    return [client.post(address, follow=True).content.decode() for address in addresses]


def test_one_that_is_over_stays_as_it_is() -> None:
    past = delegation(-9, -2)
    assert all("is over and stays on record" in said for said in delete_everywhere(past))
    today = str(timezone.localdate())
    assert "is over and cannot be changed" in edit(past, ends_on=today)
    page = signed_in(make.documentation_staff()).get(f"{LIST}edit/{past.pk}/", follow=True)
    assert "is over and cannot be changed" in page.content.decode()
    past.ends_on = timezone.localdate()
    with pytest.raises(ValidationError):
        past.save()
    assert Delegation.objects.get().ends_on == timezone.localdate() - timedelta(days=2)


def test_of_one_that_has_begun_only_the_last_day_changes() -> None:
    running, other, today = delegation(-3, 5), make.field_engineer(), timezone.localdate()
    assert all("has begun and stays on record" in said for said in delete_everywhere(running))
    for field, value in (
        ("delegator", other.pk), ("delegate", other.pk), ("starts_on", str(today - timedelta(days=5))),
    ):  # fmt: skip
        assert "only its last day can be changed" in edit(running, **{field: value})
    assert "cannot be before" in edit(running, ends_on=str(today - timedelta(days=2)))
    before = running.ends_on
    running.refresh_from_db()
    assert (running.delegate != other, running.ends_on) == (True, before)
    edit(running, ends_on=str(today + timedelta(days=1)))
    running.refresh_from_db()
    assert running.ends_on == today + timedelta(days=1)
    delegating.end(delegation=running, by=running.delegator)
    running.refresh_from_db()
    assert running.ends_on == today - timedelta(days=1)


def test_one_of_days_to_come_changes_and_goes() -> None:
    later, other = delegation(2, 5), make.field_engineer()
    edit(later, delegate=other.pk)
    later.refresh_from_db()
    assert later.delegate == other
    client = signed_in(make.documentation_staff())
    client.post(f"{LIST}delete/{later.pk}/")
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("first", [0, -4])
def test_one_that_was_signed_under_today_ends_with_today(first: int) -> None:
    found = delegation(first, 5)
    signed(found)
    answer = signed_in(found.delegator).post(f"/review/delegations/{found.pk}/end/", follow=True)
    assert "a signature given today rests on it" in answer.content.decode()
    found.refresh_from_db()
    assert found.ends_on == timezone.localdate()
    assert all("has begun and stays on record" in said for said in delete_everywhere(found))
    yesterday = str(timezone.localdate() - timedelta(days=1))
    assert "cannot be before" in edit(found, ends_on=yesterday) or first == 0  # that is before its first day


def test_one_of_today_under_which_nothing_valid_was_signed_goes_at_once() -> None:
    unused, void = delegation(0, 5), delegation(0, 5)
    release = signed(void)
    releasing.take_back(release=release, by=release.submitted_by)
    for found in (unused, void):
        answer = signed_in(found.delegator).post(f"/review/delegations/{found.pk}/end/", follow=True)
        assert "Ended." in answer.content.decode()
    assert not Delegation.objects.exists()
