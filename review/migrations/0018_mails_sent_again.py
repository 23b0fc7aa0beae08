"""A mail that was given up is tried again because somebody asks for it, who stays on record with the mail."""

import django.db.models.deletion
from dataclasses import replace
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

BEFORE = import_module("review.migrations.0013_watches_and_mails").REFUSAL
# What left, or may have left, is still not put back among what is to be sent.
REFUSAL = replace(
    BEFORE,
    when="(OLD.state IN ('sent', 'dropped') AND NEW.state <> OLD.state)"
    " OR (OLD.state = 'failed' AND NEW.state <> 'failed' AND NOT (NEW.state = 'refused'"
    " AND NEW.again_at IS NOT NULL AND (OLD.again_at IS NULL OR OLD.again_at < NEW.again_at)))"
    " OR (OLD.state = 'unknown' AND NEW.state NOT IN ('unknown', 'sent'))",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0017_submitted_revisions_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunPython(BEFORE.remove, BEFORE.install),
        migrations.AddField(
            model_name="mail",
            name="again_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mail",
            name="again_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who last asked for it to be tried again after it was given up.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.CheckConstraint(
                condition=models.Q(again_by__isnull=True, again_at__isnull=True)
                | models.Q(("state", "waiting"), _negated=True)
                & models.Q(again_by__isnull=False, again_at__isnull=False),
                name="mail_again_pair",
            ),
        ),
        migrations.RunPython(REFUSAL.install, REFUSAL.remove),
    ]
