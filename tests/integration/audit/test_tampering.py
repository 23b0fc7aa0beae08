"""One byte changed behind the application's back is found, and the row is named first."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image
from wagtail.images import get_image_model

from procedures import audit
from procedures.audit.canonical import EVENT_FIELDS, event_hash
from procedures.audit.upgrading import seal_unsealed
from procedures.models import AuditEvent, ProcedureVersion
from procedures.models.audit import NO_HASH
from review import actions
from tests import factories as make
from tests.integration.audit.conftest import Tamper, verify

pytestmark = pytest.mark.django_db

VERSION, EVENT, APPROVAL = "procedures_procedureversion", "procedures_auditevent", "review_approval"
ROW, CODES = "procedures_versionapplicability", "procedures_procedureversion_error_codes"


def first_named(table: str, key: object) -> None:
    """The command names this row, and it alone."""
    fits, said = verify()
    assert not fits
    assert said.startswith(f"{table} {key}: "), said
    assert said.count("\n") == 1


def test_what_nobody_touched_fits(world: ProcedureVersion) -> None:
    fits, said = verify()
    assert fits, said
    head = AuditEvent.objects.last()
    assert f"{head.sequence}:{head.hash}" in said
    assert "10 events, 8 sealed rows and 0 images fit." in said


def other(column: str) -> str:
    """SQL for a text with its last character changed."""
    last = f"substr({column}, length({column}))"
    return f"substr({column}, 1, length({column}) - 1) || CASE WHEN {last} = '0' THEN '1' ELSE '0' END"


TEXTS = {
    VERSION: (
        "origin", "significance", "change_summary", "number", "title", "kind", "language", "audience", "search_text",
        "sha256", "approved_sha256",
    ),
    EVENT: ("kind", "actor_name", "previous_hash", "previous_of_page", "hash"),
    APPROVAL: ("meaning", "sha256"),
}  # fmt: skip
NUMBERS = {
    VERSION: ("minor", "approved_by_id", "revision_id", "last_editor_id", "product_line_id"),
    EVENT: ("format", "actor_id", "version_id", "page_id"),
    APPROVAL: ("approver_id", "version_id"),
    ROW: ("model_id", "version_id"),
}
TIMES = {
    VERSION: ("approved_at", "effective_from", "created_at"),
    EVENT: ("happened_at", "recorded_at"),
    APPROVAL: ("approved_at",),
}
JSONS = {
    (VERSION, "content"): ("Turn", "Tarn"),
    (VERSION, "html"): ("<strong>", "<strang>"),
    (EVENT, "data"): ("A tray", "A tram"),
    (EVENT, "seals"): ('": "1:', '": "2:'),
    (ROW, "options"): ("lithium", "lithiun"),
}


def _without_constraints(sql: Callable[[], None]) -> None:
    """Run it with checks and references off, as whoever owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            try:
                sql()
            finally:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
            return
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while one of its checks is due
        for table in (VERSION, EVENT, APPROVAL, ROW):
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f')",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    sql()


def _newest(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max({'sequence' if table == EVENT else 'id'}) FROM {table}")
        return cursor.fetchone()[0]


def _change(tamper: Tamper, table: str, column: str, value: str) -> None:
    key = "sequence" if table == EVENT else "id"
    row = _newest(table)
    _without_constraints(lambda: tamper(f"UPDATE {table} SET {column} = {value} WHERE {key} = {row}"))
    first_named(table, row)


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in TEXTS.items() for c in columns])
def test_a_changed_text_is_found(world: ProcedureVersion, tamper: Tamper, table: str, column: str) -> None:
    _change(tamper, table, column, other(column))


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in NUMBERS.items() for c in columns])
def test_a_changed_number_or_reference_is_found(
    world: ProcedureVersion, tamper: Tamper, table: str, column: str
) -> None:
    _change(tamper, table, column, f"coalesce({column}, 0) + 100")


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in TIMES.items() for c in columns])
def test_a_changed_time_is_found(world: ProcedureVersion, tamper: Tamper, table: str, column: str) -> None:
    _change(
        tamper,
        table,
        column,
        f"datetime({column}, '+1 second')"
        if connection.vendor == "sqlite"
        else f"{column} + interval '1 microsecond'",
    )


