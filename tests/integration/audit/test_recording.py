"""Everything that happens to a procedure is an event, in order, with nothing between."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from procedures import audit
from procedures.audit import sealing
from procedures.audit.canonical import event_hash
from procedures.audit.sealing import sealed_models
from procedures.importing import importer
from procedures.models import AuditEvent, AuditHead, ProcedurePage, ProcedureVersion
from procedures.models.audit import NO_HASH
from review import releasing
from review.models import Signature
from tests import factories as make
from tests.integration.audit.conftest import build_expert, build_world, submit, verify

POSTGRESQL = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


@pytest.fixture
def world(db: None) -> ProcedureVersion:
    """For one test: the others here begin with an empty log."""
    return build_world(build_expert())


def kinds(page: ProcedurePage | None = None) -> list[str]:
    events = AuditEvent.objects.filter(page=page) if page else AuditEvent.objects.all()
    return list(events.values_list("kind", flat=True))


def test_a_life_is_on_record_step_by_step(world: ProcedureVersion) -> None:
    signing = ["submitted", "stage_opened", "signed", "stage_complete", "approved"]
    assert kinds(world.page) == [*signing, "released", *signing, "superseded", "released"]
    release = world.release
    (stage,), (signature,) = release.stages.all(), release.signatures.all()
    events = {event.kind: event for event in AuditEvent.objects.filter(page=world.page)}
    version_and_rows = {
        f"procedures.procedureversion:{world.pk}",
        *(f"procedures.versionapplicability:{row.pk}" for row in world.applicability.all()),
    }
    assert {kind: set(event.seals) for kind, event in events.items()} == {
        "submitted": {f"review.release:{release.pk}", f"review.stage:{stage.pk}"},
        "stage_opened": {f"review.stage:{stage.pk}"},
        "signed": {f"review.signature:{signature.pk}"},
        "stage_complete": {f"review.stage:{stage.pk}"},
        "approved": {f"review.release:{release.pk}", *version_and_rows},
        "superseded": {f"procedures.procedureversion:{world.page.versions.last().pk}"},
        "released": version_and_rows,
    }
    signed = events["signed"]
    assert (signed.actor, signed.actor_name) == (world.approved_by, str(world.approved_by))
    assert signed.data == {
        "number": "SOP-1", "stage": stage.name, "meaning": "release", "on_behalf_of": "", "comment": "",
        "sha256": world.sha256,
    }  # fmt: skip
    approved = events["approved"]
    assert (approved.version, approved.happened_at) == (world, world.approved_at)
    assert approved.data["change_summary"] == "A tray"


@pytest.mark.django_db
def test_a_refused_release_is_on_record_and_keeps_its_page() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner)
    assert page.permissions_for_user(staff).can_delete() == (not kinds(page))
    release = submit(page, significance="minor")
    releasing.send_back(release=release, by=staff, reason="The torque is missing.")
    assert kinds(page) == ["submitted", "stage_opened", "sent_back"]
    assert AuditEvent.objects.last().data["reason"] == "The torque is missing."
    assert not page.permissions_for_user(make.make_user(is_superuser=True)).can_delete()


def test_each_event_holds_the_hash_of_the_one_before_and_of_the_one_before_of_its_procedure(
    world: ProcedureVersion,
) -> None:
    previous, of_page = NO_HASH, {}
    for number, event in enumerate(AuditEvent.objects.order_by("sequence"), 1):
        assert event.sequence == number
        assert event.previous_hash == previous
        assert event.previous_of_page == of_page.get(event.page_id, NO_HASH)
        previous = of_page[event.page_id] = event.hash
    assert (AuditHead.objects.get().sequence, AuditHead.objects.get().hash) == (number, previous)


def test_the_hash_of_an_event_is_what_the_documents_say_on_every_database() -> None:
    event = {
        "format": 1, "sequence": 1, "kind": "released", "page": 7, "version": 9, "actor": 3,
        "actor_name": "Wei 伟", "happened_at": datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
        "recorded_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "data": {"b": [1, True, None], "a": "é"},
        "seals": {}, "previous_hash": NO_HASH, "previous_of_page": NO_HASH,
    }  # fmt: skip
    assert (
        event_hash(event) == "4023d1361561e8780854fdb2865641ed71357e70eb6e29b1cccd9f8b14c47553"
    )  # by sha256sum


def test_recording_outside_a_transaction_is_refused() -> None:
    with pytest.raises((transaction.TransactionManagementError, RuntimeError)):
        audit.record("submitted", by=None)


@pytest.mark.django_db
def test_what_cannot_be_hashed_the_same_everywhere_is_refused() -> None:
    with pytest.raises(TypeError):
        audit.record("submitted", by=None, data={"torque": 1.5})
    with pytest.raises(TypeError):
        audit.record("submitted", by=None, data={"texts": {1: "one"}})
    with pytest.raises(LookupError):
        audit.record("invented", by=None)
    with pytest.raises(LookupError):
        audit.record("submitted", by=None, sealed=[ProcedureVersion(pk=99)])
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_a_rolled_back_transaction_leaves_no_hole() -> None:
    audit.record("submitted", by=None)
    with transaction.atomic():
        audit.record("submitted", by=None)
        transaction.set_rollback(True)
    audit.record("submitted", by=None)
    assert list(AuditEvent.objects.values_list("sequence", flat=True)) == [1, 2]
    assert verify()[0]


def test_the_database_refuses_to_change_or_delete_an_event(world: ProcedureVersion) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.filter(sequence=1).update(actor_name="Somebody else")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procedures_auditevent WHERE sequence = 1")


def test_every_column_of_a_sealed_table_is_sealed() -> None:
    for sealed in sealed_models().values():
        meta = sealed.model._meta
        columns = {f.name for f in [*meta.concrete_fields, *meta.many_to_many] if not f.primary_key}
        assert set(sealed.forms[sealed.form]) == columns, f"{sealed.label}: give audit.seal another form"
    assert sealed_models().keys() == {
        "procedures.procedureversion", "procedures.versionapplicability",
        "review.release", "review.stage", "review.signature", "review.remark",
        "review.confirmation", "review.acknowledgement", "review.hold",
    }  # fmt: skip


def test_a_row_sealed_by_an_older_form_still_fits(
    world: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = sealed_models()["review.signature"]
    monkeypatch.setitem(sealing._sealed, "review.signature", registered)  # put back afterwards
    older = tuple(name for name in registered.forms[1] if name != "meaning")
    audit.seal(Signature, registered.forms[1], older, page=registered.page, check=registered.check)
    signature = world.release.signatures.get()
    audit.record_many([audit.Happening(kind="sealed", version=world, by=None, sealed=[signature])])
    seals = AuditEvent.objects.last().seals
    assert seals[f"review.signature:{signature.pk}"].startswith("2:")
    assert verify()[0]


@pytest.mark.django_db
def test_an_import_is_on_record_with_what_it_superseded(tmp_path: Path) -> None:
    by = make.documentation_staff()
    file = tmp_path / "fan.md"
    for text in ("Turn **left**.", "Turn **right**."):
        file.write_text(f"# Fan\n\n## Replace\n\n{text}\n", encoding="utf-8")
        importer.run(importer.Request(root=tmp_path, by=by, set_name="set"))
    assert kinds() == ["imported", "superseded", "imported"]
    old, new = ProcedureVersion.objects.order_by("minor")
    assert list(AuditEvent.objects.values_list("version", flat=True)) == [old.pk, old.pk, new.pk]
    assert AuditEvent.objects.last().data["source"] == "set:fan.md"
    assert verify()[0]


@pytest.mark.skipif(not POSTGRESQL, reason="in memory SQLite has one writer; its transactions are IMMEDIATE")
@pytest.mark.django_db(transaction=True)
def test_two_that_record_at_once_take_two_places() -> None:
    start, failed = threading.Barrier(4), []

    def append() -> None:
        try:
            start.wait()
            for _ in range(20):
                with transaction.atomic():
                    audit.record("submitted", by=None)
        except Exception as error:  # a thread's own would be lost: the test fails on it
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert AuditEvent.objects.count() == 80
    assert verify()[0]


@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_events_leaves_none_to_the_next_one() -> None:
    with transaction.atomic():
        audit.record("submitted", by=None)
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("submitted", by=None)
    assert verify()[0]


@pytest.mark.django_db(transaction=True)
def test_a_test_after_one_that_commits_finds_the_site_as_it_was() -> None:
    assert not AuditEvent.objects.exists()
    assert make.released().status == "effective"
