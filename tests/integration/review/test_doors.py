"""Whatever door, whoever knocks: readers are shown what was signed, and states follow the table."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.test import Client
from django.utils import timezone
from treebeard.mp_tree import MP_Node
from wagtail.actions.move_page import MovePageAction
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.models import Page

from kb.accounts.roles import ADMINISTRATOR, DOCUMENTATION_STAFF, FIELD_ENGINEER, PROCEDURE_OWNER
from procedures.lifecycle import LIFE_TRANSITIONS, LifeState
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.rules import NotAllowed
from review import landing, releasing
from tests import factories as make
from tests.factories import signed_in
from tests.factories.desk import desk_form
from tests.pristine import built_once

pytestmark = pytest.mark.django_db
STATES = ("draft", "in_review", "approved", "effective", "superseded", "withdrawn")
ROLES = (FIELD_ENGINEER, PROCEDURE_OWNER, DOCUMENTATION_STAFF, ADMINISTRATOR)


def build(state: str) -> int:
    """A public procedure in that state, with a working copy that nobody has signed."""
    owner, staff = make.procedure_owner(), make.documentation_staff()
    page = make.working_copy(
        by=owner, procedure_owner=owner, audience="public", steps=[make.step("a", body="Signed text.")]
    )
    if state != "draft":
        submitted = {"change_summary": "x", "significance": "minor"}
        if state == "approved":
            submitted["effective_from"] = timezone.now() + timedelta(days=1)
        releasing.submit_for_release(page=page, by=owner, **submitted)
        if state != "in_review":
            version = make.approve(page, by=staff)
            if state == "superseded":
                edit(page, "Second signed text.", owner)
                make.release(page, by=owner, approver=staff, summary="Second")
            elif state == "withdrawn":
                releasing.withdraw(version=version, by=staff, password=make.PASSWORD, reason="Wrong")
    edit(page, "NOBODY SIGNED THIS", owner)
    return page.pk


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, int]]:
    with built_once(django_db_blocker, lambda: {state: build(state) for state in STATES}) as pages:
        yield pages


@pytest.fixture
def page(built: dict[str, int], state: str, db: None) -> ProcedurePage:
    return ProcedurePage.objects.get(pk=built[state])


def edit(page: ProcedurePage, text: str, by: Any) -> None:
    draft = landing.working_copy(ProcedurePage.objects.get(pk=page.pk))
    draft.steps[0].value["body"] = text
    draft.save_revision(user=by)


def shown(page: ProcedurePage) -> tuple[Any, ...]:
    """What the versions are, and what a reader is shown."""
    versions = page.versions.order_by("pk").values_list("major", "minor", "status", "sha256")
    response = Client().get(f"/procedures/{page.number}/")
    text = response.content.decode()
    assert "NOBODY SIGNED THIS" not in text
    return tuple(versions), response.status_code


def check_not_found() -> None:
    """Nor does anybody find it."""
    found = Client().get("/api/search/", {"q": "NOBODY SIGNED THIS"}).json()["hits"]
    assert "NOBODY SIGNED THIS" not in json.dumps(found)


def desk_doors(page: ProcedurePage) -> Iterator[tuple[str, dict[str, str]]]:
    """Every address of Wagtail's that could put a page's text before readers, or take it away."""
    revision, parent = page.latest_revision_id, page.get_parent().pk
    state = page.current_workflow_task_state
    loaded = {
        "loaded_revision_id": str(revision),
        "loaded_revision_created_at": page.latest_revision.created_at.isoformat(),
    }
    for action in ("action-publish", "action-submit", "action-workflow-action", "action-cancel-workflow"):
        later = {"go_live_at": "2000-01-01 00:00"}
        yield (
            f"/admin/pages/{page.pk}/edit/",
            desk_form(number=page.number, **loaded, **later, **{action: "approve"}),
        )
    yield f"/admin/pages/{page.pk}/unpublish/", {}
    yield f"/admin/pages/{page.pk}/copy/", {"new_title": "x", "new_slug": "x", "new_parent_page": str(parent)}
    yield f"/admin/pages/{page.pk}/move/1/confirm/", {}
    yield f"/admin/pages/{page.pk}/convert_alias/", {}
    yield f"/admin/pages/{page.pk}/revisions/{revision}/revert/", desk_form(number=page.number)
    yield f"/admin/pages/{page.pk}/revisions/{revision}/unschedule/", {}
    yield f"/admin/pages/{page.pk}/lock/", {}
    for what in ("publish", "unpublish", "move", "copy"):
        yield f"/admin/bulk/wagtailcore/page/{what}/?id={page.pk}", {"chooser": "1", "copy_subpages": "on"}
    if page.versions.exists():
        yield f"/admin/pages/{page.pk}/delete/", {"confirm": page.title}
        yield f"/admin/bulk/wagtailcore/page/delete/?id={page.pk}", {}
    if state is not None:
        for action in ("approve", "reject"):
            yield f"/admin/pages/workflow/action/{page.pk}/{action}/{state.pk}/", {"comment": "x"}
        yield f"/admin/pages/workflow/confirm_cancellation/{page.pk}/", {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", STATES)
def test_no_door_of_the_desk_shows_what_nobody_signed(page: ProcedurePage, role: str) -> None:
    before = shown(page)
    client = signed_in(make.make_user("", role))
    client.raise_request_exception = False
    for address, data in desk_doors(page):
        response = client.post(address, data)
        assert response.status_code < 500, address
        assert shown(page) == before, address
    check_not_found()


def base_class_doors(page: ProcedurePage) -> list[Callable[[], Any]]:
    """Wagtail's and treebeard's own methods, past those of the procedure."""
    base, home = Page.objects.get(pk=page.pk), page.get_parent().get_parent()
    return [
        lambda: Page.unpublish(page),
        lambda: Page.publish(page, page.get_latest_revision(), skip_permission_checks=True),
        lambda: base.publish(page.get_latest_revision(), skip_permission_checks=True),
        lambda: Page.save(page.get_latest_revision().as_object()),
        base.unpublish,
        lambda: Page.objects.filter(pk=page.pk).update(live=True, title="NOBODY SIGNED THIS"),
        lambda: ProcedurePage.objects.filter(pk=page.pk).update(
            audience="public", summary="NOBODY SIGNED THIS"
        ),
        lambda: Page.move(page, home, pos="last-child"),
        lambda: base.move(home, pos="last-child"),
        lambda: Page.copy(page),
        lambda: Page.create_alias(page),
    ]


@pytest.mark.parametrize("state", STATES)
def test_no_method_of_the_models_shows_what_nobody_signed(page: ProcedurePage) -> None:
    before = shown(page)
    revision = page.get_latest_revision()
    draft = revision.as_object()
    doors: list[Callable[[], Any]] = [
        revision.publish,
        lambda: PublishPageRevisionAction(revision).execute(skip_permission_checks=True),
        lambda: page.publish(revision, skip_permission_checks=True),
        page.unpublish,
        draft.save,
        lambda: setattr(draft, "live", True) or draft.save(),
        lambda: Page.objects.filter(pk=page.pk).update(live=not page.live),
        *base_class_doors(page),
    ]
    if page.versions.exists():
        doors += [
            page.delete,
            lambda: Page.objects.get(pk=page.pk).delete(),
            lambda: page.versions.all().delete(),
            lambda: Page.objects.filter(pk=page.pk).delete(),
            lambda: ProcedurePage.objects.filter(pk=page.pk).delete(),
            lambda: models.Model.delete(page),
            lambda: MP_Node.delete(page),
            lambda: Page.objects.get(pk=page.get_parent().pk).delete(),
        ]
    for door in doors:
        try:
            with transaction.atomic():
                door()
        except (PermissionDenied, ValidationError, NotAllowed, IntegrityError, models.ProtectedError):
            pass
        assert shown(page) == before
    check_not_found()


def kept(page: ProcedurePage) -> tuple[Any, ...]:
    """Where the procedures are, and which."""
    return tuple((one.pk, one.number, one.get_parent().pk) for one in ProcedurePage.objects.order_by("pk"))


ELSEWHERE: dict[str, Callable[[ProcedurePage, Page], Any]] = {
    "its own move": lambda page, home: page.move(home, pos="last-child"),
    "Page.move": lambda page, home: Page.move(page, home, pos="last-child"),
    "the base page's": lambda page, home: Page.objects.get(pk=page.pk).move(home, pos="first-child"),
    "beside the folder": lambda page, home: Page.move(page, page.get_parent(), pos="right"),
    "the action": lambda page, home: MovePageAction(page, home, pos="last-child").execute(
        skip_permission_checks=True
    ),
    "treebeard's move": lambda page, home: MP_Node.move(page, home, pos="last-child"),
    "its path": lambda page, home: Page.objects.filter(pk=page.pk).update(path=f"{home.path}000Z", depth=3),
    "a new one": lambda page, home: home.add_child(
        instance=ProcedurePage(title="x", number="SOP-X", slug="sop-x")
    ),
    "a copy": lambda page, home: page.copy(update_attrs={"number": "SOP-X", "slug": "x"}),
    "a copy elsewhere": lambda page, home: Page.copy(
        page, to=home, update_attrs={"number": "SOP-X", "slug": "x"}, copy_revisions=False
    ),
    "the base page's copy": lambda page, home: Page.objects.get(pk=page.pk).copy(
        update_attrs={"number": "SOP-X", "slug": "x"}
    ),
    "an alias": lambda page, home: Page.create_alias(page, update_slug="x"),
}


@pytest.mark.parametrize("state", ["draft", "effective"])
@pytest.mark.parametrize("door", ELSEWHERE.values(), ids=ELSEWHERE)
def test_no_method_of_a_base_class_moves_or_copies_a_procedure(page: ProcedurePage, door: Any) -> None:
    before = kept(page)
    refusals = (PermissionDenied, ValidationError, IntegrityError)
    with pytest.raises(refusals), transaction.atomic():
        door(page, Page.objects.get(pk=page.get_parent().get_parent().pk))
    assert kept(page) == before


def test_the_folder_moves_with_its_procedures() -> None:
    page = make.working_copy(by=make.procedure_owner())
    folder, home = page.get_parent(), page.get_parent().get_parent()
    sibling = home.get_children().exclude(pk=folder.pk).first()
    for where in ("left", "right"):
        folder.move(sibling, pos=where)
        assert ProcedurePage.objects.get(pk=page.pk).get_parent().pk == folder.pk
    aside = make.working_copy(by=make.procedure_owner())
    Page.move(aside, ProcedurePage.objects.get(pk=page.pk), pos="left")
    assert ProcedurePage.objects.get(pk=aside.pk).path < ProcedurePage.objects.get(pk=page.pk).path


def _set(version: ProcedureVersion, to: str, how: str) -> None:
    now = timezone.now()
    dates = {
        "superseded": {"superseded_at": now, "withdrawn_at": None, "withdrawn_by": None, "withdrawn_reason": ""},
        "withdrawn": {
            "withdrawn_at": now, "withdrawn_by": version.approved_by, "withdrawn_reason": "x",
        },
    }.get(to, {"superseded_at": None, "withdrawn_at": None, "withdrawn_by": None, "withdrawn_reason": ""})  # fmt: skip
    if how == "update":
        ProcedureVersion.objects.filter(pk=version.pk).update(status=to, **dates)
        return
    for name, value in dates.items():
        setattr(version, name, value)
    version.status = to
    version.save(update_fields=["status", *dates])


@pytest.mark.parametrize("how", ["update", "save"])
@pytest.mark.parametrize("to", VersionStatus.values)
@pytest.mark.parametrize("state", VersionStatus.values)
def test_the_database_follows_the_table(page: ProcedurePage, state: str, to: str, how: str) -> None:
    version = page.versions.order_by("pk").first()
    assert version.status == state
    is_over = state in (
        VersionStatus.SUPERSEDED,
        VersionStatus.WITHDRAWN,
    )  # not even its day or reason changes
    if (state == to and not is_over) or (LifeState(state), LifeState(to)) in LIFE_TRANSITIONS:
        _set(version, to, how)
        return
    with pytest.raises(IntegrityError), transaction.atomic():
        _set(version, to, how)
    version.refresh_from_db()
    assert version.status == state
