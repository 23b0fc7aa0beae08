"""The log of what happened to procedures; the database itself refuses to change or delete an event."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE = "procedures_auditevent"
TRIGGER = "audit_event_is_immutable"


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for what in ("update", "delete"):
            schema_editor.execute(
                f"CREATE TRIGGER {TRIGGER}_{what} BEFORE {what.upper()} ON {TABLE} "
                "BEGIN SELECT RAISE(ABORT, 'an event cannot be changed'); END"
            )
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'an event cannot be changed' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TRIGGER}()"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for what in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}_{what}")
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {TABLE}")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {TRIGGER}()")


class Migration(migrations.Migration):

    dependencies = [
        ('procedures', '0005_accepted_overlap'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveBigIntegerField(default=0)),
                ('hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='audit_head_one_row')],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('sequence', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('format', models.PositiveSmallIntegerField(help_text='The form of what is hashed.')),
                ('kind', models.CharField(max_length=40)),
                ('actor_name', models.CharField(blank=True, help_text='As the name was then.', max_length=400)),
                ('happened_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('data', models.JSONField(default=dict)),
                ('seals', models.JSONField(default=dict, help_text='{"app.model:pk": "form:SHA-256 of the row"}')),
                ('previous_hash', models.CharField(help_text='Of the event before.', max_length=64)),
                ('previous_of_page', models.CharField(help_text='Of the event before of the same procedure.', max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('page', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to='procedures.procedurepage')),
                ('version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to='procedures.procedureversion')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['sequence'],
                'default_permissions': (),
                'indexes': [models.Index(fields=['page', '-sequence'], name='audit_event_of_page')],
                'constraints': [models.CheckConstraint(condition=models.Q(('sequence__gte', 1)), name='audit_event_from_one')],
            },
        ),
        migrations.RunPython(install, remove),
    ]
