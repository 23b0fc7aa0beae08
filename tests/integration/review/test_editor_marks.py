"""The open marks of each step in the editing desk, and an editor that was open while one of them was accepted."""

import re
from typing import Any

import pytest

from procedures.models import ProcedurePage, ProcedureVersion
from review import deciding, landing, proposing, threads
from review.editor_marks import marked_steps
from review.proposing import StepEdit, new_step_id
from tests import factories as make
from tests.factories import signed_in
from tests.factories.desk import desk_form

pytestmark = pytest.mark.django_db


def build() -> int:
    steps = [make.step(name, title=f"Title {name}", body=f"Do {name}. Wait 5 minutes.") for name in "abc"]
    return make.released(owner=make.procedure_owner(), steps=steps).pk


def propose(version: ProcedureVersion, step: str, reason: str) -> Any:
    return proposing.suggest(
        version=version,
        changes={(step, "body"): f"Do {step}. {reason}"},
        reason=reason,
        by=make.field_engineer(),
    )


def editor(version: ProcedureVersion) -> str:
    return f"/admin/pages/{version.page_id}/edit/"


def test_the_editor_lists_the_open_marks_by_step_with_links_to_their_decision(version) -> None:
    edit = propose(version, "b", "Wait longer")
    done = propose(version, "c", "Refused since")
    deciding.refuse(suggestion=done, by=version.last_editor, answer="No.")
    thread = threads.start_thread(
        version=version, step_id="b", kind="safety", text="It burns", by=make.field_engineer()
    )
    threads.start_thread(
        version=version, step_id="", kind="question", text="All of it?", by=make.field_engineer()
    )
    page = signed_in(version.last_editor).get(editor(version)).content.decode()
    listed = page[page.index('id="open-marks"') :]
    listed = listed[: listed.index("</details>")]
    assert "3 open marks" in listed
    (step,) = re.findall(r'<section data-marked-step="b">(.*?)</section>', listed, re.DOTALL)
    assert 'href="#block-b-section"' in step
    assert "Title b" in step
    assert step.index("It burns") < step.index("Wait longer")
    assert f'href="/review/edits/{edit.pk}/" target="_blank"' in step
    assert f'href="/review/threads/{thread.pk}/" target="_blank"' in step
    assert "All of it?" in listed
    assert "Refused since" not in listed
    assert "js/desk-marks" in page


def test_a_new_step_is_listed_where_it_is_to_come_and_nothing_where_nothing_is_open(version) -> None:
    owner = version.last_editor
    assert 'id="open-marks"' not in signed_in(owner).get(editor(version)).content.decode()
    for after in ("b", landing.FIRST):
        edits = [StepEdit(new_step_id(), {"title": "New", "body": "Do it."}, after=after, adds=True)]
        proposing.propose(version=version, edits=edits, reason=f"After {after}", by=make.field_engineer())
    page = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    found = {step.step_id: [edit.reason for edit in step.edits] for step in marked_steps(page)}
    assert found == {"a": ["After"], "b": ["After b"]}


def test_a_mark_on_a_step_that_the_working_copy_lost_is_listed_at_the_end(version) -> None:
    propose(version, "c", "Wait longer")
    page = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    del page.steps[2]
    page.save_revision(user=version.last_editor)
    page = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    (last,) = marked_steps(page)
    assert last.number is None
    text = signed_in(version.last_editor).get(editor(version)).content.decode()
    assert "on steps that it no longer has" in text


def test_whoever_makes_a_new_procedure_sees_no_marks() -> None:
    from procedures.models import ProcedureIndexPage

    folder = ProcedureIndexPage.objects.get()
    page = signed_in(make.procedure_owner()).get(f"/admin/pages/add/procedures/procedurepage/{folder.pk}/")
    assert page.status_code == 200
    assert 'id="open-marks"' not in page.content.decode()


@pytest.mark.parametrize("autosave", [False, True])
def test_an_editor_opened_before_an_acceptance_saves_nothing_over_it_and_loses_nothing(
    version, autosave: bool
) -> None:
    """As a browser does it: open, accept in another tab, save what was typed, then open again and save."""
    edit = propose(version, "b", "Wait 50 minutes.")
    client, address = signed_in(version.last_editor), editor(version)
    form = r'name="(loaded_revision_[a-z_]+)" value="([^"]*)"'
    loaded = dict(re.findall(form, client.get(address).content.decode()))
    assert loaded
    data = {"decision": "accept", "answer": "", "seen": ""}
    decision = client.get(f"/review/edits/{edit.pk}/").content.decode()
    data["seen"] = re.findall(rf'name="d{edit.pk}-seen" value="([^"]*)"', decision)[0]
    final = re.findall(rf'<textarea name="d{edit.pk}-final-body"[^>]*>\s*([^<]*)</textarea>', decision)
    data |= {"final-body": final[0]} if final else {}
    client.post(f"/review/edits/{edit.pk}/", {f"d{edit.pk}-{name}": value for name, value in data.items()})
    edit.refresh_from_db()
    assert edit.status == "accepted"
    page = ProcedurePage.objects.get(pk=version.page_id)
    revision = page.latest_revision_id

    typed = desk_form(number=page.number, title="Typed meanwhile", **loaded)
    accept = {"headers": {"accept": "application/json"}} if autosave else {}
    answer = client.post(address, typed, **accept)
    if autosave:
        assert answer.status_code == 400
        assert answer.json()["error_code"] == "invalid_revision"
    else:
        assert answer.status_code == 200
        assert "Typed meanwhile" in answer.content.decode()
        assert "after you opened it" in answer.content.decode()
        # What the refusal shows is still the old text: sending it once more is refused as well.
        again = dict(re.findall(form, answer.content.decode()))
        assert "after you opened it" in client.post(address, typed | again).content.decode()
    page = ProcedurePage.objects.get(pk=version.page_id)
    assert page.latest_revision_id == revision
    assert make.text_of(landing.working_copy(page), "b") == "Do b. Wait 50 minutes."

    fresh = client.get(address).content.decode()
    assert 'id="open-marks"' not in fresh
    loaded = dict(re.findall(form, fresh))
    assert client.post(address, typed | loaded).status_code == 302
    assert landing.working_copy(ProcedurePage.objects.get(pk=version.page_id)).title == "Typed meanwhile"
