"""What the database itself refuses while a review is under way: whoever is asked, and for what, stays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from wagtail.models import Task

from review import releasing
from review.models import Release, Stage
from tests import factories as make
from tests.integration.audit.conftest import build_draft, build_expert, submit, verify
from tests.pristine import built_once

UNDER_WAY: dict[str, Callable[[Release, Stage, Any], Any]] = {
    "whose words it holds, less one": lambda release, stage, other: release.editors.remove(
        release.submitted_by
    ),
    "whose words it holds, another": lambda release, stage, other: release.editors.through.objects.update(
        user=other
    ),
    "whose words it holds, one more": lambda release, stage, other: release.editors.add(other),
    "fewer signatures": lambda release, stage, other: Stage.objects.update(needed=0),
    "another meaning": lambda release, stage, other: Stage.objects.update(meaning="owner"),
    "more days": lambda release, stage, other: Stage.objects.update(days=300),
    "one person more": lambda release, stage, other: stage.people.add(other),
    "another person": lambda release, stage, other: Stage.people.through.objects.update(user=other),
    "nobody": lambda release, stage, other: stage.people.clear(),
    "one group more": lambda release, stage, other: stage.groups.add(other.groups.get()),
    "a group in a stage not open yet": lambda release, stage, other: release.stages.get(
        position=3
    ).groups.add(other.groups.get()),
    "another group": lambda release, stage, other: Stage.groups.through.objects.update(
        group=other.groups.get()
    ),
    "no group": lambda release, stage, other: Stage.groups.through.objects.all().delete(),
    "opened later": lambda release, stage, other: release.stages.filter(position=2).update(
        opened_at=timezone.now()
    ),
    "complete no more": lambda release, stage, other: release.stages.filter(position=1).update(
        completed_at=None
    ),
    "one stage more": lambda release, stage, other: Stage.objects.create(
        release=release, task=Task.objects.exclude(pk__in=release.stages.values("task")).first(),
        position=4, batch=4, name="Again", kind="sign", meaning="release", needed=1,
    ),
}  # fmt: skip


def build() -> int:
    """The first of its three stages is complete, the second one is open."""
    expert = build_expert()
    release = submit(build_draft())
    releasing.remark(stage=release.stages.get(position=1), by=expert, text="Right.")
    return release.pk


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    with built_once(django_db_blocker, build) as key:
        yield key


@pytest.mark.parametrize("attempt", UNDER_WAY.values(), ids=UNDER_WAY)
def test_what_a_review_asks_stands_once_it_is_open(
    built: int, db: None, attempt: Callable[[Release, Stage, Any], Any]
) -> None:
    """The next seal would take a changed row for what was submitted."""
    release = Release.objects.get(pk=built)
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(release, release.stages.get(position=2), make.field_engineer())
    assert verify()[0]