@pytest.mark.parametrize(("table", "column"), list(JSONS))
def test_a_byte_changed_in_json_is_found(
    world: ProcedureVersion, tamper: Tamper, table: str, column: str
) -> None:
    was, becomes = JSONS[table, column]
    key = "sequence" if table == EVENT else "id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max({key}) FROM {table} WHERE CAST({column} AS text) LIKE %s", [f"%{was}%"])
        row = cursor.fetchone()[0]
    cast = "" if connection.vendor == "sqlite" else "::jsonb"
    text = f"replace(CAST({column} AS text), '{was}', '{becomes}')"
    tamper(f"UPDATE {table} SET {column} = ({text}){cast} WHERE {key} = {row}")
    first_named(table, row)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps no broken JSON, text or time")
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (VERSION, "content", "'{'"),
        (VERSION, "content", "'[]'"),
        (VERSION, "title", "CAST(X'ff' AS TEXT)"),
        (VERSION, "approved_at", "'2026-13-01 00:00:00'"),
        (VERSION, "html", "'\"\\ud800\"'"),
        (EVENT, "data", "'{'"),
        (EVENT, "seals", "'[]'"),
        (EVENT, "actor_name", "X'ff'"),
        (EVENT, "happened_at", "'never'"),
        (APPROVAL, "approved_at", "'2026-13-01 00:00:00'"),
        (ROW, "options", "'['"),
    ],
)
def test_what_cannot_be_read_any_more_is_named(
    world: ProcedureVersion, tamper: Tamper, table: str, column: str, value: str
) -> None:
    _change(tamper, table, column, value)


def test_a_status_set_by_hand_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper(
        f"UPDATE {VERSION} SET status = 'withdrawn', withdrawn_at = approved_at, withdrawn_by_id = approved_by_id "
        "WHERE id = %s",
        world.pk,
    )
    first_named(VERSION, world.pk)


def test_an_error_code_taken_from_a_version_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper(f"DELETE FROM {CODES} WHERE procedureversion_id = %s", world.pk)
    first_named(VERSION, world.pk)


