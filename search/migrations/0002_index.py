"""The table of terms that the database's own full-text search reads; none on other databases."""

from django.db import migrations

CREATE = {
    # The terms are finished (search.analysis): split at blanks, keep all but ASCII punctuation.
    "sqlite": [
        "CREATE VIRTUAL TABLE search_index USING fts5"
        " (title, codes, body, tokenize = \"ascii tokenchars '_'\")",
        # Named in search.engines.sqlite. A later migration that rebuilds the table must create it again.
        "CREATE INDEX search_document_filters ON search_searchdocument"
        " (id, scope, source, kind, language, models)",
    ],
    "postgresql": [
        # No foreign key: `flush` truncates only the tables Django knows. Rows without a document join nothing.
        "CREATE TABLE search_index (rowid bigint PRIMARY KEY, terms tsvector NOT NULL)",
        "CREATE INDEX search_index_terms ON search_index USING gin (terms)",
    ],
}
DROP = {
    "sqlite": ["DROP INDEX search_document_filters", "DROP TABLE search_index"],
    "postgresql": ["DROP TABLE search_index"],
}


def create(apps, schema_editor):
    for statement in CREATE.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for statement in DROP.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
