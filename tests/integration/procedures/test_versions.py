"""What the field reads is what was approved, and nothing else can be shown."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from wagtail.actions.publish_page_revision import PublishPageRevisionAction

from procedures.content import canonical_content, content_hash
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from review import landing, releasing
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_a_release_freezes_what_was_approved() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, steps=[make.step("a", body="Turn **left**.")])
    version = make.release(page, by=owner, approver=staff, summary="First")
    assert (version.label, version.status, version.change_summary) == ("1.0", "effective", "First")
    assert version.sha256 == content_hash(version.content) == version.release.signatures.get().sha256
    assert version.html["steps"]["a"]["body"] == "<p>Turn <strong>left</strong>.</p>"
    assert (version.last_editor, version.approved_by) == (owner, staff)


def test_the_last_editor_cannot_approve() -> None:
    staff = make.documentation_staff()
    make.documentation_staff()  # somebody who could sign
    page = make.working_copy(by=staff)
    releasing.submit_for_release(page=page, by=staff, change_summary="x", significance="minor")
    with pytest.raises(NotAllowed, match="You submitted this"):
        make.approve(page, by=staff)
    assert not ProcedureVersion.objects.filter(page=page).exists()


def test_the_database_refuses_an_approval_by_the_last_editor() -> None:
    version = make.released()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProcedureVersion.objects.bulk_create(
            [
                _copy(
                    version,
                    major=2,
                    status="superseded",
                    superseded_at=version.approved_at,
                    approved_by=version.last_editor,
                )
            ]
        )


def test_a_field_engineer_cannot_approve_or_submit() -> None:
    owner, engineer = make.procedure_owner(), make.field_engineer()
    make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner)
    with pytest.raises(PermissionDenied):
        releasing.submit_for_release(page=page, by=engineer, change_summary="x", significance="minor")
    releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    with pytest.raises(PermissionDenied):
        make.approve(page, by=engineer)


def _copy(version: ProcedureVersion, **changes: object) -> ProcedureVersion:
    values = {
        f.attname: getattr(version, f.attname) for f in version._meta.concrete_fields if f.attname != "id"
    }
    copy = ProcedureVersion(**values)
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def test_one_version_is_effective_at_a_time() -> None:
    version = make.released()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProcedureVersion.objects.bulk_create([_copy(version, major=2)])


def test_a_version_that_is_not_what_was_approved_is_refused_by_the_database() -> None:
    version = make.released()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProcedureVersion.objects.bulk_create(
            [
                _copy(
                    version,
                    major=2,
                    status="superseded",
                    superseded_at=version.approved_at,
                    approved_sha256="0" * 64,
                )
            ]
        )


@pytest.mark.parametrize(
    "change", [{"title": "Other"}, {"content": {}}, {"html": {}}, {"sha256": "0" * 64}, {"major": 9}]
)
def test_the_database_refuses_to_change_a_version(change: dict) -> None:
    version = make.released()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProcedureVersion.objects.filter(pk=version.pk).update(**change)
    version.title = "Other"
    with pytest.raises(ValidationError):
        version.save()
    with pytest.raises(ValidationError):
        version.delete()


def test_the_approved_revision_is_released_not_the_newest() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, title="As approved")
    releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    later = landing.working_copy(page)
    later.title = "Slipped in later"
    later.save_revision(user=owner)
    assert make.approve(page, by=staff).title == "As approved"


def test_nothing_changed_means_no_new_version() -> None:
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner)
    make.release(page, by=owner, approver=staff)
    page = ProcedurePage.objects.get(pk=page.pk)
    with pytest.raises(NotAllowed, match="Nothing has changed"):
        releasing.submit_for_release(page=page, by=owner, change_summary="again", significance="minor")
    assert page.releases.in_review().count() == 0


@pytest.mark.parametrize(("significance", "label"), [("minor", "1.1"), ("major", "2.0")])
def test_the_next_number_follows_the_significance(significance: str, label: str) -> None:
    first = make.released()
    owner, staff = first.last_editor, make.documentation_staff()
    draft = landing.working_copy(first.page)
    draft.title = "Changed"
    draft.save_revision(user=owner)
    second = make.release(first.page, by=owner, approver=staff, significance=significance, summary="Changed")
    first.refresh_from_db()
    assert second.label == label
    assert first.status == "superseded"


def test_every_door_to_publishing_is_shut_without_an_approval() -> None:
    staff = make.documentation_staff()
    page = make.working_copy(by=staff)
    revision = page.get_latest_revision()
    with pytest.raises(PermissionDenied):
        revision.publish(user=staff)
    with pytest.raises(PermissionDenied):
        revision.publish(user=staff, skip_permission_checks=True)
    with pytest.raises(PermissionDenied):
        PublishPageRevisionAction(revision, user=staff).execute()
    assert not page.permissions_for_user(staff).can_publish()
    # Even where Wagtail's flag is forced, readers see versions only.
    PublishPageRevisionAction(revision, user=staff).execute(skip_permission_checks=True)
    assert Client().get(page.get_absolute_url()).status_code == 404


def test_an_autosave_never_overwrites_a_reviewed_revision() -> None:
    owner, _staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(by=owner, procedure_owner=owner, title="As submitted")
    releasing.submit_for_release(page=page, by=owner, change_summary="x", significance="minor")
    draft = landing.working_copy(page)
    submitted = draft.get_latest_revision()
    draft.title = "Autosaved"
    saved = draft.save_revision(user=owner, overwrite_revision=submitted)
    assert saved.pk != submitted.pk
    submitted.refresh_from_db()
    assert submitted.content["title"] == "As submitted"


def test_saving_without_a_change_keeps_the_hash() -> None:
    owner = make.procedure_owner()
    page = make.working_copy(by=owner, steps=[make.step("a", body="One\r\nTwo\r\n")])
    before = content_hash(canonical_content(page))
    revision = landing.working_copy(page).save_revision(user=owner)
    assert content_hash(canonical_content(revision.as_object())) == before


def test_readers_see_what_their_audience_may_see() -> None:
    internal = make.released(audience="internal")
    customer = make.released(audience="customer")
    public = make.released(audience="public")

    def visible(user: object) -> set[str]:
        return set(ProcedureVersion.objects.visible_to(user).values_list("number", flat=True))

    from django.contrib.auth.models import AnonymousUser

    assert visible(AnonymousUser()) == {public.number}
    assert visible(make.make_user()) == {public.number, customer.number}
    assert visible(make.field_engineer()) == {public.number, customer.number, internal.number}


def test_applicability_is_a_range_of_releases_and_a_set_of_options() -> None:
    line = make.product_line()
    old, mid, new = make.releases(line, "2.0", "2.10", "3.0")
    model, other = make.machine_model(line), make.machine_model(line)
    ranged = make.released(
        product_line=line,
        applies_to=[{"model": model, "release_from": old, "release_before": new, "options": []}],
    )
    optional = make.released(
        product_line=line, applies_to=[{"model": model, "release_from": new, "options": ["lithium"]}]
    )
    everywhere = make.released(product_line=line)

    def found(*args: object) -> set[str]:
        return set(ProcedureVersion.objects.effective().applicable_to(*args).values_list("number", flat=True))

    assert found(model, mid) == {ranged.number, everywhere.number}
    assert found(model, new) == {everywhere.number}
    assert found(model, new, ["lithium", "top-entry"]) == {optional.number, everywhere.number}
    assert found(other, mid) == {everywhere.number}


def test_the_trigger_is_there() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        assert ("version_is_immutable",) in cursor.fetchall()
