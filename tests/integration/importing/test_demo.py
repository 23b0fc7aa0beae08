"""manage.py bootstrap and demo: complete, and the same after a second run."""

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from wagtail.models import Page, Site, Task, Workflow

from kb.accounts.models import User
from kb.accounts.roles import ROLE_PERMISSIONS
from kb.bootstrap import build_site
from kb.management.commands.demo import PEOPLE
from kb.tickets.models import ProcedureUse, Ticket, TicketEntry
from procedures.models import (
    AuditEvent,
    ErrorCode,
    FaqPage,
    Machine,
    Origin,
    ProcedureIndexPage,
    ProcedureVersion,
)
from review.models import Suggestion, Thread
from search.models import SearchDocument

pytestmark = pytest.mark.django_db


def rows() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_bootstrap_builds_the_site_once() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLE_PERMISSIONS)
    for role, names in ROLE_PERMISSIONS.items():
        user = User.objects.create_user(f"a {role}")
        user.groups.add(Group.objects.get(name=role))
        assert user.has_perms(names)
    site = Site.objects.get()
    assert (site.is_default_site, site.root_page.title) == (True, "Redline")
    folder = ProcedureIndexPage.objects.get()
    assert folder.get_workflow().name == "Release"
    (task,) = folder.get_workflow().tasks
    assert set(task.specific.groups.values_list("name", flat=True)) == {
        "Documentation staff",
        "Administrator",
    }
    assert Workflow.objects.count() == Task.objects.count() == 1
    assert not Page.objects.filter(title__startswith="Welcome").exists()

    before = rows()
    build_site()
    call_command("bootstrap", verbosity=0)
    assert rows() == before


def test_demo_is_complete_and_a_second_run_changes_nothing() -> None:
    out = StringIO()
    call_command("demo", port=8123, stdout=out)
    assert "http://127.0.0.1:8123;" in out.getvalue()
    for person in PEOPLE:
        assert person.username in out.getvalue()
        assert User.objects.get(username=person.username).groups.count() == (1 if person.role else 0)
    assert mail.outbox == []

    now = timezone.now()
    first = ProcedureVersion.objects.filter(major=1, minor=0)
    assert first.count() == 25
    assert set(first.values_list("origin", "approved_by__username")) == {(Origin.IMPORTED, "dora.docs")}
    # Whoever wrote a guide says in its own language what its first version is.
    for version in first:
        assert version.change_summary
        assert "Imported" not in version.change_summary
        assert version.change_summary.isascii() == (version.language == "en")
    assert min(first.values_list("effective_from", flat=True)) > now - timedelta(days=14 * 31)
    assert ProcedureVersion.objects.filter(origin=Origin.RELEASED).count() == 5
    assert set(Suggestion.objects.values_list("status", flat=True)) == {
        "submitted", "accepted", "accepted_with_changes", "refused",
    }  # fmt: skip
    assert set(Thread.objects.values_list("status", flat=True)) == {"open", "answered", "resolved"}

    assert Ticket.objects.count() == 120
    assert 0 < Ticket.objects.open().count() < 20
    assert Ticket.objects.filter(opened_at__lt=now - timedelta(days=366)).count() == 0
    assert TicketEntry.objects.filter(written_at__gt=now).count() == 0
    for use in ProcedureUse.objects.select_related("version"):
        assert use.version.effective_from <= use.recorded_at
        assert use.version.superseded_at is None or use.version.superseded_at > use.recorded_at
    for suggestion in Suggestion.objects.exclude(ticket_reference=""):
        assert Ticket.objects.get(number=suggestion.ticket_reference).opened_at < suggestion.submitted_at

    found = {
        source: SearchDocument.objects.filter(source=source).count()
        for source in ("procedure", "ticket", "faq")
    }
    assert found == {"procedure": 25, "ticket": 120, "faq": FaqPage.objects.live().count()}
    assert SearchDocument.objects.filter(source="error_code").count() == ErrorCode.objects.count()
    assert Machine.objects.filter(looked_after_by__isnull=False).count() == Machine.objects.count()

    before = rows()
    call_command("demo", verbosity=0)
    assert rows() == before
    call_command("verify_audit", verbosity=0, stdout=out)
    assert f"{AuditEvent.objects.count()} events" in out.getvalue()
