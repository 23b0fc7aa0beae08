"""The database itself refuses a change of state that the life cycle does not have (procedures.lifecycle)."""

from django.db import migrations

ALLOWED = (
    ("approved", "effective"),
    ("approved", "withdrawn"),
    ("effective", "superseded"),
    ("effective", "withdrawn"),
)
TABLE = "procedures_procedureversion"
_PAIRS = " OR ".join(f"(OLD.status = '{before}' AND NEW.status = '{after}')" for before, after in ALLOWED)
_REFUSED = f"OLD.status <> NEW.status AND NOT ({_PAIRS})"


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            f"CREATE TRIGGER version_life_is_immutable BEFORE UPDATE OF status ON {TABLE} WHEN {_REFUSED} "
            "BEGIN SELECT RAISE(ABORT, 'a version does not go from that state to this one'); END"
        )
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION version_life_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'a version does not go from that state to this one' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER version_life_is_immutable BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN ({_REFUSED}) "
            "EXECUTE FUNCTION version_life_is_immutable()"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS version_life_is_immutable")
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS version_life_is_immutable ON {TABLE}")
        schema_editor.execute("DROP FUNCTION IF EXISTS version_life_is_immutable()")


class Migration(migrations.Migration):
    dependencies = [("procedures", "0008_review_interval")]
    operations = [migrations.RunPython(install, remove)]
