"""A procedure's number has up to 120 characters, and so has what is found of it."""

from django.db import migrations, models

FILTERS = (
    "CREATE INDEX search_document_filters ON search_searchdocument"
    " (id, scope, source, kind, language, models)"
)


def index_again(apps, schema_editor):
    # SQLite alters a column by building the table anew, without what 0002 put on it by hand.
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(FILTERS)


class Migration(migrations.Migration):
    dependencies = [("search", "0002_index")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, index_again),
        migrations.AlterField(
            model_name="searchdocument",
            name="number",
            field=models.CharField(blank=True, max_length=120, verbose_name="number"),
        ),
        migrations.RunPython(index_again, migrations.RunPython.noop),
    ]
