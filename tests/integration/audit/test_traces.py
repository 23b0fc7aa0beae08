"""What was changed behind the log's back stays found, whatever is released afterwards."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from kb.accounts.roles import ADMINISTRATOR
from procedures import audit
from procedures.audit import comparing
from procedures.content import content_hash
from procedures.models import AuditEvent, ErrorCode, ProcedureVersion
from procedures.rules import NotAllowed
from review import releasing, scheduling
from review.models import Notice, Release
from tests import factories as make
from tests.integration.audit.conftest import Tamper, sign, submit, verify

pytestmark = pytest.mark.django_db

VERSION = "procedures_procedureversion"


def release_another(version: ProcedureVersion) -> ProcedureVersion:
    """The next ordinary version of the procedure."""
    draft = version.page.get_latest_revision_as_object()
    draft.summary += " A harmless new sentence."
    draft.save_revision(user=version.last_editor)
    return make.release(version.page, by=version.last_editor, approver=version.approved_by, summary="More")


def alter_html(tamper: Tamper, version: ProcedureVersion) -> None:
    html = json.loads(json.dumps(version.html).replace("left", "right"))
    tamper(f"UPDATE {VERSION} SET html = %s WHERE id = %s", json.dumps(html), version.pk)


def test_a_release_over_a_changed_version_goes_on_but_leaves_a_trace_for_good(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    administrator = make.make_user("ada", ADMINISTRATOR)
    alter_html(tamper, world)
    after = release_another(world)
    assert after.is_effective
    event = AuditEvent.objects.get(kind="tampered")
    assert event.data["misfits"] == {f"procedures.procedureversion:{world.pk}": ["html"]}
    notice = Notice.objects.get(kind="tampered")
    assert (notice.recipient, notice.page) == (administrator, world.page)
    assert notice.text == f"procedures.procedureversion {world.pk}: html"
    assert notice.get_absolute_url() == reverse("procedures:record", args=["SOP-1"])
    page = make.signed_in(administrator).get(notice.get_absolute_url()).content.decode()
    assert notice.text in page
    release_another(after)
    fits, said = verify()
    assert not fits
    assert said.startswith(f"{VERSION} {world.pk}: ")
    assert "html" in said


def test_the_trace_is_in_the_record_that_is_verified_offline(
    world: ProcedureVersion, tamper: Tamper, tmp_path: Path
) -> None:
    alter_html(tamper, world)
    release_another(world)
    with pytest.raises(CommandError):
        call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)
    fits, said = verify("--file", str(tmp_path / "SOP-1.audit.json"))
    assert not fits
    assert said.startswith(f"procedures.procedureversion {world.pk}: ")


def test_a_state_set_by_hand_before_a_withdrawal_leaves_a_trace(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    """Columns that may change are compared before the change at hand."""
    tamper(f"UPDATE {VERSION} SET replaced_by_id = page_id WHERE id = %s", world.pk)
    releasing.withdraw(version=world, by=world.approved_by, password=make.PASSWORD, reason="Burnt")
    event = AuditEvent.objects.get(kind="tampered")
    assert event.data["misfits"] == {f"procedures.procedureversion:{world.pk}": ["replaced_by"]}
    assert not verify()[0]


def test_two_seals_that_differ_in_what_never_changes_are_found_without_an_event_on_it(
    world: ProcedureVersion, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the application without the comparison is found all the same."""
    alter_html(tamper, world)
    # As if the application ran without the comparison: what is left to find must find it.
    monkeypatch.setattr("procedures.audit.recording.frozen_misfits", lambda before, after: {})
    audit.record("acknowledged", version=world, by=None, sealed=[world])
    assert not AuditEvent.objects.filter(kind="tampered").exists()
    fits, said = verify()
    assert not fits
    assert said.startswith(f"{VERSION} {world.pk}: ")