def test_a_signature_on_other_content_is_found_though_an_event_seals_it(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    approval = world.approvals.get()
    tamper(f"UPDATE {APPROVAL} SET sha256 = '{'0' * 64}' WHERE id = {approval.pk}")
    audit.record("sealed", version=world, by=None, sealed=[approval])
    first_named(APPROVAL, approval.pk)


def test_a_release_without_a_signature_is_found_though_no_event_ever_sealed_one(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    for table in (EVENT, "procedures_audithead", APPROVAL):
        tamper(f"DELETE FROM {table}")
    seal_unsealed(by=None)
    first_named(VERSION, ProcedureVersion.objects.order_by("pk").first().pk)


@pytest.mark.parametrize("table", [ROW, APPROVAL])
def test_a_deleted_row_is_found(world: ProcedureVersion, tamper: Tamper, table: str) -> None:
    row = _newest(table)
    tamper(f"DELETE FROM {table} WHERE id = {row}")
    first_named(table, row)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (ROW, "version_id, model_id, options"),
        (APPROVAL, "version_id, approver_id, approved_at, meaning, sha256"),
    ],
)
def test_a_row_slipped_in_is_found(world: ProcedureVersion, tamper: Tamper, table: str, columns: str) -> None:
    person = make.field_engineer().pk
    values = columns.replace("approver_id", str(person))
    tamper(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE id = {_newest(table)}")
    first_named(table, _newest(table))


def test_a_deleted_event_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper(f"DELETE FROM {EVENT} WHERE sequence = 3")
    first_named(EVENT, 4)
    assert "The events from 3 to 3 are missing before it." in verify()[1]


def test_events_that_changed_places_are_found(world: ProcedureVersion, tamper: Tamper) -> None:
    for sequence, place in ((3, 99), (4, 3), (99, 4)):
        tamper(f"UPDATE {EVENT} SET sequence = {place} WHERE sequence = {sequence}")
    first_named(EVENT, 3)


def test_an_event_slipped_in_at_the_end_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    columns = [field.column for field in AuditEvent._meta.concrete_fields]
    values = ", ".join(
        {"sequence": "sequence + 1", "hash": other("hash")}.get(name, name) for name in columns
    )
    tamper(
        f"INSERT INTO {EVENT} ({', '.join(columns)}) SELECT {values} FROM {EVENT} WHERE sequence = {_newest(EVENT)}"
    )
    first_named(EVENT, _newest(EVENT))


def test_a_cut_tail_is_found_by_the_head_row_and_by_a_head_kept_elsewhere(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    owner = world.last_editor
    page = make.working_copy(by=owner, procedure_owner=owner)
    kept = AuditEvent.objects.last()
    actions.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    head = AuditEvent.objects.last()
    tamper(f"DELETE FROM {EVENT} WHERE sequence = {head.sequence}")
    first_named("procedures_audithead", 1)
    # Whoever knows of the head row sets it back: now only what was kept elsewhere tells.
    tamper(f"UPDATE procedures_audithead SET sequence = {kept.sequence}, hash = '{kept.hash}'")
    assert verify()[0]
    assert verify("--head", f"{kept.sequence}:{kept.hash}")[0]
    fits, said = verify("--head", f"{head.sequence}:{head.hash}")
    assert (fits, said.startswith(f"{EVENT} {head.sequence}: ")) == (False, True)


def test_a_chain_written_anew_is_found_by_a_head_kept_elsewhere(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    kept = AuditEvent.objects.last()
    _write_anew(tamper, actor_name="Somebody else")
    assert verify()[0]  # who may write everything writes a chain that fits in itself
    fits, said = verify("--head", f"{kept.sequence}:{kept.hash}")
    assert (fits, said.startswith(f"{EVENT} {kept.sequence}: ")) == (False, True)


def _write_anew(tamper: Tamper, **changes: str) -> None:
    """Change the first event and make every hash after it fit again."""
    previous, of_page = NO_HASH, {}
    for event in AuditEvent.objects.order_by("sequence"):
        values = {
            name: getattr(event, f"{name}_id" if name in ("page", "version", "actor") else name)
            for name in EVENT_FIELDS
        }
        values |= changes if event.sequence == 1 else {}
        values |= {"previous_hash": previous, "previous_of_page": of_page.get(event.page_id, NO_HASH)}
        previous = of_page[event.page_id] = event_hash(values)
        tamper(
            f"UPDATE {EVENT} SET actor_name = %s, previous_hash = %s, previous_of_page = %s, hash = %s "
            "WHERE sequence = %s",
            *(values[name] for name in ("actor_name", "previous_hash", "previous_of_page")),
            *(previous, event.sequence),
        )
    tamper("UPDATE procedures_audithead SET hash = %s", previous)


def test_all_that_does_not_fit_is_named_on_request(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper(f"UPDATE {EVENT} SET actor_name = 'Somebody else' WHERE sequence IN (2, 5)")
    tamper(f"UPDATE {VERSION} SET search_text = 'x' WHERE id = {world.pk}")
    _fits, said = verify("--all")
    for row in (f"{EVENT} 2:", f"{EVENT} 5:", f"{VERSION} {world.pk}:"):
        assert said.count(row) == 1


def test_a_frozen_image_that_is_changed_or_gone_is_found() -> None:
    """The bytes as approved are part of what was approved."""
    png = BytesIO()
    Image.new("RGB", (2, 2)).save(png, "PNG")
    file = ContentFile(png.getvalue(), "fan.png")
    image = get_image_model().objects.create(title="Fan", file=file, width=2, height=2)
    version = make.released(steps=[make.step("a", images=[{"image": image.pk, "alt": "The fan"}])])
    digest = version.steps[0]["images"][0]["sha256"]
    assert "1 images fit" in verify()[1]
    name = f"frozen/{digest}.png"
    default_storage.delete(name)
    first_named("frozen", digest)
    default_storage.save(name, ContentFile(png.getvalue() + b"\0"))
    first_named("frozen", digest)
    default_storage.delete(name)
