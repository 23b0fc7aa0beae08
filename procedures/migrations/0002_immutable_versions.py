"""The database itself refuses a change to what a version says."""

from django.db import migrations

FROZEN = (
    "page_id", "revision_id", "major", "minor", "origin", "significance", "change_summary", "number", "title",
    "kind", "language", "audience", "summary", "product_line_id", "content", "html", "search_text", "sha256",
    "last_editor_id", "author_name", "approved_by_id", "approved_at", "approved_sha256", "effective_from",
)
TABLE = "procedures_procedureversion"


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            f"CREATE TRIGGER version_is_immutable BEFORE UPDATE OF {', '.join(FROZEN)} ON {TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'a version cannot be changed'); END"
        )
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'a version cannot be changed' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        )
        changed = " OR ".join(f"OLD.{name}::text IS DISTINCT FROM NEW.{name}::text" for name in FROZEN)
        schema_editor.execute(
            f"CREATE TRIGGER version_is_immutable BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN ({changed}) "
            "EXECUTE FUNCTION version_is_immutable()"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS version_is_immutable")
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS version_is_immutable ON {TABLE}")
        schema_editor.execute("DROP FUNCTION IF EXISTS version_is_immutable()")


class Migration(migrations.Migration):
    dependencies = [("procedures", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