def test_a_content_with_a_new_hash_is_held_against_the_hash_at_its_approval(
    world: ProcedureVersion, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seals from before they told their columns apart say nothing; the approval names the hash."""
    # Each check by itself: this one is off, so that the other is seen to find it.
    monkeypatch.setattr("procedures.audit.chain.frozen_misfits", lambda before, after: {})
    tamper("DELETE FROM review_signature WHERE release_id = %s", world.release.pk)
    tamper(f"UPDATE {VERSION} SET origin = 'imported' WHERE id = %s", world.pk)
    content = world.content | {"summary": "Drink the coolant."}
    digest = content_hash(content)
    tamper(
        f"UPDATE {VERSION} SET content = %s, summary = %s, sha256 = %s, approved_sha256 = %s WHERE id = %s",
        json.dumps(content), content["summary"], digest, digest, world.pk,
    )  # fmt: skip
    world.refresh_from_db()
    audit.record("acknowledged", version=world, by=None, sealed=[world])
    assert "the first on it, has another hash of its content" in verify("--all")[1]


def test_a_signature_changed_under_way_leaves_a_trace_at_the_next_one(
    expert: object, draft: object, tamper: Tamper
) -> None:
    release = submit(draft)
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="Fine.")
    signature = sign(release, 2, expert)
    tamper("UPDATE review_signature SET comment = 'Never read' WHERE id = %s", signature.pk)
    sign(Release.objects.get(pk=release.pk), 3, make.documentation_staff())
    event = AuditEvent.objects.get(kind="tampered")
    assert event.data["misfits"] == {f"review.signature:{signature.pk}": ["comment"]}
    assert not verify()[0]


def test_nothing_is_found_where_nobody_tampered(world: ProcedureVersion) -> None:
    release_another(release_another(world))
    assert not AuditEvent.objects.filter(kind="tampered").exists()
    assert verify()[0]


def test_a_text_that_names_what_the_catalogue_has_no_more_is_not_released(world: ProcedureVersion) -> None:
    draft = world.page.get_latest_revision_as_object()
    code = make.error_code(world.product_line, "E-7")
    draft.error_codes.add(code)
    draft.save_revision(user=world.last_editor)
    releasing.submit_for_release(
        page=world.page, by=world.last_editor, change_summary="More", significance="minor"
    )
    ErrorCode.objects.filter(pk=code.pk).update(code="E-8")  # no version names it yet
    with pytest.raises(NotAllowed, match="no error code E-7"):
        make.approve(world.page, by=world.approved_by)


ROWS = "procedures_versionapplicability"
CODES = "procedures_procedureversion_error_codes"


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        (f"DELETE FROM {ROWS} WHERE version_id = %s", "applies_to"),
        (f"UPDATE {ROWS} SET options = '[]' WHERE version_id = %s", "applies_to"),
        (f"DELETE FROM {CODES} WHERE procedureversion_id = %s", "error_codes"),
        (f"UPDATE {VERSION} SET product_line_id = NULL WHERE id = %s", "product_line"),
        ("UPDATE procedures_errorcode SET code = 'E-2' WHERE 0 < %s", "error_codes"),
        ("UPDATE procedures_machinemodel SET code = 'U-200' WHERE 0 < %s", "applies_to"),
        ("UPDATE procedures_productline SET code = 'UPT' WHERE 0 < %s", "product_line"),
    ],
)
def test_what_a_version_answers_is_held_against_its_content(
    world: ProcedureVersion, tamper: Tamper, sql: str, column: str
) -> None:
    tamper(sql, world.pk)
    assert f"{VERSION} {world.pk}: Its {column} is not what its content says." in verify("--all")[1]


def test_a_record_is_held_against_the_number_of_rows_that_its_content_names(
    world: ProcedureVersion, tamper: Tamper, tmp_path: Path
) -> None:
    tamper(f"DELETE FROM {CODES} WHERE procedureversion_id = %s", world.pk)
    with pytest.raises(CommandError, match="error_codes is not what its content says"):
        call_command("export_audit", "SOP-1", output=tmp_path, verbosity=0)


def test_a_row_sealed_before_seals_told_columns_apart_leaves_a_trace_too(
    world: ProcedureVersion, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = comparing.newest_seals

    def without_digests(pages: object, keys: object) -> dict[str, str]:
        return {key: ":".join(seal.split(":")[:2]) for key, seal in newest(pages, keys).items()}

    # Seals from before there were digests; nothing writes such any more.
    monkeypatch.setattr(comparing, "newest_seals", without_digests)
    after = release_another(world)
    assert not AuditEvent.objects.filter(kind="tampered").exists()
    alter_html(tamper, after)
    release_another(after)
    event = AuditEvent.objects.get(kind="tampered")
    assert event.data["misfits"] == {f"procedures.procedureversion:{after.pk}": []}
    assert "was changed behind the log's back" in verify()[1]


def test_what_is_not_what_was_signed_does_not_go_into_force(world: ProcedureVersion, tamper: Tamper) -> None:
    """Neither with the hash that people signed beside other bytes, nor with a hash that only the last one saw."""
    draft = world.page.get_latest_revision_as_object()
    draft.summary += " A new sentence."
    draft.save_revision(user=world.last_editor)
    release = submit(world.page, significance="minor")
    content = {**release.content, "summary": "Drink the coolant."}
    tamper("UPDATE review_release SET content = %s WHERE id = %s", json.dumps(content), release.pk)
    with pytest.raises(NotAllowed, match="behind the log's back"):
        sign(release, 1, world.approved_by)
    assert world.page.versions.effective().get() == world


def test_an_approved_version_that_was_changed_does_not_go_into_force_on_its_day(
    world: ProcedureVersion, tamper: Tamper
) -> None:
    now = timezone.now()
    draft = world.page.get_latest_revision_as_object()
    draft.summary += " A new sentence."
    draft.save_revision(user=world.last_editor)
    release = releasing.submit_for_release(
        page=world.page, by=world.last_editor, change_summary="More", significance="minor",
        effective_from=now + timedelta(days=2),
    )  # fmt: skip
    sign(release, 1, world.approved_by)
    version = world.page.versions.get(status="approved")
    content = {**version.content, "summary": "Drink the coolant."}
    sha256 = content_hash(content)
    tamper(
        f"UPDATE {VERSION} SET content = %s, sha256 = %s, approved_sha256 = %s WHERE id = %s",
        json.dumps(content), sha256, sha256, version.pk,
    )  # fmt: skip
    said = list(scheduling.run(now + timedelta(days=3)))
    assert any("behind the log's back" in str(line) for line in said)
    assert world.page.versions.effective().get() == world
