"""The record of one procedure: read by staff, exported, and verified where there is no database."""

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from procedures.audit.paper import record_html
from procedures.audit.records import page_numbered, procedure_record, read_record, write_record
from procedures.content import content_hash
from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from review import releasing
from review.models import Delegation, Signature
from tests import factories as make
from tests.factories import signed_in
from tests.integration.audit.conftest import Tamper, sign, submit, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(world: ProcedureVersion, tmp_path: Path) -> Path:
    write_record(procedure_record(world.page), tmp_path / "SOP-1.audit.json")
    return tmp_path / "SOP-1.audit.json"


def test_an_exported_record_verifies_without_a_database(exported: Path, world: ProcedureVersion) -> None:
    with connection.execute_wrapper(_refuse):
        fits, said = verify("--file", str(exported))
    assert fits, said
    last = AuditEvent.objects.filter(page=world.page).last()
    assert f"{last.sequence}:{last.hash}" in said
    assert read_record(exported)["exported_at"] in said
    assert "is only what the file says" in said
    assert verify("--file", str(exported), "--head", f"{last.sequence}:{last.hash}")[0]
    assert not verify("--file", str(exported), "--head", f"{last.sequence + 1}:{last.hash}")[0]


def test_the_record_holds_everything_that_its_versions_say(exported: Path, world: ProcedureVersion) -> None:
    record = read_record(exported)
    assert [event["kind"] for event in record["events"]][:3] == ["submitted", "stage_opened", "signed"]
    (row,) = [
        row
        for row in record["rows"]
        if (row["model"], row["pk"]) == ("procedures.procedureversion", world.pk)
    ]
    assert row["fields"]["content"] == world.content
    assert row["fields"]["html"] == world.html
    assert row["fields"]["error_codes"] == list(world.error_codes.values_list("pk", flat=True))
    assert {row["model"] for row in record["rows"]} == {
        "procedures.procedureversion", "procedures.versionapplicability",
        "review.release", "review.stage", "review.signature",
    }  # fmt: skip
    text = exported.read_text(encoding="utf-8")
    assert "SOP-2" not in text


def _rewrite(fields: dict[str, Any]) -> None:
    fields["content"]["safety"] = "None."
    fields["sha256"] = fields["approved_sha256"] = content_hash(fields["content"])


def _row(record: dict[str, Any], model: str) -> dict[str, Any]:
    return next(row["fields"] for row in record["rows"] if row["model"] == f"review.{model}")


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
    "a signature's meaning": lambda r: _row(r, "signature").update(meaning="owner"),
    "a signature voided": lambda r: _row(r, "signature").update(voided_at="2026-01-01T00:00:00.000000Z"),
    "in whose place it was signed": lambda r: _row(r, "signature").update(on_behalf_of_id=1),
    "the bytes submitted": lambda r: _row(r, "release")["content"].update(safety="None."),
    "a release's status": lambda r: _row(r, "release").update(status="in_review"),
    "how many a stage needed": lambda r: _row(r, "stage").update(needed=0),
    "whom a stage asked": lambda r: _row(r, "stage").update(groups=[]),
    "the number": lambda r: r.update(number="SOP-2"),
    "the events": lambda r: r.update(events=[{}]),
    "the rows": lambda r: r.update(rows=None),
    "when it was exported": lambda r: r.update(exported_at="last year"),
    "when it was exported, in another form": lambda r: r.update(exported_at="2026-11-22"),
    "another part": lambda r: r.update(comment="All is well"),
    "a part left out": lambda r: r.pop("exported_at"),
    "no head": lambda r: r.update(head=None),
    "a head with more to it": lambda r: r["head"].update(page=1),
    "a head before the last event": lambda r: r["head"].update(sequence=1),
    "a head with another hash": lambda r: r["head"].update(hash="0" * 64),
    "a head that is no hash": lambda r: r["head"].update(sequence=10_000, hash="x"),
    "every event": lambda r: r.update(events=[], rows=[], number=""),
    "the format": lambda r: r.update(redline_audit_record=2),
}


