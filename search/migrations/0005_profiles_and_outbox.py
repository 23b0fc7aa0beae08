"""Documents know their profile, passages and revision; what an engine outside has to hear waits in an outbox.

All of it is derived data: everything goes, and `search.apps` has it built anew when the migrations are through.
"""

from django.db import migrations, models

from search.engines.schema import create_beside_documents

GONE = {
    "sqlite": [
        "DROP TABLE search_vocabulary",
        "DROP TABLE search_index",
        "DROP INDEX search_document_filters",
    ],
    "postgresql": ["DROP TABLE search_index"],
}


def drop(apps, schema_editor):
    for statement in GONE.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in create_beside_documents():
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0004_vocabulary")]

    operations = [
        migrations.RunPython(drop),
        migrations.DeleteModel("SearchDocument"),
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=50, verbose_name="type")),
                ("object_id", models.CharField(max_length=100, verbose_name="object")),
                ("revision", models.BigIntegerField(default=1, verbose_name="revision")),
                ("profile", models.BigIntegerField(verbose_name="profile")),
                ("language", models.CharField(blank=True, max_length=20, verbose_name="language")),
                ("kind", models.CharField(blank=True, max_length=50, verbose_name="kind")),
                ("scope", models.CharField(max_length=50, verbose_name="scope")),
                ("status", models.CharField(blank=True, max_length=50, verbose_name="status")),
                ("lines", models.JSONField(blank=True, default=list, verbose_name="product lines")),
                ("models", models.JSONField(blank=True, default=list, verbose_name="equipment models")),
                ("releases", models.JSONField(blank=True, default=list, verbose_name="software releases")),
                ("codes", models.JSONField(blank=True, default=list, verbose_name="codes")),
                ("number", models.CharField(blank=True, max_length=120, verbose_name="number")),
                ("version_label", models.CharField(blank=True, max_length=50, verbose_name="version")),
                ("url", models.CharField(max_length=500, verbose_name="address")),
                ("updated_at", models.DateTimeField(verbose_name="updated")),
                ("title", models.CharField(max_length=500, verbose_name="title")),
                ("passages", models.JSONField(blank=True, default=list, verbose_name="passages")),
                ("text", models.TextField(blank=True, verbose_name="text")),
            ],
            options={
                "verbose_name": "search document",
                "verbose_name_plural": "search documents",
                "constraints": [
                    models.UniqueConstraint(fields=("source", "object_id"), name="search_one_row_an_object")
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchProfile",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("values", models.JSONField(verbose_name="values")),
            ],
            options={"verbose_name": "search profile", "verbose_name_plural": "search profiles"},
        ),
        migrations.CreateModel(
            name="PendingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("document", models.BigIntegerField(unique=True, verbose_name="document")),
                ("revision", models.BigIntegerField(verbose_name="revision")),
                ("noted_at", models.DateTimeField(verbose_name="noted")),
                ("attempts", models.IntegerField(default=0, verbose_name="attempts")),
                ("error", models.TextField(blank=True, verbose_name="last error")),
                ("given_up_at", models.DateTimeField(blank=True, null=True, verbose_name="given up")),
            ],
            options={
                "verbose_name": "change on its way to the search engine",
                "verbose_name_plural": "changes on their way to the search engine",
                "indexes": [models.Index(fields=["given_up_at", "id"], name="search_next_change")],
            },
        ),
        migrations.RunPython(create),
    ]
