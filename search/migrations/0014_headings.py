"""What stands in titles and among codes is found by itself: the embedded index has tables of another form.

`search.apps` has it filled when the migrations are through; PostgreSQL's sidecar file knows by its version.
"""

from django.db import migrations

from search.engines.schema import create, drop


def anew(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in [*drop(), *create()]:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0013_occurrences")]
    operations = [migrations.RunPython(anew, migrations.RunPython.noop)]
