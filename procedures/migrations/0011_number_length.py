"""A number has at most 120 characters: SQLite enforces no max_length."""

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from procedures.migrations._triggers import Refusal

# A versions' table made anew for a constraint would lose its triggers; an update of a number is refused already.
LENGTH = Refusal(
    "version_number_length_immutable", "procedures_procedureversion", "insert",
    "a number has at most 120 characters", when="LENGTH(NEW.number) > 120",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("procedures", "0010_numbers_and_links")]
    operations = [
        migrations.AddConstraint(
            model_name="procedurepage",
            constraint=models.CheckConstraint(
                condition=LessThanOrEqual(Length("number"), 120), name="procedure_number_length"
            ),
        ),
        migrations.RunPython(LENGTH.install, LENGTH.remove),
    ]
