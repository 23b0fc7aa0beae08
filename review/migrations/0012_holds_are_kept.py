"""The database itself keeps holds as they were signed; safety comments that wait get their clock."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import migrations
from django.utils import timezone

from procedures.migrations._triggers import Refusal

REFUSALS = (
    Refusal("hold_is_immutable_delete", "review_hold", "delete", "a hold is kept"),
    Refusal(
        "hold_is_immutable_update", "review_hold", "update", "a hold is lifted once, never changed",
        when="OLD.lifted_at IS NOT NULL",
        frozen=("page_id", "version_id", "reason", "instead", "placed_by_id", "placed_at", "name"),
    ),
)  # fmt: skip


def start_clocks(apps: Any, schema_editor: Any) -> None:
    """From now on, not from when they were written: nobody was told of a time by which to answer them."""
    now = timezone.now()
    due_at = now + timedelta(hours=settings.REDLINE_SAFETY_HOURS)
    waiting = apps.get_model("review", "Thread").objects.filter(kind="safety", status="open")
    clocks = apps.get_model("review", "SafetyClock").objects
    clocks.bulk_create(clocks.model(thread=thread, started_at=now, due_at=due_at) for thread in waiting)


class Migration(migrations.Migration):
    dependencies = [("review", "0011_holds")]
    operations = [
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS),
        migrations.RunPython(start_clocks, migrations.RunPython.noop),
    ]
