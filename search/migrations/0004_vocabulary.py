"""What FTS5 knows of its terms, which ranking asks: in how many documents each stands."""

from django.db import migrations

CREATE = {"sqlite": "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab('search_index', 'row')"}
DROP = {"sqlite": "DROP TABLE search_vocabulary"}


def create(apps, schema_editor):
    if statement := CREATE.get(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    if statement := DROP.get(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0003_number_length")]
    operations = [migrations.RunPython(create, drop)]
