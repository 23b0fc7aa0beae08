"""The database itself refuses to hand somebody's record of how a version went to another person."""

from django.db import migrations

from procedures.migrations._triggers import Refusal

WHOSE = Refusal(
    "procedureuse_is_immutable_update",
    "tickets_procedureuse",
    "update",
    "whose record of which version on which ticket it is cannot be changed",
    frozen=("ticket_id", "version_id", "recorded_by_id", "recorded_at"),
)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_each_persons_record")]
    operations = [migrations.RunPython(WHOSE.install, WHOSE.remove)]
