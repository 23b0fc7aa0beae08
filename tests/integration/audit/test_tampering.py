"""One byte changed behind the application's back is found, and the row is named first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import CharField, DateField, DateTimeField, Field, JSONField, TextField
from django.utils import timezone
from PIL import Image
from wagtail.images import get_image_model

from procedures import audit
from procedures.audit.canonical import EVENT_FIELDS, event_hash
from procedures.audit.sealing import sealed_models
from procedures.audit.upgrading import seal_unsealed
from procedures.models import AuditEvent, ProcedureVersion
from procedures.models.audit import NO_HASH
from review import duties, holding, sealing
from review.models import Acknowledgement, Hold
from tests import factories as make
from tests.integration.audit.conftest import Tamper, build_expert, build_world, verify
from tests.pristine import built_once

pytestmark = pytest.mark.django_db

VERSION, EVENT = "procedures_procedureversion", "procedures_auditevent"
RELEASE, STAGE, SIGNATURE = "review_release", "review_stage", "review_signature"
MODELS = {sealed.table: sealed.model for sealed in sealed_models().values()} | {EVENT: AuditEvent}
LINKS = [(table, field.name) for table, model in MODELS.items() for field in model._meta.many_to_many]
JSONS = {
    "content": ("Turn", "Tarn"),
    "html": ("<strong>", "<strang>"),
    "data": ("A tray", "A tram"),
    "seals": ('": "1:', '": "2:'),
    "options": ("lithium", "lithiun"),
}
"""What stands in each column of JSON, and what a changed byte makes of it."""


def build() -> int:
    """The world with its duties: it was signed as still correct, somebody was asked to read it, and it was on hold."""
    world = build_world(build_expert())
    owner, reader = world.page.procedure_owner, make.field_engineer()
    duties.confirm(version=world, by=owner, password=make.PASSWORD, seen_sha256=world.sha256, comment="Tried")
    now = timezone.now()
    task = Acknowledgement.objects.create(
        version=world, person=reader, asked_at=now, due_on=timezone.localdate(now)
    )
    audit.record(sealing.ASKED_TO_READ, version=world, by=None, sealed=[task])
    hold = holding.place(
        page=world.page, by=owner, password=make.PASSWORD, reason="The tray slips", instead="Call support"
    )
    holding.lift(hold=hold, by=owner, password=make.PASSWORD, reason="It holds")
    return world.pk


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    with built_once(django_db_blocker, build) as key:
        yield key


@pytest.fixture
def world(built: int, db: None) -> ProcedureVersion:
    return ProcedureVersion.objects.get(pk=built)


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
    rows = sum(model.objects.count() for table, model in MODELS.items() if table != EVENT)
    assert f"{AuditEvent.objects.count()} events, {rows} sealed rows and 0 images fit." in said
    assert rows > 15
    assert all(model.objects.exists() for model in MODELS.values())


def other(column: str) -> str:
    """SQL for a text with its last character changed."""
    last = f"substr({column}, length({column}))"
    return f"substr({column}, 1, length({column}) - 1) || CASE WHEN {last} = '0' THEN '1' ELSE '0' END"


def changed(field: Field) -> str:
    """SQL for the column's value with one byte changed; for something where there was nothing."""
    column, lite = field.column, connection.vendor == "sqlite"
    if isinstance(field, JSONField):
        was, becomes = JSONS[column]
        return f"replace(CAST({column} AS text), '{was}', '{becomes}')" + ("" if lite else "::jsonb")
    if isinstance(field, DateTimeField):
        if lite:
            return f"datetime(coalesce({column}, '2026-01-01 00:00:00'), '+1 second')"
        return f"coalesce({column}, now()) + interval '1 microsecond'"
    if isinstance(field, DateField):
        return f"date({column}, '+1 day')" if lite else f"{column} + 1"
    if isinstance(field, (CharField, TextField)):
        return f"CASE WHEN coalesce({column}, '') = '' THEN 'x' ELSE {other(column)} END"
    return f"coalesce({column}, 0) + 100"


def _without_constraints(table: str, run: Callable[[], None]) -> None:
    """Run it with the table's checks and references off, as whoever owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            try:
                run()
            finally:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
            return
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while one of its checks is due
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c' "
            "OR contype = 'f' AND %s::regclass IN (conrelid, confrelid)",
            [table, table],
        )
        for of_table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {of_table} DROP CONSTRAINT "{name}"')
    run()


def _key(table: str) -> str:
    return "sequence" if table == EVENT else "id"


def _newest(table: str, where: str = "", *parameters: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max({_key(table)}) FROM {table} {where}", parameters)
        newest = cursor.fetchone()[0]
    assert newest is not None, f"no row of {table} {where}"
    return newest


def _change(tamper: Tamper, table: str, column: str, value: str, row: int | None = None) -> None:
    row = row or _newest(table)
    sql = f"UPDATE {table} SET {column} = {value} WHERE {_key(table)} = {row}"
    _without_constraints(table, lambda: tamper(sql))


@contextmanager
def _undone() -> Iterator[None]:
    """What is done in here is taken back: building the world anew for each column takes a second."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("table", MODELS)
