"""A new step has an id that was made for it: what a form sent could be another step's, or none at all."""

import re
from uuid import uuid4

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


NEW_STEP_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def make_ids(apps, schema_editor):
    """For those whose id was taken from the form and is no UUID, or another proposal's new step has it too."""
    Suggestion = apps.get_model("review", "Suggestion")
    taken = set()
    for part in Suggestion.objects.filter(action="add").order_by("pk"):
        if re.match(NEW_STEP_ID, part.step_id) and part.step_id not in taken:
            taken.add(part.step_id)
            continue
        step_id, head = str(uuid4()), part.sent_with_id or part.pk
        together = Suggestion.objects.filter(Q(pk=head) | Q(sent_with=head))
        together.filter(after=part.step_id).update(after=step_id)
        Suggestion.objects.filter(pk=part.pk).update(step_id=step_id)
    Suggestion.objects.filter(after=F("step_id")).update(after="")


class Migration(migrations.Migration):

    dependencies = [
        ('procedures', '0012_nothing_in_anothers_place'),
        ('review', '0019_safety_mail'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(make_ids, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.UniqueConstraint(condition=models.Q(('action', 'add')), fields=('step_id',), name='suggestion_new_step_is_its_own'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'add'), _negated=True), ('step_id__regex', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'), _connector='OR'), name='suggestion_new_step_id'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(('after', models.F('step_id')), _negated=True), name='suggestion_not_after_itself'),
        ),
    ]
