"""The CMS admin around the loop: no door releases, a save takes nothing back, a first save works."""

import re

import pytest
from wagtail.test.utils.form_data import nested_form_data

from kb.accounts.roles import ADMINISTRATOR
from procedures.models import FaqPage, ProcedureIndexPage, ProcedurePage
from review import deciding, landing, proposing
from tests import factories as make
from tests.factories import signed_in
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db


def build() -> int:
    return make.released(
        steps=[make.step("a", body="Wait 5 minutes."), make.step("b", body="Other step.")]
    ).pk


def test_a_new_procedure_is_saved_without_a_word_about_its_address() -> None:
    owner = make.procedure_owner()
    folder = ProcedureIndexPage.objects.get()
    for number, title in (
        ("SOP-NEW", "Typed title"),
        ("SOP-2", "更换风扇"),
        ("SOP-3.1", "***"),
        ("SOP-4", "Typed title"),
    ):
        response = signed_in(owner).post(
            f"/admin/pages/add/procedures/procedurepage/{folder.pk}/", desk_form(number=number, title=title)
        )
        assert response.status_code == 302, response.content.decode()
        page = ProcedurePage.objects.get(number=number)
        assert page.slug
        assert page.procedure_owner == owner


def test_the_add_page_submits_nothing_even_when_asked_to() -> None:
    client = signed_in(make.procedure_owner())
    address = f"/admin/pages/add/procedures/procedurepage/{ProcedureIndexPage.objects.get().pk}/"
    assert "action-submit" not in client.get(address).content.decode()
    client.post(address, desk_form(**{"action-submit": "1"}))
    page = ProcedurePage.objects.get(number="SOP-NEW")
    assert not page.workflow_in_progress


def test_the_editor_refuses_to_save_over_an_accepted_edit(version) -> None:
    owner = version.last_editor
    page = ProcedurePage.objects.get(pk=version.page_id)
    client = signed_in(owner)
    loaded = page.latest_revision_id
    suggestion = proposing.suggest(
        version=version, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=suggestion, by=owner)
    for known in ({"loaded_revision_id": str(loaded)}, {}):
        response = client.post(f"/admin/pages/{page.pk}/edit/", desk_form(number=page.number, **known))
        assert response.status_code == 200
        assert "after you opened it" in response.content.decode()
        assert "Typed title" in response.content.decode()
    page = ProcedurePage.objects.get(pk=page.pk)
    assert make.text_of(landing.working_copy(page), "a", "body") == "Wait 10 minutes."


def test_a_faq_entry_is_not_saved_over_a_newer_one() -> None:
    entry, staff = make.faq_entry("How loud is it?"), make.documentation_staff()
    entry.save_revision(user=staff)
    address, client = f"/admin/pages/{entry.pk}/edit/", signed_in(staff)
    loaded = re.findall(
        r'name="(loaded_revision_[a-z_]+)" value="([^"]*)"', client.get(address).content.decode()
    )
    mine = nested_form_data(
        {
            "title": "How loud may it be?", "slug": entry.slug, "answer": "60 dB.", "language": "en",
            "audience": "public", "category": str(entry.category_id), **dict(loaded),
        }
    )  # fmt: skip
    other = FaqPage.objects.get(pk=entry.pk)
    other.answer = "70 dB."
    other.save_revision(user=staff)
    text = client.post(address, mine).content.decode()
    assert "after you opened it" in text
    assert "60 dB." in text
    assert FaqPage.objects.get(pk=entry.pk).get_latest_revision_as_object().answer == "70 dB."
    loaded = re.findall(
        r'name="(loaded_revision_[a-z_]+)" value="([^"]*)"', client.get(address).content.decode()
    )
    assert client.post(address, mine | dict(loaded)).status_code == 302
    assert FaqPage.objects.get(pk=entry.pk).get_latest_revision_as_object().answer == "60 dB."


def test_a_form_that_lacks_what_the_page_sent_is_a_bad_request(version) -> None:
    client = signed_in(make.documentation_staff())
    whole = desk_form(number=version.number)
    maimed = [
        {name: value for name, value in whole.items() if name != "steps-count"},
        {name: value for name, value in whole.items() if not name.startswith("applicability-")},
        whole | {"overwrite_revision_id": "abc"},
        {},
    ]
    for form in maimed:
        assert client.post(f"/admin/pages/{version.page_id}/edit/", form).status_code in (200, 400)
    admin = signed_in(make.make_user("", ADMINISTRATOR))
    for page in ("abc", "99999"):
        answer = admin.post("/admin/snippets/review/reviewplan/add/", {"page": page, "workflow": "x"})
        assert answer.status_code in (200, 400)


def test_no_door_of_the_editing_desk_releases_copies_or_takes_down(version) -> None:
    staff = make.documentation_staff()
    page = ProcedurePage.objects.get(pk=version.page_id)
    tester = page.permissions_for_user(staff)
    for door in ("publish", "unpublish", "submit_for_moderation", "copy", "delete", "move"):
        assert not getattr(tester, f"can_{door}")(), door
    assert tester.can_edit()
    assert not page.permissions_for_user(make.procedure_owner()).can_edit()  # somebody else's
    folder = page.get_parent().specific.permissions_for_user(staff)
    assert not (folder.can_unpublish())
    assert not (folder.can_delete())
    assert not (folder.can_copy())


@pytest.mark.parametrize(
    "path",
    [
        "/admin/pages/search/?q=a%22",
        "/admin/images/?q=a%22",
        "/admin/pages/?q=x",
        "/admin/choose-page/search/?q=断",
    ],
)
def test_the_editing_desk_searches_without_falling_over(version, path: str) -> None:
    assert signed_in(make.documentation_staff()).get(path).status_code in (200, 302)


@pytest.mark.parametrize("query", ["SOP-77.1", "op-77", "the fan sop-77.1", "扇"])
def test_the_editing_desk_finds_a_procedure_by_its_number_or_words(query: str) -> None:
    make.released(number="SOP-77.1", title="Replace the fan 风扇")
    page = signed_in(make.documentation_staff()).get("/admin/pages/search/", {"q": query}).content.decode()
    assert "SOP-77.1 Replace the fan" in page
