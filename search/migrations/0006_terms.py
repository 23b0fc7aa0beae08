"""The term list and the dictionary of words; traditional characters are indexed as simplified ones.

Documents go: `search.apps` has them indexed anew, and their words learnt, when the migrations are through.
"""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def empty(apps, schema_editor):
    apps.get_model("search", "SearchDocument").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('search', '0005_profiles_and_outbox'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalTermGroup',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('english', models.TextField(blank=True, help_text='One a line, e.g. leak rate.', verbose_name='English terms')),
                ('chinese', models.TextField(blank=True, help_text='One a line, e.g. 漏率.', verbose_name='Chinese terms')),
                ('short', models.TextField(blank=True, help_text='One a line. Whoever asks for one finds the terms as well; whoever asks for a term does not find these.', verbose_name='abbreviations')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical group of terms',
                'verbose_name_plural': 'historical term list',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Spelling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(max_length=24, verbose_name='spelling')),
                ('word', models.CharField(max_length=24, verbose_name='word')),
            ],
            options={
                'verbose_name': 'spelling',
                'verbose_name_plural': 'spellings',
                'indexes': [models.Index(fields=['form', 'word'], name='search_spelling_form')],
            },
        ),
        migrations.CreateModel(
            name='TermGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('english', models.TextField(blank=True, help_text='One a line, e.g. leak rate.', verbose_name='English terms')),
                ('chinese', models.TextField(blank=True, help_text='One a line, e.g. 漏率.', verbose_name='Chinese terms')),
                ('short', models.TextField(blank=True, help_text='One a line. Whoever asks for one finds the terms as well; whoever asks for a term does not find these.', verbose_name='abbreviations')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
                ('stamp', models.BigIntegerField(default=0, editable=False)),
            ],
            options={
                'verbose_name': 'group of terms',
                'verbose_name_plural': 'term list',
                'ordering': ['english', 'chinese', 'pk'],
                'indexes': [models.Index(fields=['stamp'], name='search_term_stamp')],
                'constraints': [models.CheckConstraint(condition=models.Q(('english__gt', ''), ('chinese__gt', ''), _connector='OR'), name='search_group_has_a_term', violation_error_message='A group needs a term that is no abbreviation.')],
            },
        ),
        migrations.RunPython(empty, migrations.RunPython.noop),
    ]
