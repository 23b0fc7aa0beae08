"""A database that somebody with full access writes to, past the application and its triggers."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from wagtail.models import Workflow, WorkflowTask

from kb.accounts.models import User
from kb.accounts.roles import DOCUMENTATION_STAFF, PROCEDURE_OWNER
from procedures.models import ProcedurePage, ProcedureVersion, Significance
from review import releasing
from review.models import Release, ReviewPlan, ReviewTask, Signature
from tests import factories as make
from tests.pristine import built_once

Tamper = Callable[..., None]


@pytest.fixture
def tamper(db: None) -> Iterator[Tamper]:
    """`tamper("UPDATE …", parameters)`: SQL with the triggers out of the way."""

    def run(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%immutable%'"
                )
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            else:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(
                    "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger "
                    "WHERE NOT tgisinternal AND tgname LIKE '%immutable%'"
                )
                for (table,) in cursor.fetchall():
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(sql, parameters)

    yield run
    transaction.set_rollback(True)  # or the end of the test would check the references


def plan(*stages: dict[str, Any]) -> None:
    """Major releases go through these stages (ReviewTask's fields, with `groups` and `people` as lists)."""
    workflow = Workflow.objects.create(name="Thorough")
    for position, fields in enumerate(stages):
        groups, people = fields.pop("groups", []), fields.pop("people", [])
        task = ReviewTask.objects.create(**fields)
        task.groups.set(groups)
        task.people.set(people)
        WorkflowTask.objects.create(workflow=workflow, task=task.task_ptr, sort_order=position)
    ReviewPlan.objects.create(workflow=workflow, significance=Significance.MAJOR)


def submit(page: ProcedurePage, **fields: Any) -> Release:
    """Submit it as a major release, by its owner."""
    fields = {"change_summary": "Reviewed thoroughly", "significance": Significance.MAJOR, **fields}
    return releasing.submit_for_release(page=page, by=page.procedure_owner, **fields)


def sign(release: Release, position: int, by: Any, **fields: Any) -> Signature:
    stage = release.stages.get(position=position)
    return releasing.sign(
        stage=stage, by=by, password=make.PASSWORD, seen_sha256=release.sha256, at=timezone.now(), **fields
    )


def build_expert() -> User:
    """Whom the plan of major releases consults and then asks to sign; two days later, owners may instead."""
    expert = make.field_engineer("the.expert")
    make.documentation_staff()  # a plan that nobody could complete would be refused
    plan(
        {"name": "Consultation", "kind": "consult", "people": [expert], "days": 3},
        {
            "name": "Technique", "meaning": "technical", "people": [expert], "days": 2, "side_by_side": True,
            "escalate_to": Group.objects.get(name=PROCEDURE_OWNER),
        },
        {"name": "Release", "groups": [Group.objects.get(name=DOCUMENTATION_STAFF)]},
    )  # fmt: skip
    return expert


@pytest.fixture(scope="module")
def built_expert(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    with built_once(django_db_blocker, lambda: build_expert().pk) as key:
        yield key


@pytest.fixture
def expert(built_expert: int, db: None) -> User:
    return User.objects.get(pk=built_expert)


def build_draft() -> ProcedurePage:
    """SOP-3, not submitted yet."""
    owner = make.procedure_owner()
    return make.working_copy(by=owner, procedure_owner=owner, number="SOP-3")


@pytest.fixture
def draft(db: None) -> ProcedurePage:
    return build_draft()


def build_world(expert: User) -> ProcedureVersion:
    """Two procedures: SOP-2 was reviewed in three stages; SOP-1 has versions 1.0 and 1.1 of one signature each,
    rows of where it applies and an error code. The newest version, which is returned, is SOP-1's."""
    owner, staff = make.procedure_owner(), make.documentation_staff()
    release = submit(make.working_copy(by=owner, procedure_owner=owner, number="SOP-2"))
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="The torque is right.")
    sign(release, 2, expert, comment="Measured twice")
    sign(release, 3, staff)
    line = make.product_line("UPS")
    make.releases(line, "1.0", "2.0")
    model = make.machine_model(line, "U-100")
    first = make.released(
        number="SOP-1",
        title="Replace the fan",
        product_line=line,
        steps=[make.step("a", body="Turn **left**.")],
        applies_to=[{"model": model, "options": ["lithium"]}],
        error_codes=[make.error_code(line, "E-1")],
    )
    draft = first.page.get_latest_revision_as_object()
    draft.title = "Replace the fan tray"
    draft.save_revision(user=first.last_editor)
    return make.release(first.page, by=first.last_editor, approver=staff, summary="A tray")


@pytest.fixture(scope="module")
def built_world(built_expert: int, django_db_blocker: Any) -> Iterator[int]:
    with built_once(django_db_blocker, lambda: build_world(User.objects.get(pk=built_expert)).pk) as key:
        yield key


@pytest.fixture
def world(built_world: int, db: None) -> ProcedureVersion:
    return ProcedureVersion.objects.get(pk=built_world)


def verify(*arguments: str) -> tuple[bool, str]:
    """(does it fit, what the command said)."""
    out, errors = StringIO(), StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=errors, verbosity=0)
    except CommandError as failed:
        return False, errors.getvalue() + str(failed)
    return True, out.getvalue()
