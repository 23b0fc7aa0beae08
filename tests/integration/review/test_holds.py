"""A procedure on hold: who may, what is refused, what stays on record, and who is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from kb.accounts.models import User
from procedures.audit.records import page_numbered, procedure_record
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import duties, holding, proposing, threads
from review.models import Acknowledgement, Hold, Notice, NoticeKind
from tests import factories as make
from tests.factories import PASSWORD, signed_in
from tests.integration.audit.conftest import verify

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


def build() -> int:
    """Version 1.0 of a procedure for customers, with one step and an error code."""
    line = make.product_line()
    return make.released(
        owner=make.procedure_owner("the.owner"),
        audience="customer",
        product_line=line,
        error_codes=[make.error_code(line, "E-77")],
        steps=[make.step("a", body=STEP)],
    ).pk


@pytest.fixture
def owner(built: int, db: None) -> User:
    return User.objects.get(username="the.owner")


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
    proposing.suggest(version=version, changes={("a", "body"): "Other."}, reason="x", by=proposes)
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
