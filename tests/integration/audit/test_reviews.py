"""Every way that a review or a version can take is on record, and what is on record fits."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from procedures.models import AuditEvent, ProcedurePage, ProcedureVersion
from review import releasing, scheduling
from review.models import Delegation, Stage
from tests import factories as make
from tests.integration.audit.conftest import Tamper, sign, submit, verify

pytestmark = pytest.mark.django_db


def newest(page: ProcedurePage, *seals: object) -> AuditEvent:
    """The procedure's newest event, which seals these rows; the whole log fits."""
    event = AuditEvent.objects.filter(page=page).last()
    assert event.seals.keys() >= {f"{row._meta.label_lower}:{row.pk}" for row in seals}
    fits, said = verify()
    assert fits, said
    return event


def found(table: str, pk: int) -> bool:
    return verify()[1].startswith(f"{table} {pk}: It is not as event ")


def test_a_withdrawal(world: ProcedureVersion, draft: ProcedurePage, tamper: Tamper) -> None:
    staff = make.documentation_staff()
    releasing.withdraw(
        version=world, by=staff, password=make.PASSWORD, reason="It can burn.", replaced_by=draft
    )
    event = newest(world.page, world)
    assert (event.kind, event.actor, event.data["reason"]) == ("withdrawn", staff, "It can burn.")
    assert event.data["replaced_by"] == "SOP-3"
    tamper("UPDATE procedures_procedureversion SET withdrawn_reason = 'It can turn.' WHERE id = %s", world.pk)
    assert found("procedures_procedureversion", world.pk)


def test_a_scheduled_release_and_its_day(world: ProcedureVersion, tamper: Tamper) -> None:
    page, now = world.page, timezone.now()
    draft = page.get_latest_revision_as_object()
    draft.title = "Replace both fans"
    draft.save_revision(user=page.procedure_owner)
    release = submit(page, significance="minor", effective_from=now + timedelta(days=2))
    sign(release, 1, world.approved_by)
    version = page.versions.first()
    release.refresh_from_db()
    scheduled = newest(page, version, release)
    assert (scheduled.kind, scheduled.actor) == ("scheduled", world.approved_by)
    assert list(scheduling.run(now + timedelta(days=3))) == [f"{version} in force"]
    kinds = AuditEvent.objects.filter(page=page).values_list("kind", flat=True)
    assert list(kinds)[-3:] == ["scheduled", "superseded", "released"]
    released = newest(page, version)
    assert (released.actor, released.actor_name) == (None, "")
    tamper("UPDATE procedures_procedureversion SET effective_from = approved_at WHERE id = %s", version.pk)
    assert found("procedures_procedureversion", version.pk)


def test_a_scheduled_release_called_off(world: ProcedureVersion) -> None:
    page = world.page
    draft = page.get_latest_revision_as_object()
    draft.title = "Replace both fans"
    draft.save_revision(user=page.procedure_owner)
    release = submit(page, significance="minor", effective_from=timezone.now() + timedelta(days=2))
    sign(release, 1, world.approved_by)
    version = page.versions.first()
    releasing.withdraw(
        version=version, by=make.documentation_staff(), password=make.PASSWORD, reason="Not needed."
    )
    assert newest(page, version).kind == "called_off"


@pytest.mark.parametrize(
    ("way", "kind"), [("send_back", "sent_back"), ("take_back", "taken_back"), ("replace", "voided")]
)
def test_a_voided_signature(expert: Any, draft: ProcedurePage, tamper: Tamper, way: str, kind: str) -> None:
    release = submit(draft)
    signature = sign(release, 2, expert)
    if way == "send_back":
        releasing.send_back(release=release, by=expert, reason="Step 2 is missing.")
    elif way == "take_back":
        releasing.take_back(release=release, by=draft.procedure_owner)
    else:
        newer = draft.get_latest_revision_as_object()
        newer.title = "Replace both fans"
        newer.save_revision(user=draft.procedure_owner)
        releasing.replace(release=release, by=draft.procedure_owner)
    newest(draft)
    event = AuditEvent.objects.get(page=draft, kind=kind)
    assert event.seals.keys() == {f"review.release:{release.pk}", f"review.signature:{signature.pk}"}
    tamper("UPDATE review_signature SET voided_at = NULL WHERE id = %s", signature.pk)
    assert found("review_signature", signature.pk)


