"""A version whose day has not come is not used on a ticket."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kb.tickets import actions, queries
from procedures.models import ProcedurePage
from review import releasing
from tests import factories as make
from tests.integration.tickets.conftest import Scene


def test_nobody_records_the_use_of_a_version_before_its_day(scene: Scene) -> None:
    page = ProcedurePage.objects.get(pk=scene.old.page_id)
    page.title = "Replace the fan, later"
    page.save_revision(user=scene.owner)
    releasing.submit_for_release(
        page=page, by=scene.owner, change_summary="Later", significance="minor",
        effective_from=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    version = make.approve(page, by=scene.approver)
    with pytest.raises(ValidationError, match="not in force before"):
        actions.record_use(ticket=scene.ticket, version=version, outcome="solved", note="", by=scene.engineer)
    with pytest.raises(ValidationError, match=r"no version 1\.1"):
        queries.find_version(reference=f"{page.number} 1.1", user=scene.engineer)
    assert queries.find_version(reference=page.number, user=scene.engineer) == scene.old