@pytest.fixture(scope="module")
def record(built_world: int, django_db_blocker: Any) -> str:
    """What is exported of the world, as text."""
    with django_db_blocker.unblock():
        return json.dumps(procedure_record(ProcedureVersion.objects.get(pk=built_world).page))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_record_that_was_edited_does_not_verify(record: str, tmp_path: Path, edit: Edit) -> None:
    file = tmp_path / "SOP-1.audit.json"
    file.write_text(record, encoding="utf-8")
    assert verify("--file", str(file))[0]
    edited = json.loads(record)
    edit(edited)
    file.write_text(json.dumps(edited), encoding="utf-8")
    assert not verify("--file", str(file))[0]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value of a JSON text stands, those that hold others too."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from leaves(item, (*path, name))


def put(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    if isinstance(value, dict):
        return {**value, path[0]: put(value[path[0]], path[1:], other)}
    return [*value[: path[0]], put(value[path[0]], path[1:], other), *value[path[0] + 1 :]]


HUGE = "9" * 5000
OTHERS = (
    None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", "x", "1", "²", "٣", "\ud800", "\x00",
    HUGE, f"review.stage:{HUGE}", [], [1], [None], [[]], {}, {"x": 1}, {"x": {"y": []}}, {"": None},
    {"review.stage:²": "1:x"}, {f"review.stage:{HUGE}": "1:x"}, {"review.stage:1": None}, {"misfits": {"x:1": [None]}},
)  # fmt: skip


@settings(max_examples=200, derandomize=True)
@given(data=st.data())
def test_whatever_stands_in_the_place_of_a_value_a_record_is_refused_without_a_traceback(
    record: str, tmp_path: Path, data: st.DataObject
) -> None:
    whole = json.loads(record)
    where = data.draw(st.sampled_from(list(leaves(whole))))
    other = data.draw(st.sampled_from(OTHERS) | _JSON)
    edited = put(whole, where, other)
    if json.dumps(edited) == record:
        return
    _refused(tmp_path, edited)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _refused(folder: Path, edited: Any) -> None:
    file = folder / "record.json"
    file.write_text(json.dumps(edited), encoding="utf-8")
    with connection.execute_wrapper(_refuse):
        for arguments in ((), ("--all",)):
            fits, said = verify("--file", str(file), *arguments)
            assert not fits
            assert said.strip()


def test_each_of_its_own_parts_is_held_to_its_form(record: str, tmp_path: Path) -> None:
    """Everything that is no row and no event, and one event and one row in each form."""
    whole = json.loads(record)
    paths = [
        *((name,) for name in whole),
        *(("head", name) for name in whole["head"]),
        *(("events", 1, name) for name in whole["events"][1]),
        *(("rows", 0, name) for name in whole["rows"][0]),
    ]
    for path in paths:
        for other in OTHERS:
            if json.dumps(edited := put(whole, path, other)) != record:
                _refused(tmp_path, edited)


@pytest.mark.parametrize("digest", ["z" * 64, "A" * 64, "０" * 64])
def test_a_head_is_a_hash_in_lower_case(record: str, tmp_path: Path, digest: str) -> None:
    whole = json.loads(record)
    head = {"sequence": whole["head"]["sequence"] + 1, "hash": digest}
    _refused(tmp_path, {**whole, "head": head})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"redline_audit_record": 1, "redline_audit_record": 1}'])
def test_a_file_that_is_no_record_is_called_that(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(text, encoding="utf-8")
    assert not verify("--file", str(file))[0]
    assert not verify("--file", str(tmp_path / "missing.json"))[0]


def test_a_procedure_that_was_tampered_with_is_exported_and_said_not_to_fit(
    world: ProcedureVersion, tamper: Tamper, tmp_path: Path
) -> None:
    tamper("UPDATE review_signature SET meaning = 'x' WHERE release_id = %s", world.release.pk)
    with pytest.raises(CommandError, match=r"review\.signature"):
        call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)
    assert (tmp_path / "SOP-1.audit.json").exists()
    with pytest.raises(CommandError, match="SOP-9"):
        call_command("export_audit", "SOP-9", output=tmp_path, verbosity=0)


