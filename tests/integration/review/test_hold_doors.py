"""Every door to a procedure on hold: readers are stopped or told, who answers for it reads on."""
# the fixtures are test_holds'

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.tickets.models import ProcedureUse
from kb.tickets.queries import offered_versions, use_rows
from procedures import printing
from procedures.models import ProcedureVersion
from review import landing, releasing
from review.models import Acknowledgement, Hold, Suggestion
from tests import factories as make
from tests.factories import signed_in
from tests.integration.audit.conftest import plan
from tests.integration.review.test_holds import INSTEAD, STEP, WHY, build, hold, lift, owner, place, text

pytestmark = pytest.mark.django_db
__all__ = ["build", "hold", "owner"]


def readers() -> list[tuple[str, Client]]:
    return [("engineer", signed_in(make.field_engineer())), ("customer", signed_in(make.make_user()))]


def test_every_reading_door_stops_readers(hold: Hold, version: ProcedureVersion) -> None:
    number = version.number
    for who, client in readers():
        assert client.get(f"/procedures/{number}/latest/").url == f"/procedures/{number}/v/1.0/"
        for address, status in (
            (f"/procedures/{number}/", 200),
            (f"/procedures/{number}/v/1.0/", 200),
            (f"/procedures/{number}/?on-hold=read", 200),
            (f"/procedures/{number}/v/1.0/pdf/", 409),
            (f"/procedures/{number}/v/1.0/pdf/?on-hold=read", 409),
            *([(f"/procedures/{number}/compare/?from=1.0&to=1.0", 200)] if who == "engineer" else []),
        ):
            page = text(client, address, status)
            assert STEP not in page, address
            assert WHY in page
            assert INSTEAD in page
            assert f"{hold.placed_at:%Y-%m-%d}" in page
            assert 'lang="zh-Hans">' in page
            assert "on-hold=read" not in page.split("<main", 1)[1], "nobody else is offered to read on"
            assert ("the.owner" in page) == (who == "engineer"), "the name is for the staff"


def test_an_older_version_is_stopped_with_it(version: ProcedureVersion, owner: User) -> None:
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Second text."
    draft.save_revision(user=owner)
    make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Second")
    place(version.page, owner)
    for label in ("1.0", "1.1"):
        page = text(signed_in(make.field_engineer()), f"/procedures/{version.number}/v/{label}/")
        assert WHY in page
        assert STEP not in page
        assert "Second text." not in page


def test_who_answers_for_it_or_reviews_it_reads_on_under_the_warning(
    hold: Hold, version: ProcedureVersion, owner: User
) -> None:
    staff = make.documentation_staff()
    for person in (owner, staff):
        client = signed_in(person)
        stopped = text(client, f"/procedures/{version.number}/")
        assert STEP not in stopped
        assert f"/procedures/{version.number}/?on-hold=read" in stopped
        assert f"/review/{version.number}/hold/" in stopped
        page = text(client, f"/procedures/{version.number}/?on-hold=read")
        assert page.index(WHY) < page.index(STEP)
        assert f"/procedures/{version.number}/v/1.0/pdf/?on-hold=read" in page


def test_a_reviewer_reads_on(version: ProcedureVersion, owner: User) -> None:
    reviewer, bystander = make.field_engineer(), make.field_engineer()
    plan({"name": "Technique", "meaning": "technical", "people": [reviewer]})
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Open it at once."
    draft.save_revision(user=owner)
    releasing.submit_for_release(page=draft, by=owner, change_summary="x", significance="major")
    place(version.page, owner)
    address = f"/procedures/{version.number}/?on-hold=read"
    assert STEP in text(signed_in(reviewer), address)
    assert STEP not in text(signed_in(bystander), address)


def test_a_copy_printed_by_who_reads_on_says_so(hold: Hold, version: ProcedureVersion, owner: User) -> None:
    html = printing.version_html(version, address="/x", printed_at=timezone.now(), printed_by=owner)
    assert "do not use" in html
    assert WHY in html


def test_the_code_on_paper_says_on_hold_to_whoever_holds_it(hold: Hold, version: ProcedureVersion) -> None:
    address = f"/copies/{version.number}/1.0/{version.sha256[:16]}/"
    for client, reads in ((Client(), False), (signed_in(make.make_user()), True)):
        page = text(client, address)
        assert "On hold: do not use" in page
        assert "This copy is in force" not in page
        assert (WHY in page) == (INSTEAD in page) == reads


def test_lists_codes_search_and_home_mark_it(hold: Hold, version: ProcedureVersion) -> None:
    code = version.error_codes.get()
    badge = '<span class="badge badge--critical">On hold</span>'
    for _who, client in readers():
        for address in ("/procedures/", "/", f"/search/?q={version.number}", code.get_absolute_url()):
            page = text(client, address)
            assert badge in page, address
            assert STEP not in page, address
        assert "On hold" in text(client, f"/search/suggest/?q={version.number}")