def test_a_byte_changed_in_any_column_is_found(world: ProcedureVersion, tamper: Tamper, table: str) -> None:
    for field in MODELS[table]._meta.concrete_fields:
        where = ()
        if isinstance(field, JSONField):
            where = (f"WHERE CAST({field.column} AS text) LIKE %s", f"%{JSONS[field.column][0]}%")
        row = _newest(table, *where)
        with _undone():
            _change(tamper, table, field.column, changed(field), row)
            first_named(table, row + 100 * field.primary_key)
    assert verify()[0]


@pytest.mark.parametrize(("table", "name"), LINKS)
def test_a_link_changed_cut_or_added_is_found(
    world: ProcedureVersion, tamper: Tamper, table: str, name: str
) -> None:
    """Whom a stage asked, who may not sign, which codes a version answers."""
    field = MODELS[table]._meta.get_field(name)
    links, own, linked = field.m2m_db_table(), field.m2m_column_name(), field.m2m_reverse_name()
    link = _newest(links)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {own} FROM {links} WHERE id = {link}")
        (row,) = cursor.fetchone()
    for sql in (
        f"UPDATE {links} SET {linked} = {linked} + 100 WHERE id = {link}",
        f"DELETE FROM {links} WHERE id = {link}",
        f"INSERT INTO {links} ({own}, {linked}) SELECT {own}, {linked} + 100 FROM {links} WHERE id = {link}",
    ):
        with _undone():
            _without_constraints(links, partial(tamper, sql))
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
        ("procedures_versionapplicability", "options", "'['"),
        (RELEASE, "content", "'{'"),
        (RELEASE, "content", "'[]'"),
        (RELEASE, "submitted_at", "'2026-13-01 00:00:00'"),
        (STAGE, "completed_at", "'never'"),
        (SIGNATURE, "signed_at", "'2026-13-01 00:00:00'"),
        ("review_remark", "text", "CAST(X'ff' AS TEXT)"),
    ],
)
def test_what_cannot_be_read_any_more_is_named(
    world: ProcedureVersion, tamper: Tamper, table: str, column: str, value: str
) -> None:
    row = _newest(table)
    _change(tamper, table, column, value)
    first_named(table, row)


def test_a_status_set_by_hand_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    tamper(
        f"UPDATE {VERSION} SET status = 'withdrawn', withdrawn_at = approved_at, withdrawn_by_id = approved_by_id, "
        "withdrawn_reason = 'x' WHERE id = %s",
        world.pk,
    )
    first_named(VERSION, world.pk)


def test_a_signature_on_other_content_is_found_though_an_event_seals_it(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    signature = world.release.signatures.get()
    tamper(f"UPDATE {SIGNATURE} SET sha256 = '{'0' * 64}' WHERE id = {signature.pk}")
    audit.record("sealed", version=world, by=None, sealed=[signature])
    first_named(SIGNATURE, signature.pk)


def test_a_hold_set_on_another_procedure_is_found_though_an_event_seals_it(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    hold = Hold.objects.get()
    other = ProcedureVersion.objects.exclude(page=world.page_id).first()
    tamper("UPDATE review_hold SET version_id = %s WHERE id = %s", other.pk, hold.pk)
    audit.record("sealed", version=world, by=None, sealed=[hold])
    first_named("review_hold", hold.pk)


def test_a_hold_lifted_by_hand_is_found(world: ProcedureVersion, tamper: Tamper) -> None:
    owner = world.page.procedure_owner
    hold = holding.place(page=world.page, by=owner, password=make.PASSWORD, reason="Again", instead="Call")
    tamper(
        "UPDATE review_hold SET lifted_at = placed_at, lifted_by_id = placed_by_id, lifted_name = name, "
        "lift_reason = 'x' WHERE id = %s",
        hold.pk,
    )
    first_named("review_hold", hold.pk)


def test_a_release_without_a_signature_is_found_though_no_event_ever_sealed_one(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    for table in (EVENT, "procedures_audithead", SIGNATURE):
        tamper(f"DELETE FROM {table}")
    seal_unsealed(by=None)
    first_named(VERSION, ProcedureVersion.objects.order_by("pk").first().pk)


@pytest.mark.parametrize("table", [table for table in MODELS if table != EVENT])
def test_a_row_taken_out_or_slipped_in_is_found(world: ProcedureVersion, tamper: Tamper, table: str) -> None:
    row = _newest(table)
    with _undone():
        _without_constraints(table, lambda: tamper(f"DELETE FROM {table} WHERE id = {row}"))
        first_named(table, row)
    columns = [field for field in MODELS[table]._meta.concrete_fields if not field.primary_key]
    no_number = (DateTimeField, JSONField, CharField, TextField)
    values = [field.column + ("" if isinstance(field, no_number) else " + 100") for field in columns]
    sql = f"INSERT INTO {table} ({', '.join(field.column for field in columns)}) SELECT {', '.join(values)} "
    _without_constraints(table, lambda: tamper(f"{sql} FROM {table} WHERE id = {row}"))
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
    kept = AuditEvent.objects.last()
    audit.record("acknowledged", version=world, by=world.approved_by)
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
    name, address = f"frozen/{digest}.png", f"{version.get_absolute_url()}images/{digest}/"
    reader = make.signed_in(make.field_engineer())
    assert reader.get(address).getvalue() == png.getvalue()
    default_storage.delete(name)
    first_named("frozen", digest)
    default_storage.save(name, ContentFile(png.getvalue() + b"\0"))
    first_named("frozen", digest)
    assert reader.get(address).status_code == 404  # nothing else is shown in its place
    default_storage.delete(name)
