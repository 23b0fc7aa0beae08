import django.db.models.deletion
import review.models.suggestions
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def name_the_step(apps, schema_editor):
    """A proposed edit was of one step, which its changes named."""
    for prefix in ("", "Historical"):
        Suggestion = apps.get_model("review", f"{prefix}Suggestion")
        for change in apps.get_model("review", "SuggestedChange").objects.order_by("-pk"):
            Suggestion.objects.filter(id=change.suggestion_id).update(step_id=change.step_id)


class Migration(migrations.Migration):

    dependencies = [
        ('procedures', '0010_numbers_and_links'),
        ('review', '0009_stages_stand'),
        ('wagtailcore', '0098_apitoken'),
        ('wagtailimages', '0027_image_description'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalsuggestion',
            name='step_id',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='suggestion',
            name='step_id',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(name_the_step, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='suggestedchange',
            name='suggested_change_once_a_field',
        ),
        migrations.RemoveField(
            model_name='historicalsuggestedchange',
            name='step_id',
        ),
        migrations.RemoveField(
            model_name='suggestedchange',
            name='step_id',
        ),
        migrations.CreateModel(
            name='HistoricalSuggestedImage',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('replaces', models.CharField(help_text='SHA-256 of the image as shown.', max_length=64)),
                ('alt', models.CharField(max_length=255, verbose_name='What it shows')),
                ('file', models.TextField(max_length=100)),
                ('sha256', models.CharField(max_length=64)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical proposed image',
                'verbose_name_plural': 'historical proposed images',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalVote',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('ticket_reference', models.CharField(blank=True, max_length=40, verbose_name='ticket')),
                ('voted_at', models.DateTimeField()),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical vote',
                'verbose_name_plural': 'historical votes',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='SuggestedImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('replaces', models.CharField(help_text='SHA-256 of the image as shown.', max_length=64)),
                ('alt', models.CharField(max_length=255, verbose_name='What it shows')),
                ('file', models.FileField(upload_to=review.models.suggestions._image_name)),
                ('sha256', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': 'proposed image',
                'verbose_name_plural': 'proposed images',
                'ordering': ['pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ticket_reference', models.CharField(blank=True, max_length=40, verbose_name='ticket')),
                ('voted_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'vote',
                'verbose_name_plural': 'votes',
                'ordering': ['voted_at', 'pk'],
                'default_permissions': (),
            },
        ),
        migrations.RemoveConstraint(
            model_name='suggestion',
            name='suggestion_decided_pair',
        ),
        migrations.RemoveConstraint(
            model_name='suggestion',
            name='suggestion_landed_somewhere',
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='action',
            field=models.CharField(choices=[('edit', 'Change a step'), ('add', 'Add a step'), ('remove', 'Remove a step')], default='edit', max_length=6),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='after',
            field=models.CharField(blank=True, help_text='The id of the step that this one is to follow; empty: it comes first; null: it stays.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='alternative_to',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='assigned_to',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text="Who was handed the decision; empty: the procedure's owner.", null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='kind',
            field=models.CharField(choices=[('error', 'Error'), ('ambiguity', 'Ambiguity'), ('improvement', 'Improvement'), ('safety', 'Safety')], default='improvement', max_length=12, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='landed_after',
            field=models.CharField(blank=True, help_text='Where the step came to stand, where its place was part of the proposal.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='historicalsuggestion',
            name='sent_with',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='historicalthread',
            name='suggestion',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='The proposed edit that it is about, where it is about one.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='action',
            field=models.CharField(choices=[('edit', 'Change a step'), ('add', 'Add a step'), ('remove', 'Remove a step')], default='edit', max_length=6),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='after',
            field=models.CharField(blank=True, help_text='The id of the step that this one is to follow; empty: it comes first; null: it stays.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='alternative_to',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alternatives', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='assigned_to',
            field=models.ForeignKey(blank=True, help_text="Who was handed the decision; empty: the procedure's owner.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='kind',
            field=models.CharField(choices=[('error', 'Error'), ('ambiguity', 'Ambiguity'), ('improvement', 'Improvement'), ('safety', 'Safety')], default='improvement', max_length=12, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='landed_after',
            field=models.CharField(blank=True, help_text='Where the step came to stand, where its place was part of the proposal.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='suggestion',
            name='sent_with',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='others', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='thread',
            name='suggestion',
            field=models.OneToOneField(blank=True, help_text='The proposed edit that it is about, where it is about one.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='thread', to='review.suggestion'),
        ),
        migrations.AlterField(
            model_name='historicalsuggestion',
            name='status',
            field=models.CharField(choices=[('submitted', 'Waiting for a decision'), ('asked', "Waiting for its author's answer"), ('accepted', 'Accepted'), ('accepted_with_changes', 'Accepted with changes'), ('adopted', 'Already in the text'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn')], default='submitted', max_length=22),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('asked', 'Your signature is asked for'), ('consulted', 'Your opinion is asked for'), ('reminded', 'Your signature is due'), ('escalated', 'An overdue stage was passed on to you'), ('voided', 'Your signature is void: the release did not go on as you signed it'), ('sent_back', 'Your release was sent back'), ('released', 'Your release is in force'), ('blocked', 'Your release cannot go into force'), ('failed', 'What was due on a procedure could not be done'), ('scheduled', 'Your release is approved and goes into force later'), ('review_due', 'A procedure is due for review soon'), ('review_late', 'A procedure is overdue for review; readers are told'), ('read_due', 'What you were asked to read is due'), ('read_late', 'What you were asked to read is overdue'), ('mentioned', 'You are named in a comment'), ('answered', 'Your comment was answered'), ('resolved', 'Your comment was resolved'), ('reopened', 'A comment was reopened'), ('decided', 'Your proposed edit was decided on'), ('asked_back', 'A question on your proposed edit'), ('handed_on', 'A proposed edit was handed to you to decide on'), ('commented', 'A comment on a proposed edit'), ('alternative', 'An alternative to your proposed edit')], max_length=12),
        ),
        migrations.AlterField(
            model_name='suggestion',
            name='status',
            field=models.CharField(choices=[('submitted', 'Waiting for a decision'), ('asked', "Waiting for its author's answer"), ('accepted', 'Accepted'), ('accepted_with_changes', 'Accepted with changes'), ('adopted', 'Already in the text'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn')], default='submitted', max_length=22),
        ),
        migrations.AddConstraint(
            model_name='suggestedchange',
            constraint=models.UniqueConstraint(fields=('suggestion', 'field'), name='suggested_change_once_a_field'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('status__in', ('submitted', 'asked'))), models.Q(models.Q(('status__in', ('submitted', 'asked')), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='suggestion_decided_pair'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('landed_in__isnull', False), ('status__in', ('accepted', 'accepted_with_changes', 'adopted'))), models.Q(models.Q(('status__in', ('accepted', 'accepted_with_changes', 'adopted')), _negated=True), ('landed_in__isnull', True), ('released_in__isnull', True)), _connector='OR'), name='suggestion_landed_somewhere'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(('action', 'edit'), models.Q(('action', 'add'), ('after__isnull', False)), models.Q(('action', 'remove'), ('after__isnull', True)), _connector='OR'), name='suggestion_place_pair'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_with', models.F('pk')), _negated=True), models.Q(('alternative_to', models.F('pk')), _negated=True)), name='suggestion_not_with_itself'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.UniqueConstraint(fields=('sent_with', 'step_id'), name='suggestion_once_a_step_sent_together'),
        ),
        migrations.AddField(
            model_name='historicalsuggestedimage',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuggestedimage',
            name='landed_as',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailimages.image'),
        ),
        migrations.AddField(
            model_name='historicalsuggestedimage',
            name='suggestion',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='historicalvote',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalvote',
            name='person',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalvote',
            name='suggestion',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='suggestedimage',
            name='landed_as',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='wagtailimages.image'),
        ),
        migrations.AddField(
            model_name='suggestedimage',
            name='suggestion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='images', to='review.suggestion'),
        ),
        migrations.AddField(
            model_name='vote',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='vote',
            name='suggestion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='review.suggestion'),
        ),
        migrations.AddConstraint(
            model_name='suggestedimage',
            constraint=models.UniqueConstraint(fields=('suggestion', 'replaces'), name='suggested_image_once'),
        ),
        migrations.AddConstraint(
            model_name='suggestedimage',
            constraint=models.CheckConstraint(condition=models.Q(('replaces', models.F('sha256')), _negated=True), name='suggested_image_is_another'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.UniqueConstraint(fields=('suggestion', 'person'), name='vote_once_a_person'),
        ),
    ]
