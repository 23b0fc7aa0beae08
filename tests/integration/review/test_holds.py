"""A procedure on hold: who may, what is refused, which doors are shut, and who is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.tickets.models import ProcedureUse
from kb.tickets.queries import offered_versions, use_rows
from procedures import printing
from procedures.audit.records import page_numbered, procedure_record
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import actions, duties, holding, releasing, threads
from review.models import Acknowledgement, Hold, Notice, NoticeKind
from tests import factories as make
from tests.factories import PASSWORD, signed_in
from tests.integration.audit.conftest import plan, verify

pytestmark = pytest.mark.django_db
WHY, INSTEAD, STEP = (
    "The clamp slips under load.",
    "Lower the load and call support.",
    "Open the clamp slowly.",
)


def place(page: ProcedurePage, by: Any, **fields: Any) -> Hold:
    return holding.place(
        page=page, by=by, **{"password": PASSWORD, "reason": WHY, "instead": INSTEAD, **fields}
    )


def lift(hold: Hold, by: Any, **fields: Any) -> Hold:
    return holding.lift(hold=hold, by=by, **{"password": PASSWORD, "reason": "The clamp is fixed.", **fields})


@pytest.fixture
def owner() -> User:
    return make.procedure_owner("the.owner")


@pytest.fixture
def version(owner: User) -> ProcedureVersion:
    """Version 1.0 of a procedure for customers, with one step and an error code."""
    line = make.product_line()
    return make.released(
        owner=owner,
        audience="customer",
        product_line=line,
        error_codes=[make.error_code(line, "E-77")],
        steps=[make.step("a", body=STEP)],
    )


@pytest.fixture
def hold(version: ProcedureVersion, owner: User) -> Hold:
    return place(version.page, owner)


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.status_code
    return response.content.decode()


# ---------- who may, and what is refused ----------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reason": " \n"}, "Say why it is put on hold"),
        ({"instead": ""}, "Say what to do instead"),
        ({"password": "no"}, "The password is not right"),
    ],
)
def test_a_hold_without_its_texts_or_signature_is_refused(
    version: ProcedureVersion, owner: User, fields: Any, reason: str
) -> None:
    with pytest.raises(NotAllowed, match=reason):
        place(version.page, owner, **fields)
    assert not Hold.objects.exists()
    assert AuditEvent.objects.filter(kind="password_refused").exists() == ("password" in fields)


def test_only_who_answers_for_it_places_and_lifts(version: ProcedureVersion, owner: User) -> None:
    for other in (make.field_engineer(), make.procedure_owner()):
        with pytest.raises(PermissionDenied):
            place(version.page, other)
    hold = place(version.page, make.documentation_staff())
    for other in (make.field_engineer(), make.procedure_owner()):
        with pytest.raises(PermissionDenied):
            lift(hold, other)
    lifted = lift(hold, owner)
    assert (lifted.lifted_by, lifted.lifted_name, lifted.is_open) == (owner, str(owner), False)


def test_a_second_hold_and_a_second_lift_are_refused(
    hold: Hold, version: ProcedureVersion, owner: User
) -> None:
    with pytest.raises(NotAllowed, match="on hold already"):
        place(version.page, make.documentation_staff())
    lift(hold, owner)
    with pytest.raises(NotAllowed, match=r"lifted by the\.owner already"):
        lift(hold, owner)
    again = place(version.page, owner)
    assert again.pk != hold.pk
    with pytest.raises(NotAllowed, match="Say why it can be used again"):
        lift(again, owner, reason=" ")
    with pytest.raises(NotAllowed, match="The password is not right"):
        lift(again, owner, password="no")


def test_what_is_not_in_force_is_not_put_on_hold(owner: User) -> None:
    draft = make.working_copy(by=owner, procedure_owner=owner)
    with pytest.raises(NotAllowed, match="No version of it is in force"):
        place(draft, owner)


def test_the_database_keeps_a_hold_as_it_was_signed(hold: Hold, owner: User) -> None:
    now = timezone.now()
    for change in (
        {"reason": "x"}, {"instead": "x"}, {"placed_at": now}, {"lifted_at": now}, {"lift_reason": "x"},
        {"lifted_at": now, "lifted_by": owner, "lift_reason": "x"},
        {"lifted_at": hold.placed_at - timedelta(days=1), "lifted_by": owner, "lift_reason": "x", "lifted_name": "x"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk)._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(
            page=hold.page,
            version=hold.version,
            reason="x",
            instead="x",
            placed_by=owner,
            placed_at=now,
            name="x",
        )
    lift(hold, owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.update(lift_reason="y")


def test_both_are_on_record_sealed_and_exported(hold: Hold, version: ProcedureVersion, owner: User) -> None:
    lift(hold, owner)
    events = list(AuditEvent.objects.filter(kind__in=["held", "hold_lifted"]).order_by("sequence"))
    assert [(event.kind, event.actor_name) for event in events] == [
        ("held", str(owner)),
        ("hold_lifted", str(owner)),
    ]
    assert events[0].data["reason"] == WHY
    assert all(f"review.hold:{hold.pk}" in event.seals for event in events)
    assert verify()[0]
    page = page_numbered(version.number)
    assert page is not None
    rows = [row for row in procedure_record(page)["rows"] if row["model"] == "review.hold"]
    assert rows[0]["fields"]["lift_reason"] == "The clamp is fixed."
    record = text(signed_in(owner), f"/procedures/{version.number}/record/")
    assert "Put on hold" in record
    assert WHY in record
    assert [row.history_user for row in hold.history.all()] == [owner, owner]


# ---------- the doors ----------


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
    draft = actions.working_copy(version.page)
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
    draft = actions.working_copy(version.page)
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
    draft = actions.working_copy(version.page)
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


# ---------- on the site ----------


def test_the_owner_places_and_lifts_on_the_site(version: ProcedureVersion, owner: User) -> None:
    client, address = signed_in(owner), f"/review/{version.number}/hold/"
    assert address in text(client, f"/procedures/{version.number}/")
    assert "customers too" in text(client, address)
    form = {"do": "place", "reason": WHY, "instead": INSTEAD, "password": PASSWORD}
    for change, said in (
        ({"reason": ""}, "This field is required"),
        ({"instead": " "}, "This field is required"),
        ({"password": "no"}, "The password is not right"),
    ):
        page = client.post(address, form | change).content.decode()
        assert said in page
        assert (WHY in page) == ("reason" not in change)
        assert (INSTEAD in page) == ("instead" not in change)
    assert not Hold.objects.exists()
    assert client.post(address, form).status_code == 302
    hold = Hold.objects.get()
    second = client.post(address, form | {"reason": "Typed by the second"}).content.decode()
    assert "on hold already" in second
    assert "Typed by the second" in second
    lifting = {"do": "lift", "hold": hold.pk, "lift_reason": "Tried and safe.", "password": PASSWORD}
    assert "Tried and safe." in client.post(address, lifting | {"password": "no"}).content.decode()
    assert client.post(address, lifting).status_code == 302
    late = client.post(address, lifting | {"lift_reason": "Typed too late"}).content.decode()
    assert "lifted by the.owner already" in late
    assert "Typed too late" in late
    assert "Tried and safe." in text(client, address)


def test_whoever_may_not_is_told_and_keeps_what_was_typed(version: ProcedureVersion) -> None:
    address = f"/review/{version.number}/hold/"
    client = signed_in(make.field_engineer())
    assert "Only the procedure" in text(client, address)
    form = {"do": "place", "reason": WHY, "instead": INSTEAD, "password": PASSWORD}
    refused = client.post(address, form)
    assert refused.status_code == 403
    assert WHY in refused.content.decode()
    assert PASSWORD not in refused.content.decode()
    assert signed_in(make.make_user()).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert signed_in(make.field_engineer()).get("/review/NONE/hold/").status_code == 404


# ---------- telling ----------


def test_everybody_whom_it_concerns_is_told_of_both(version: ProcedureVersion, owner: User) -> None:
    staff = make.documentation_staff()
    asks, answers, proposes, reads, done, bystander = (make.field_engineer() for _ in range(6))
    thread = threads.start_thread(version=version, step_id="a", kind="question", text="Why?", by=asks)
    threads.reply(thread=thread, text="Me too.", by=answers)
    actions.suggest(version=version, changes={("a", "body"): "Other."}, reason="x", by=proposes)
    closed = threads.start_thread(version=version, step_id="a", kind="question", text="Why?", by=done)
    threads.resolve_thread(thread=closed, by=done)
    now = timezone.now()
    task = Acknowledgement.objects.create(
        version=version, person=reads, asked_at=now, due_on=timezone.localdate(now)
    )
    duties.acknowledge(task=task, by=reads)
    lift(place(version.page, staff), owner)
    for kind, by in ((NoticeKind.ON_HOLD, staff), (NoticeKind.HOLD_LIFTED, owner)):
        told = {notice.recipient for notice in Notice.objects.filter(kind=kind)}
        assert {asks, answers, proposes, reads} <= told
        assert told >= {owner, staff} - {by}
        assert not told & {by, done, bystander}
    notice = Notice.objects.filter(kind=NoticeKind.ON_HOLD, recipient=asks).get()
    assert WHY in notice.text
    assert notice.get_absolute_url() == f"/review/{version.number}/hold/"
    assert WHY in text(signed_in(asks), notice.get_absolute_url())
