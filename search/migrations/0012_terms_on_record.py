"""The record names the terms of the embedded index as well; one that had no record yet is of older ones.

`search.apps` has it made anew when the migrations are through.
"""

from django.db import migrations
from django.utils import timezone


def note(apps, schema_editor):
    using = schema_editor.connection.alias  # it may be a database of its own, as evaluate_search has
    documents = apps.get_model("search", "SearchDocument").objects.using(using)
    if schema_editor.connection.vendor == "sqlite" and documents.exists():
        before = {"engine": "sqlite", "since": timezone.now(), "is_whole": True}
        apps.get_model("search", "IndexState").objects.using(using).get_or_create(pk=1, defaults=before)


class Migration(migrations.Migration):
    dependencies = [("search", "0011_index_state")]
    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