@pytest.fixture
def reviewed(world: ProcedureVersion, expert: Any, draft: ProcedurePage) -> ProcedurePage:
    """SOP-3, sent back once, then signed by a deputy of whom the stage asks, and scheduled."""
    deputy, staff = make.field_engineer("the.deputy"), make.documentation_staff()
    refused = submit(draft)
    sign(refused, 2, expert)
    releasing.send_back(release=refused, by=expert, reason="Step 2 is missing.")
    today = timezone.localdate()
    Delegation.objects.create(delegator=expert, delegate=deputy, starts_on=today, ends_on=today)
    release = submit(draft, effective_from=timezone.now() + timedelta(days=9))
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="Better now.")
    sign(release, 2, deputy, on_behalf_of=expert, comment="Checked on site")
    sign(release, 3, staff)
    return draft


def test_a_record_of_reviews_verifies_without_a_database(reviewed: ProcedurePage, tmp_path: Path) -> None:
    with contextlib.suppress(CommandError):  # where no PDF can be made
        call_command("export_audit", "SOP-3", output=tmp_path, verbosity=0)
    file = tmp_path / "SOP-3.audit.json"
    record = read_record(file)
    count = Counter(row["model"].removeprefix("review.") for row in record["rows"])
    assert (count["release"], count["stage"], count["signature"], count["remark"]) == (2, 6, 3, 1)
    with connection.execute_wrapper(_refuse):
        fits, said = verify("--file", str(file))
    assert fits, said
    for row in record["rows"]:
        if row["model"] == "review.remark":
            row["fields"]["text"] = "Worse now."
    file.write_text(json.dumps(record), encoding="utf-8")
    assert verify("--file", str(file))[1].startswith("review.remark ")


def _refuse(*_args: Any) -> None:
    raise AssertionError("the database was asked")


def test_the_record_for_paper_names_versions_signatures_and_hashes(reviewed: ProcedurePage) -> None:
    html = record_html(procedure_record(reviewed), file_name="SOP-3.audit.json")
    version = reviewed.versions.get()
    for text in (
        *("SOP-3.audit.json", version.sha256, "Version 1.0", "Scheduled", AuditEvent.objects.last().hash),
        *("Sent back", "Step 2 is missing.", "Void since", "Better now.", "Checked on site"),
        *("the.deputy", "the.expert", "I reviewed it for technical correctness"),
        *("Consultation", "Technique", "I approve this version for release"),
    ):
        assert text in html, text
    for signature in Signature.objects.filter(release__page=reviewed):
        assert signature.signed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") in html
        assert html.count(signature.sha256) > 3
    assert procedure_record(page_numbered("SOP-3") or reviewed)["number"] == "SOP-3"


@pytest.mark.printing
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Signatures", "Inwhoseplace")), ("zh-hans", ("签名", "SHA-256"))],
)
def test_the_record_is_printed(
    reviewed: ProcedurePage, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    call_command("export_audit", "SOP-3", output=tmp_path, language=language, verbosity=0)
    pages = PdfReader(tmp_path / "SOP-3.audit.pdf").pages
    text = "".join(page.extract_text() for page in pages).replace("\n", "").replace(" ", "")
    for word in ("the.deputy", "the.expert", "Checkedonsite", *words):
        assert word in text
    assert reviewed.versions.get().sha256 in text


def test_where_no_pdf_can_be_made_the_json_is_written_and_the_command_fails(
    world: ProcedureVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # what an import of a missing package finds
    with pytest.raises(CommandError, match=r"libpango-1\.0-0"):
        call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)
    assert [file.name for file in tmp_path.iterdir()] == ["SOP-1.audit.json"]
    assert verify("--file", str(tmp_path / "SOP-1.audit.json"))[0]


def test_staff_read_the_record_and_nobody_else(world: ProcedureVersion) -> None:
    response = signed_in(make.field_engineer()).get("/procedures/SOP-1/record/")
    text = response.content.decode()
    for said in (
        "Superseded",
        "by version 1.1",
        "A tray",
        str(world.approved_by),
        AuditEvent.objects.filter(page=world.page).first().hash[:12],
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
    tamper("UPDATE review_signature SET meaning = 'x' WHERE release_id = %s", world.release.pk)
    make.documentation_staff("the.sealer")
    call_command("seal_audit", username="the.sealer", verbosity=0)
    assert not verify()[0]