def test_a_signature_in_the_place_of_somebody_away(expert: Any, draft: ProcedurePage, tamper: Tamper) -> None:
    deputy, today = make.field_engineer(), timezone.localdate()
    Delegation.objects.create(delegator=expert, delegate=deputy, starts_on=today, ends_on=today)
    signature = sign(submit(draft), 2, deputy, on_behalf_of=expert)
    newest(draft)
    event = AuditEvent.objects.get(page=draft, kind="signed")
    assert event.actor == deputy
    assert event.seals.keys() == {f"review.signature:{signature.pk}"}
    tamper("UPDATE review_signature SET on_behalf_of_id = NULL WHERE id = %s", signature.pk)
    assert found("review_signature", signature.pk)


def test_a_reminder_and_an_escalation(expert: Any, draft: ProcedurePage, tamper: Tamper) -> None:
    release, now = submit(draft), timezone.now()
    stage = release.stages.get(position=2)
    list(scheduling.run(now + timedelta(days=1, hours=1)))
    assert newest(draft, stage).kind == "stage_reminded"
    list(scheduling.run(now + timedelta(days=2, hours=1)))
    newest(draft)
    event = AuditEvent.objects.get(page=draft, kind="stage_escalated")
    assert (event.actor, event.data["stage"]) == (None, "Technique")
    other_owner = make.procedure_owner()
    sign(release, 2, other_owner)
    newest(draft, stage)
    tamper("UPDATE review_stage SET escalated_at = NULL WHERE id = %s", stage.pk)
    assert found("review_stage", stage.pk)


def test_a_remark_of_somebody_consulted(expert: Any, draft: ProcedurePage, tamper: Tamper) -> None:
    stage = submit(draft).stages.get(position=1)
    remark = releasing.remark(stage=stage, by=expert, text="The torque is wrong.")
    assert newest(draft, stage).kind == "stage_complete"
    event = AuditEvent.objects.get(page=draft, kind="remarked")
    assert (event.actor, event.seals.keys()) == (expert, {f"review.remark:{remark.pk}"})
    tamper("UPDATE review_remark SET text = 'The torque is right.' WHERE id = %s", remark.pk)
    assert found("review_remark", remark.pk)


def test_a_consultation_that_ends_in_silence(expert: Any, draft: ProcedurePage) -> None:
    release, now = submit(draft), timezone.now()
    list(scheduling.run(now + timedelta(days=3, hours=1)))
    stage = release.stages.get(position=1)
    assert stage.completed_at is not None
    newest(draft)
    event = AuditEvent.objects.get(page=draft, kind="stage_complete")
    assert (event.actor, event.seals.keys()) == (None, {f"review.stage:{stage.pk}"})


def test_a_release_whose_status_is_set_by_hand_is_found(expert: Any, draft: ProcedurePage) -> None:
    """Also through the application's own models, which ask nobody: no event says so."""
    release = submit(draft)
    newest(draft)
    release.status, release.ended_at = "taken_back", timezone.now()
    release.save()
    assert found("review_release", release.pk)


def test_a_stage_completed_by_hand_is_found(expert: Any, draft: ProcedurePage) -> None:
    stage = submit(draft).stages.get(position=2)
    Stage.objects.filter(pk=stage.pk).update(completed_at=timezone.now())
    assert found("review_stage", stage.pk)


def test_what_a_sealed_row_lists_stays(world: ProcedureVersion) -> None:
    """Deleting it would change what is sealed, with nobody having tampered."""
    stage = Stage.objects.get(name="Release")
    with pytest.raises(ProtectedError), transaction.atomic():
        stage.groups.get().delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        Group.objects.filter(pk=stage.groups.get().pk).delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        world.error_codes.get().delete()
    assert verify()[0]
    Group.objects.create(name="Asked by nobody").delete()
