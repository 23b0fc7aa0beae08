"""What the database itself refuses, past models and actions: rows that versions and reviews stand on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from wagtail.models import Revision

from procedures.models import AuditEvent, AuditHead, MachineModel, ProcedureVersion, VersionApplicability
from procedures.rules import NotAllowed
from review import duties, releasing, scheduling
from review.models import Acknowledgement, Confirmation, Release, Remark, Signature, Stage
from tests import factories as make
from tests.integration.audit.conftest import Tamper, submit, verify

pytestmark = pytest.mark.django_db

ATTEMPTS: dict[str, Callable[[ProcedureVersion], Any]] = {
    "applies to other machines": lambda version: version.applicability.update(
        model=make.machine_model(MachineModel.objects.get().product_line)
    ),
    "applies everywhere": lambda version: version.applicability.all().delete(),
    "applies to one more": lambda version: VersionApplicability.objects.create(
        version=version, model=MachineModel.objects.get()
    ),
    "no codes": lambda version: version.error_codes.clear(),
    "another code": lambda version: version.error_codes.add(make.error_code(version.product_line)),
    "other codes": lambda version: version.error_codes.through.objects.update(
        errorcode=make.error_code(version.product_line)
    ),
    "signatures deleted": lambda version: Signature.objects.all().delete(),
    "signatures changed": lambda version: Signature.objects.update(comment="Never read"),
    "a signature of somebody else": lambda version: Signature.objects.update(signatory=make.field_engineer()),
    "remarks deleted": lambda version: Remark.objects.all().delete(),
    "remarks changed": lambda version: Remark.objects.update(text="Fine."),
    "releases deleted": lambda version: Release.objects.all()._raw_delete("default"),
    "stages deleted": lambda version: Stage.objects.all()._raw_delete("default"),
    "another hash": lambda version: Release.objects.update(sha256="0" * 64),
    "another content": lambda version: Release.objects.update(content={}),
    "another summary": lambda version: Release.objects.update(change_summary="Nothing"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_database_refuses(world: ProcedureVersion, attempt: Callable[[ProcedureVersion], Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(world)
    assert verify()[0]


def test_a_stage_is_escalated_once(expert: Any, draft: Any) -> None:
    stage = submit(draft).stages.get(position=2)
    list(scheduling.run(timezone.now() + timedelta(days=2, hours=1)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Stage.objects.filter(pk=stage.pk).update(escalated_at=None)
    assert verify()[0]


def test_a_signature_is_voided_once(expert: Any, draft: Any) -> None:
    release = submit(draft)
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="Right.")
    signature = releasing.sign(
        stage=release.stages.get(position=2), by=expert, password=make.PASSWORD, seen_sha256=release.sha256
    )
    releasing.take_back(release=release, by=draft.procedure_owner)
    for moment in (None, timezone.now() + timedelta(days=1)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Signature.objects.filter(pk=signature.pk).update(voided_at=moment)
    assert verify()[0]


def test_duties_stay_on_record() -> None:
    version, engineer = make.released(), make.field_engineer()
    owner = version.page.procedure_owner
    duties.confirm(version=version, by=owner, password=make.PASSWORD, seen_sha256=version.sha256)
    task = Acknowledgement.objects.create(
        version=version, person=engineer, asked_at=timezone.now(), due_on=timezone.localdate()
    )
    duties.acknowledge(task=task, by=engineer)
    for attempt in (
        lambda: Confirmation.objects.all().delete(),
        lambda: Confirmation.objects.update(comment="Not looked at"),
        lambda: Acknowledgement.objects.all().delete(),
        lambda: Acknowledgement.objects.update(acknowledged_at=None),
        lambda: Acknowledgement.objects.update(person=owner),
        lambda: Acknowledgement.objects.update(due_on=timezone.localdate() + timedelta(days=90)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_editors_struck_off_the_record_past_the_triggers_do_not_sign_either(tamper: Tamper) -> None:
    """The last signature works out anew whose the text is."""
    owner, editor, staff = make.procedure_owner(), make.documentation_staff(), make.documentation_staff()
    page = make.working_copy(by=editor, procedure_owner=owner)
    releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    tamper("DELETE FROM review_release_editors WHERE user_id = %s", editor.pk)
    with pytest.raises(NotAllowed, match="Whoever edited it"):
        make.approve(page, by=editor)
    assert make.approve(page, by=staff).approved_by == staff


def _withdrawn(**columns: Any) -> Callable[[ProcedureVersion], Any]:
    def attempt(version: ProcedureVersion) -> Any:
        staff = make.documentation_staff()
        releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="It can burn.")
        return ProcedureVersion.objects.filter(pk=version.pk).update(**columns)

    return attempt


def _released_by_hand(version: ProcedureVersion, **fields: Any) -> None:
    """Another version of the same revision, as the model lets anybody make one."""
    ProcedureVersion.objects.filter(pk=version.pk).update(status="superseded", superseded_at=timezone.now())
    by_hand = ProcedureVersion.objects.get(pk=version.pk)
    by_hand.pk, by_hand.minor, by_hand._state.adding = None, 99, True
    for name, value in {"superseded_at": None, **fields}.items():
        setattr(by_hand, name, value)
    by_hand.save()
    ProcedureVersion.objects.filter(pk=by_hand.pk).update(status="effective")


AFTERWARDS: dict[str, Callable[[ProcedureVersion], Any]] = {
    "why it was withdrawn": _withdrawn(withdrawn_reason="Nothing; use it."),
    "by whom": _withdrawn(withdrawn_by=None),
    "when": _withdrawn(withdrawn_at=timezone.now() + timedelta(days=9)),
    "when it was superseded": lambda version: version.page.versions.filter(minor=0).update(
        superseded_at=timezone.now() - timedelta(days=99)
    ),
    "in force without a signature": lambda version: _released_by_hand(version, status="approved"),
    "made in force without a signature": lambda version: _released_by_hand(version, status="effective"),
    "another name of procedures": lambda version: ContentType.objects.filter(model="procedurepage").update(
        model="x"
    ),
    "no name of procedures": lambda version: ContentType.objects.filter(model="procedurepage")._raw_delete(
        "default"
    ),
    "a save by nobody before the others": lambda version: Revision.objects.create(
        pk=0,
        content_object=version.page, base_content_type=version.page.get_base_content_type(), content={},
    ),
}  # fmt: skip


@pytest.mark.parametrize("attempt", AFTERWARDS.values(), ids=AFTERWARDS)
def test_the_database_refuses_what_would_tell_readers_otherwise(
    world: ProcedureVersion, attempt: Callable[[ProcedureVersion], Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(world)


PLACES = [
    ("procedures_procedureversion", "content = '{}'"),
    ("procedures_versionapplicability", "options = '[]'"),
    ("procedures_procedureversion_error_codes", ""),
    ("procedures_auditevent", "actor_name = 'Somebody else'"),
    ("review_release", "change_summary = 'Nothing'"),
    ("review_release_editors", ""),
    ("review_stage", "name = 'Nothing'"),
    ("review_stage_people", ""),
    ("review_stage_groups", ""),
    ("review_signature", "comment = 'Never read'"),
    ("review_remark", "text = 'Fine.'"),
    ("procedures_audithead", "sequence = '1'"),
    ("procedures_productline", "name = 'Other machines'"),
    ("procedures_machinemodel", "options = '[]'"),
    ("procedures_softwarerelease", "position = '9'"),
    ("procedures_errorcode", "meaning = 'Nothing'"),
    ("wagtailcore_revision", "content = '{}'"),
    ("django_content_type", ""),
]
WITHOUT_ANOTHER_KEY = (
    "procedures_versionapplicability",
    "review_remark",
    "procedures_audithead",
    "wagtailcore_revision",
)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL replaces no row")
@pytest.mark.parametrize(("table", "change"), PLACES)
def test_no_row_is_put_in_the_place_of_another(world: ProcedureVersion, table: str, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1 DESC LIMIT 1")
        columns = [column[0] for column in cursor.description]
        row = dict(zip(columns, cursor.fetchone(), strict=True))
        name, _equals, value = change.partition(" = ")
        for other_key in (False, True):
            values = row | ({name: value.strip("'")} if name else {})
            # Under another key, what else stands once is in the way.
            values |= {columns[0]: 10_000} if other_key else {}
            if other_key and table in WITHOUT_ANOTHER_KEY:
                continue
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(
                    f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
                    list(values.values()),
                )
    assert verify()[0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL replaces no row")
def test_a_state_does_not_take_the_place_of_the_version_in_force(world: ProcedureVersion) -> None:
    later = timezone.now() + timedelta(days=3)
    draft = world.page.get_latest_revision_as_object()
    draft.summary = "More"
    draft.save_revision(user=world.last_editor)
    release = releasing.submit_for_release(
        page=world.page,
        by=world.last_editor,
        change_summary="More",
        significance="minor",
        effective_from=later,
    )
    approved = make.approve(release.page, by=world.approved_by)
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(
            f"UPDATE OR REPLACE procedures_procedureversion SET status = 'effective' WHERE id = {approved.pk}"
        )
    assert ProcedureVersion.objects.filter(pk=world.pk).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's own way is above")
def test_an_insert_that_updates_on_conflict_is_refused(world: ProcedureVersion) -> None:
    for table, column in (("procedures_procedureversion", "id"), ("procedures_auditevent", "sequence")):
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM {table} ORDER BY {column} LIMIT 1 "
                f"ON CONFLICT ({column}) DO UPDATE SET {'title' if column == 'id' else 'actor_name'} = 'x'"
            )


def test_no_version_is_deleted(world: ProcedureVersion) -> None:
    lone = make.released(number="SOP-8")
    for statement in (
        f"DELETE FROM procedures_procedureversion WHERE id = {lone.pk}",
        f"UPDATE procedures_procedureversion SET id = 10000 WHERE id = {lone.pk}",
    ):
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(statement)
    assert verify()[0]


def test_the_end_of_the_log_only_moves_on(world: ProcedureVersion) -> None:
    head = AuditHead.objects.get()
    first = AuditEvent.objects.first()
    assert first is not None
    for attempt in (
        lambda: AuditHead.objects.update(sequence=head.sequence + 1),
        lambda: AuditHead.objects.update(hash="0" * 64),
        lambda: AuditHead.objects.update(sequence=first.sequence, hash=first.hash),
        lambda: AuditHead.objects.update(sequence=0, hash="0" * 64),
        lambda: AuditHead.objects.all().delete(),
        lambda: AuditHead.objects.all()._raw_delete("default"),
        lambda: AuditHead.objects.update(id=2),
    ):
        with pytest.raises(IntegrityError, match="only goes on"), transaction.atomic():
            attempt()
    make.released(number="SOP-9")
    assert AuditHead.objects.get().sequence > head.sequence
    assert verify()[0]


def test_a_head_that_is_gone_comes_back_only_as_the_end_of_the_log(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    head, first = AuditHead.objects.get(), AuditEvent.objects.first()
    assert first is not None
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER audit_head_is_immutable_delete")
            cursor.execute("DELETE FROM procedures_audithead")
    else:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procedures_audithead")
    for sequence, digest in ((0, "0" * 64), (first.sequence, first.hash), (head.sequence, first.hash)):
        with pytest.raises(IntegrityError, match="only goes on"), transaction.atomic():
            AuditHead.objects.create(pk=1, sequence=sequence, hash=digest)
    AuditHead.objects.create(pk=1, sequence=head.sequence, hash=head.hash)
    assert verify()[0]
