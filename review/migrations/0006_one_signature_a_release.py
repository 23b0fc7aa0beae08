"""Each person signs a release once, and a stage escalates only after a number of days.

A trigger asks of new signatures only: those given under the earlier rule stand.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import review.models.plans

TABLE = "review_signature"
_SAID = "each person signs a release once"
_ANOTHER = (
    f"SELECT 1 FROM {TABLE} s WHERE s.release_id = NEW.release_id AND s.voided_at IS NULL "
    "AND (s.signatory_id = NEW.signatory_id OR COALESCE(s.on_behalf_of_id, s.signatory_id) "
    "= COALESCE(NEW.on_behalf_of_id, NEW.signatory_id))"
)


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            f"CREATE TRIGGER signature_once_a_release BEFORE INSERT ON {TABLE} "
            f"WHEN NEW.voided_at IS NULL AND EXISTS ({_ANOTHER}) BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        )
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION signature_once_a_release() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF EXISTS ({_ANOTHER}) THEN RAISE EXCEPTION '{_SAID}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER signature_once_a_release BEFORE INSERT ON {TABLE} FOR EACH ROW "
            "WHEN (NEW.voided_at IS NULL) EXECUTE FUNCTION signature_once_a_release()"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS signature_once_a_release")
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS signature_once_a_release ON {TABLE}")
        schema_editor.execute("DROP FUNCTION IF EXISTS signature_once_a_release()")


def drop_escalations_that_never_come(apps, schema_editor):
    """Without a number of days the group was never asked: the plan asks nobody else than before."""
    apps.get_model("review", "ReviewTask").objects.filter(days=None).update(escalate_to=None)


class Migration(migrations.Migration):
    dependencies = [("review", "0005_duties"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.RunPython(install, remove),
        migrations.RunPython(drop_escalations_that_never_come, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="reviewtask",
            name="people",
            field=models.ManyToManyField(
                blank=True,
                help_text="These may sign too.",
                limit_choices_to=review.models.plans.who_may_read,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="people",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewtask",
            constraint=models.CheckConstraint(
                condition=Q(escalate_to__isnull=True) | Q(days__isnull=False),
                name="review_task_escalates_after_days",
            ),
        ),
    ]
