"""Who may be a procedure's owner, and when naming another one takes effect."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from procedures.models import ProcedurePage, ProcedureVersion
from review import landing
from tests import factories as make
from tests.factories import signed_in
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db


def build() -> int:
    """In force, made by documentation staff: only being its owner lets Oscar edit it."""
    staff = make.documentation_staff()
    page = make.working_copy(by=staff, procedure_owner=make.procedure_owner("oscar"))
    return make.release(page, by=staff, approver=make.documentation_staff()).pk


def loaded(client: Any, page: Any) -> dict[str, str]:
    text = client.get(f"/admin/pages/{page.pk}/edit/").content.decode()
    return dict(re.findall(r'name="(loaded_revision_[a-z_]+)" value="([^"]*)"', text))


def stored(version: ProcedureVersion) -> ProcedurePage:
    return ProcedurePage.objects.get(pk=version.page_id)


def test_autosave_stores_the_text_and_gives_nothing_away(version) -> None:
    page = stored(version)
    oscar, olivia = page.procedure_owner, make.procedure_owner("olivia")
    client, address = signed_in(oscar), f"/admin/pages/{page.pk}/edit/"
    mine = desk_form(number=page.number, procedure_owner=str(olivia.pk), team="South") | loaded(client, page)
    saved = client.post(address, mine | {"title": "First words"}, HTTP_ACCEPT="application/json")
    assert saved.json()["success"], saved.content
    assert (stored(version).procedure_owner, stored(version).team) == (oscar, "")
    assert stored(version).get_latest_revision_as_object().title == "First words"

    own = {"overwrite_revision_id": str(saved.json()["revision_id"])}
    again = client.post(address, mine | own | {"title": "More words"}, HTTP_ACCEPT="application/json")
    assert again.json()["success"], again.content
    done = client.post(address, mine | own | {"title": "All words"}, follow=True)
    assert done.status_code == 200
    assert "do not have permission" not in done.content.decode()
    page = stored(version)
    assert (page.procedure_owner, page.team) == (olivia, "South")
    assert page.get_latest_revision_as_object().title == "All words"


def test_autosave_of_what_was_never_released_gives_nothing_away_either() -> None:
    otto, olivia = make.procedure_owner("otto"), make.procedure_owner("olivia")
    page = make.working_copy(by=make.documentation_staff(), procedure_owner=otto)
    client = signed_in(otto)
    mine = desk_form(number=page.number, procedure_owner=str(olivia.pk)) | loaded(client, page)
    saved = client.post(f"/admin/pages/{page.pk}/edit/", mine, HTTP_ACCEPT="application/json")
    assert saved.json()["success"], saved.content
    assert ProcedurePage.objects.get(pk=page.pk).procedure_owner == otto


def test_the_desk_offers_only_people_who_can_act(version) -> None:
    page, staff = stored(version), make.documentation_staff()
    customer, engineer, olivia = make.make_user("carla"), make.field_engineer("felix"), make.procedure_owner()
    type(olivia).objects.filter(pk=(gone := make.procedure_owner("gone")).pk).update(is_active=False)
    client = signed_in(staff)
    text = client.get(f"/admin/pages/{page.pk}/edit/").content.decode()
    (choices,) = re.findall(r'<select name="procedure_owner".*?</select>', text, re.DOTALL)
    offered = {int(pk) for pk in re.findall(r'value="(\d+)"', choices)}
    assert {olivia.pk, staff.pk, page.procedure_owner_id} <= offered
    assert not {customer.pk, engineer.pk, gone.pk} & offered
    mine = desk_form(number=page.number, procedure_owner=str(engineer.pk)) | loaded(client, page)
    answer = client.post(f"/admin/pages/{page.pk}/edit/", mine)
    assert answer.status_code == 200
    assert "nobody else can act on it" in answer.content.decode()
    assert "Typed title" in answer.content.decode()


def test_no_save_names_an_owner_who_cannot_act(version) -> None:
    draft = landing.working_copy(stored(version))
    draft.procedure_owner = make.field_engineer()
    with pytest.raises(ValidationError, match="nobody else can act on it"):
        draft.save_revision(user=version.last_editor)


def test_an_owner_who_left_does_not_stop_the_text_from_being_saved(version) -> None:
    page, staff = stored(version), make.documentation_staff()
    page.procedure_owner.groups.clear()
    client = signed_in(staff)
    mine = desk_form(number=page.number, procedure_owner=str(page.procedure_owner_id)) | loaded(client, page)
    assert client.post(f"/admin/pages/{page.pk}/edit/", mine).status_code == 302
    assert stored(version).procedure_owner == page.procedure_owner
    assert stored(version).get_latest_revision_as_object().title == "Typed title"
