"""What one person recorded of how a version went is nobody else's to replace."""

from typing import Any

from django.conf import settings
from django.db import migrations, models


def give_back(apps: Any, schema_editor: Any) -> None:
    """Until now the newest record replaced those of others: each gets the last of theirs back from the history."""
    uses = apps.get_model("tickets", "ProcedureUse")
    history = apps.get_model("tickets", "HistoricalProcedureUse")
    people = apps.get_model(settings.AUTH_USER_MODEL)
    for use in uses.objects.all():
        last: dict[int, Any] = {}
        said = history.objects.filter(id=use.pk, ticket=use.ticket_id, version=use.version_id)
        for row in said.exclude(recorded_by=use.recorded_by_id).order_by("history_id"):
            last[row.recorded_by_id] = row
        for person in people.objects.filter(pk__in=last):
            row = last[person.pk]
            record = {
                name: getattr(row, name)
                for name in ("ticket_id", "version_id", "recorded_by_id", "outcome", "note", "recorded_at")
            }
            restored = uses.objects.create(**record)
            history.objects.create(
                id=restored.pk,
                **record,
                history_date=row.history_date,
                history_user_id=row.history_user_id,
                history_change_reason="",
                history_type="+",
            )


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_outcome_not_known_yet"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RemoveConstraint(model_name="procedureuse", name="procedure_use_once_a_ticket"),
        migrations.AddConstraint(
            model_name="procedureuse",
            constraint=models.UniqueConstraint(
                fields=("ticket", "version", "recorded_by"), name="procedure_use_once_a_person"
            ),
        ),
        # Not undone: the records of several people would not fit where one was kept.
        migrations.RunPython(give_back),
    ]