def test_the_guide_that_a_code_leads_to_says_so_first(owner: User) -> None:
    line = make.product_line()
    make.releases(line, "1.0")
    model = make.machine_model(line)
    code = make.error_code(line)
    guide = make.released(owner=owner, product_line=line, error_codes=[code], applies_to=[{"model": model}])
    place(guide.page, owner)
    page = text(signed_in(make.field_engineer()), f"{code.get_absolute_url()}?model={model.code}")
    assert "This guide is on hold: do not use it." in page


def test_lists_cost_no_query_more(
    version: ProcedureVersion, owner: User, django_assert_num_queries: Any
) -> None:
    client = signed_in(make.field_engineer())
    client.get("/procedures/")
    with CaptureQueriesContext(connection) as before:
        client.get("/procedures/")
    place(version.page, owner)
    make.released()
    with django_assert_num_queries(len(before)):
        client.get("/procedures/")


def test_a_stopped_page_costs_few_queries(
    hold: Hold, version: ProcedureVersion, owner: User, django_assert_max_num_queries: Any
) -> None:
    for person in (make.field_engineer(), owner):
        client = signed_in(person)
        client.get(f"/procedures/{version.number}/")
        with django_assert_max_num_queries(12):
            client.get(f"/procedures/{version.number}/")


def test_a_ticket_says_that_what_it_used_is_on_hold(version: ProcedureVersion, owner: User) -> None:
    use = ProcedureUse(version=version)
    engineer = make.field_engineer()
    assert not use_rows([use], engineer)[0].on_hold
    place(version.page, owner)
    assert use_rows([use], engineer)[0].on_hold
    (offered,) = offered_versions(machine=None, error_code=None, user=engineer)
    assert offered.on_hold


def test_what_is_asked_to_be_read_is_stopped_too(version: ProcedureVersion, owner: User) -> None:
    reader = make.field_engineer()
    Acknowledgement.objects.create(
        version=version, person=reader, asked_at=timezone.now(), due_on=timezone.localdate()
    )
    address = f"/review/{version.number}/read/"
    assert STEP in text(signed_in(reader), address)
    place(version.page, owner)
    page = text(signed_in(reader), address)
    assert WHY in page
    assert STEP not in page


def test_lifting_opens_the_doors_again(hold: Hold, version: ProcedureVersion, owner: User) -> None:
    lift(hold, owner)
    for _who, client in readers():
        page = text(client, f"/procedures/{version.number}/")
        assert STEP in page
        assert WHY not in page
    assert "This copy is in force" in text(Client(), f"/copies/{version.number}/1.0/{version.sha256[:16]}/")


def test_a_release_that_goes_into_force_lifts_nothing(
    hold: Hold, version: ProcedureVersion, owner: User
) -> None:
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Safe text."
    draft.save_revision(user=owner)
    staff = make.documentation_staff()
    assert "On hold since" in text(signed_in(staff), f"/review/{version.number}/working-copy/")
    make.release(version.page, by=owner, approver=staff, summary="Safe")
    assert Hold.objects.open().get() == hold
    for address in (f"/procedures/{version.number}/", f"/procedures/{version.number}/v/1.1/"):
        page = text(signed_in(make.field_engineer()), address)
        assert WHY in page
        assert "Safe text." not in page
    lift(hold, owner)
    assert "Safe text." in text(signed_in(make.field_engineer()), f"/procedures/{version.number}/")


def test_the_stop_page_speaks_the_readers_language(hold: Hold, version: ProcedureVersion) -> None:
    reader = make.field_engineer()
    reader.language = "zh-hans"
    reader.save()
    page = text(signed_in(reader), f"/procedures/{version.number}/")
    assert '<html lang="zh-Hans">' in page
    assert WHY in page
    # Both languages, whichever is the reader's: the sign is read by whoever stands beside.
    assert '<strong lang="en">On hold: do not use</strong>' in page
    assert '<strong lang="zh-Hans">' in page


def test_who_proposes_an_edit_is_told_of_the_hold_and_not_stopped(
    hold: Hold, version: ProcedureVersion
) -> None:
    engineer = signed_in(make.field_engineer())
    for address in ("edit/", "steps/a/edit/"):
        page = text(engineer, f"/review/{version.number}/v/1.0/{address}")
        assert WHY in page
        assert INSTEAD in page
    form = {"title": "Switch off", "body": "Open it with both hands.", "reason": "It slips"}
    engineer.post(f"/review/{version.number}/v/1.0/steps/a/edit/", form)
    assert Suggestion.objects.get().reason == "It slips"
    lift(hold, hold.placed_by)
    assert WHY not in text(engineer, f"/review/{version.number}/v/1.0/edit/")


def test_an_export_says_which_are_on_hold_and_its_files_are_as_released(
    version: ProcedureVersion, owner: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make.released()
    call_command("export_procedures", tmp_path / "before", verbosity=0)
    assert capsys.readouterr().err == ""
    place(version.page, owner)
    call_command("export_procedures", tmp_path / "after", verbosity=0)
    said = capsys.readouterr().err
    assert version.number in said
    assert other.number not in said
    for number in (version.number, other.number):
        before, after = ((tmp_path / when / f"{number}.md").read_bytes() for when in ("before", "after"))
        assert before == after
