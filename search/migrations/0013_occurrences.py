"""Where each term of the embedded index stands can be asked; PostgreSQL's sidecar file is made anew with it."""

from django.db import migrations

CREATE = "CREATE VIRTUAL TABLE IF NOT EXISTS search_occurrence USING fts5vocab('search_index', 'instance')"


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(CREATE)  # 0009 has made it in a new database


class Migration(migrations.Migration):
    dependencies = [("search", "0012_terms_on_record")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
