"""The record of one procedure: read by staff, exported, and verified where there is no database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from procedures.audit.paper import record_html
from procedures.audit.records import page_numbered, procedure_record, read_record
from procedures.content import content_hash
from procedures.models import AuditEvent, ProcedureVersion
from tests import factories as make
from tests.factories import signed_in
from tests.integration.audit.conftest import Tamper, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(world: ProcedureVersion, tmp_path: Path) -> Path:
    call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)
    return tmp_path / "SOP-1.audit.json"


def test_an_exported_record_verifies_without_a_database(exported: Path, world: ProcedureVersion) -> None:
    def refuse(*_args: Any) -> None:
        raise AssertionError("the database was asked")

    with connection.execute_wrapper(refuse):
        fits, said = verify("--file", str(exported))
    assert fits, said
    last = AuditEvent.objects.filter(page=world.page).last()
    assert f"{last.sequence}:{last.hash}" in said
    assert verify("--file", str(exported), "--head", f"{last.sequence}:{last.hash}")[0]
    assert not verify("--file", str(exported), "--head", f"{last.sequence + 1}:{last.hash}")[0]


def test_the_record_holds_everything_that_its_versions_say(exported: Path, world: ProcedureVersion) -> None:
    record = read_record(exported)
    assert [event["kind"] for event in record["events"]][:3] == ["submitted", "released", "signed"]
    (row,) = [
        row
        for row in record["rows"]
        if (row["model"], row["pk"]) == ("procedures.procedureversion", world.pk)
    ]
    assert row["fields"]["content"] == world.content
    assert row["fields"]["html"] == world.html
    assert row["fields"]["error_codes"] == list(world.error_codes.values_list("pk", flat=True))
    assert {row["model"] for row in record["rows"]} == {
        "procedures.procedureversion", "procedures.versionapplicability", "review.approval",
    }  # fmt: skip
    text = exported.read_text(encoding="utf-8")
    assert "SOP-2" not in text


def _rewrite(fields: dict[str, Any]) -> None:
    fields["content"]["safety"] = "None."
    fields["sha256"] = fields["approved_sha256"] = content_hash(fields["content"])


Edit = Callable[[dict[str, Any]], Any]
EDITS: dict[str, Edit] = {
    "an event's time": lambda r: r["events"][1].update(happened_at="2020-01-01T00:00:00.000000Z"),
    "an event's person": lambda r: r["events"][2].update(actor_name="Somebody else"),
    "an event's hash": lambda r: r["events"][0].update(hash="0" * 64),
    "a link between events": lambda r: r["events"][1].update(previous_of_page="0" * 64),
    "an event left out": lambda r: r["events"].pop(1),
    "the last event left out": lambda r: r["events"].pop(),
    "events in another order": lambda r: r["events"].reverse(),
    "a text of a version": lambda r: r["rows"][0]["fields"]["content"]["steps"][0].update(
        body="Turn **right**."
    ),
    "the HTML of a version": lambda r: r["rows"][0]["fields"]["html"].update(safety="x"),
    "a version's hash and text": lambda r: _rewrite(r["rows"][0]["fields"]),
    "a version's hash": lambda r: r["rows"][0]["fields"].update(sha256="0" * 64),
    "another column": lambda r: r["rows"][0]["fields"].update(extra="x"),
    "a row left out": lambda r: r["rows"].pop(),
    "a row twice": lambda r: r["rows"].append(r["rows"][0]),
    "a row of nothing": lambda r: r["rows"].append({"model": "x.y", "pk": 1, "form": 1, "fields": {}}),
    "a row with another key": lambda r: r["rows"][0].update(pk=99),
    "a signature's meaning": lambda r: r["rows"][-1]["fields"].update(meaning="I have not read it."),
    "the number": lambda r: r.update(number="SOP-2"),
    "the events": lambda r: r.update(events=[{}]),
    "the rows": lambda r: r.update(rows=None),
    "the format": lambda r: r.update(redline_audit_record=2),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_record_that_was_edited_does_not_verify(exported: Path, edit: Edit) -> None:
    record = json.loads(exported.read_text(encoding="utf-8"))
    edit(record)
    exported.write_text(json.dumps(record), encoding="utf-8")
    assert not verify("--file", str(exported))[0]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"redline_audit_record": 1, "redline_audit_record": 1}'])
def test_a_file_that_is_no_record_is_called_that(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(text, encoding="utf-8")
    assert not verify("--file", str(file))[0]
    assert not verify("--file", str(tmp_path / "missing.json"))[0]


def test_a_procedure_that_was_tampered_with_is_exported_and_said_not_to_fit(
    world: ProcedureVersion, tamper: Tamper, tmp_path: Path
) -> None:
    tamper("UPDATE review_approval SET meaning = 'x' WHERE version_id = %s", world.pk)
    with pytest.raises(CommandError, match=r"review\.approval"):
        call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)
    assert (tmp_path / "SOP-1.audit.json").exists()
    with pytest.raises(CommandError, match="SOP-9"):
        call_command("export_audit", "SOP-9", output=tmp_path, verbosity=0)


def test_the_record_for_paper_names_versions_events_and_hashes(world: ProcedureVersion) -> None:
    page = page_numbered("SOP-1")
    assert page is not None
    html = record_html(procedure_record(page), file_name="SOP-1.audit.json")
    for text in ("SOP-1.audit.json", world.sha256, "A tray", "Released", AuditEvent.objects.last().hash):
        assert text in html


def test_staff_read_the_record_and_nobody_else(world: ProcedureVersion) -> None:
    response = signed_in(make.field_engineer()).get("/procedures/SOP-1/record/")
    text = response.content.decode()
    for said in (
        "Superseded",
        "by version 1.1",
        "A tray",
        str(world.approved_by),
        AuditEvent.objects.first().hash[:12],
    ):
        assert said in text
    assert (
        'href="/procedures/SOP-1/record/"'
        in signed_in(make.field_engineer()).get("/procedures/SOP-1/history/").content.decode()
    )
    assert signed_in(make.make_user()).get("/procedures/SOP-1/record/").status_code == 404
    assert signed_in(make.field_engineer()).get("/procedures/SOP-9/record/").status_code == 404


def test_a_long_record_takes_few_queries(world: ProcedureVersion, django_assert_max_num_queries: Any) -> None:
    client = signed_in(make.field_engineer())
    client.get("/procedures/SOP-1/record/")
    with django_assert_max_num_queries(15):
        client.get("/procedures/SOP-1/record/")


def test_a_site_older_than_its_log_is_sealed_as_found_once(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper("DELETE FROM procedures_auditevent")
    tamper("DELETE FROM procedures_audithead")
    assert "No event seals it." in verify()[1]
    staff = make.documentation_staff("the.sealer")
    call_command("seal_audit", username="the.sealer", verbosity=0)
    assert verify()[0]
    assert set(AuditEvent.objects.values_list("kind", "actor")) == {("sealed", staff.pk)}
    assert AuditEvent.objects.count() == 2  # one a procedure
    call_command("seal_audit", username="the.sealer", verbosity=0)
    assert AuditEvent.objects.count() == 2


def test_sealing_as_found_does_not_hide_what_was_changed(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper("UPDATE review_approval SET meaning = 'x' WHERE version_id = %s", world.pk)
    make.documentation_staff("the.sealer")
    call_command("seal_audit", username="the.sealer", verbosity=0)
    assert not verify()[0]
