"""A decimal is one term (1.8 is "1_8"), so the embedded index is made anew.

`search.apps` has it built when the migrations are through; PostgreSQL's sidecar file and Elasticsearch know by the
version of the terms.
"""

from django.db import migrations

from search.engines.schema import create_beside_documents, drop


def anew(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    statements = ["DROP TRIGGER IF EXISTS search_document_gone", *drop(), *create_beside_documents()]
    for statement in [*statements, "DELETE FROM search_searchdocument"]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0010_spelling_consonants")]
    operations = [migrations.RunPython(anew, migrations.RunPython.noop)]
