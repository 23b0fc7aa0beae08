"""How a version went, as each person says: one record each, corrected in the open, replaced by nobody."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kb.tickets import actions
from kb.tickets.models import ProcedureUse, Ticket
from tests import factories
from tests.integration.tickets.conftest import Scene


def record(scene: Scene, by: object, outcome: str, note: str = "") -> ProcedureUse:
    return actions.record_use(ticket=scene.ticket, version=scene.old, outcome=outcome, note=note, by=by)


def page_of(ticket: Ticket, client: Client) -> str:
    return client.get(ticket.get_absolute_url()).content.decode()


def test_another_persons_record_stands_beside_ones_own(scene: Scene, client: Client) -> None:
    feng = factories.field_engineer("feng")
    record(scene, scene.engineer, "helped", "After a minute.")
    client.force_login(feng)
    client.post(
        reverse("tickets:attach", args=[scene.ticket.number]),
        {"procedure": "SOP-1001 1.0", "outcome": "wrong", "note": "It melts."},
    )
    said = ProcedureUse.objects.values_list("recorded_by__username", "outcome", "note")
    assert list(said) == [("mei", "helped", "After a minute."), ("feng", "wrong", "It melts.")]
    text = page_of(scene.ticket, client)
    for words in ("Helped", "After a minute.", "Was wrong", "It melts."):
        assert words in text
    assert "corrected" not in text
    assert "1 procedure used" in client.get(reverse("tickets:list")).content.decode()
    both = client.get(reverse("tickets:for_procedure", args=["SOP-1001"])).content.decode()
    assert "mei" in both
    assert "feng" in both


def test_a_corrected_record_says_so_and_the_ticket_lists_the_change(scene: Scene, client: Client) -> None:
    first = record(scene, scene.engineer, "helped", "After a minute.")
    record(scene, factories.field_engineer("feng"), "wrong")
    record(scene, scene.engineer, "did_not_help", "It came back.")
    client.force_login(scene.engineer)
    text = page_of(scene.ticket, client)
    assert text.count(">What it said before</a>") == 1
    changes = text[text.index('id="changes-title"') :]
    assert "SOP-1001 1.0 · How it went: <del>Helped</del> → <ins>Did not help</ins>" in changes
    assert "SOP-1001 1.0 · Note: <del>After a minute.</del> → <ins>It came back.</ins>" in changes
    assert ProcedureUse.objects.get(pk=first.pk).recorded_at == first.recorded_at


def test_a_correction_names_no_version_that_its_reader_may_not_read(scene: Scene, client: Client) -> None:
    for outcome in ("helped", "wrong"):
        record(scene, scene.engineer, outcome)
    reader = factories.make_user()
    readers = Group.objects.create(name="Ticket readers")
    readers.permissions.add(Permission.objects.get(codename="view_ticket"))
    reader.groups.add(readers)
    client.force_login(reader)
    text = page_of(scene.ticket, client)
    assert "SOP-1001" not in text
    assert "Procedure used · How it went: <del>Helped</del>" in text


def test_the_database_keeps_whose_record_it_is(scene: Scene) -> None:
    use = record(scene, scene.engineer, "helped")
    feng = factories.field_engineer("feng")
    twin = ProcedureUse(
        ticket=scene.ticket, version=scene.old, outcome="wrong", recorded_by=scene.engineer,
        recorded_at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    with pytest.raises(IntegrityError, match="whose record"), transaction.atomic():
        ProcedureUse.objects.filter(pk=use.pk).update(recorded_by=feng)


def test_the_migration_gives_replaced_records_back(scene: Scene) -> None:
    feng = factories.field_engineer("feng")
    use = record(scene, feng, "wrong", "It melts.")
    for outcome, note in (("not_known", ""), ("helped", "After a minute.")):  # as it was before feng's
        ProcedureUse.history.create(
            id=use.pk, ticket=scene.ticket, version=scene.old, outcome=outcome, note=note,
            recorded_by=scene.engineer, recorded_at=use.recorded_at, history_date=use.recorded_at,
            history_user=scene.engineer, history_type="+",
        )  # fmt: skip
    migration = import_module("kb.tickets.migrations.0003_each_persons_record")
    migration.give_back(apps, connection.schema_editor())
    said = ProcedureUse.objects.order_by("pk").values_list("recorded_by__username", "outcome", "note")
    assert list(said) == [("feng", "wrong", "It melts."), ("mei", "helped", "After a minute.")]
    restored = ProcedureUse.objects.get(recorded_by=scene.engineer)
    assert {row.outcome for row in restored.history.all()} == {"helped"}


@pytest.mark.parametrize("typed", ["E1042", "e1042", "E 1042", "e_1042", "Ｅ－１０４２", " E-1042 "])
def test_a_code_is_taken_however_it_is_written(scene: Scene, client: Client, typed: str) -> None:
    client.force_login(scene.engineer)
    data = {"machine": scene.machine.serial, "error_code": typed, "symptom": "Loud", "severity": "low"}
    client.post(reverse("tickets:create"), data)
    assert Ticket.objects.exclude(pk=scene.ticket.pk).get().error_code == scene.code
    choices = client.get(reverse("tickets:create"), data).context["choices"]
    assert choices.versions[0] == scene.old
    listed = client.get(reverse("tickets:list"), {"code": typed}).context["page_obj"]
    assert len(listed) == 2


def test_a_spelling_of_two_codes_names_both(scene: Scene, client: Client) -> None:
    factories.error_code(scene.code.product_line, "E_1042")
    client.force_login(scene.engineer)
    data = {"machine": scene.machine.serial, "error_code": "E1042", "symptom": "Loud", "severity": "low"}
    response = client.post(reverse("tickets:create"), data)
    assert "“E1042” could be E-1042, E_1042: write the one that is meant." in response.content.decode()
    assert client.post(reverse("tickets:create"), data | {"error_code": "e_1042"}).status_code == 302


def test_a_code_of_another_line_is_named_however_it_is_written(scene: Scene, client: Client) -> None:
    client.force_login(scene.engineer)
    data = {"machine": scene.machine.serial, "error_code": "x1", "symptom": "Loud", "severity": "low"}
    text = client.post(reverse("tickets:create"), data).content.decode()
    assert "X-1 is a code of NX, not of LM" in text
