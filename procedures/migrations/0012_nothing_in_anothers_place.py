"""What a version stands on stays: no row is put in its place or deleted, nothing that its content names is renamed,
and the revisions that say who wrote what are kept."""

from django.db import migrations, models

from procedures.migrations._triggers import NoReplacement, Refusal, same

VERSIONS = "procedures_procedureversion"
ROWS = "procedures_versionapplicability"
CODES = "procedures_procedureversion_error_codes"
EVENTS = "procedures_auditevent"
REVISIONS = "wagtailcore_revision"

_NAMED = "what a version names keeps its name"
_IN_LINE = "(OLD.{0} <> NEW.{0} OR OLD.product_line_id <> NEW.product_line_id)"
_CODE_USED = f"SELECT 1 FROM {CODES} used WHERE used.errorcode_id = OLD.id"
_MODEL_USED = f"SELECT 1 FROM {ROWS} used WHERE used.model_id = OLD.id"
_RELEASE_USED = f"SELECT 1 FROM {ROWS} used WHERE used.release_from_id = OLD.id OR used.release_before_id = OLD.id"
_LINE_USED = (
    f"EXISTS (SELECT 1 FROM {VERSIONS} used WHERE used.product_line_id = OLD.id) OR EXISTS (SELECT 1 FROM {CODES} used "
    "JOIN procedures_errorcode code ON code.id = used.errorcode_id WHERE code.product_line_id = OLD.id)"
)
# A page that the log knows is never deleted; one that nobody ever submitted may be, with its revisions.
_ON_RECORD = (
    "CASE WHEN OLD.content_type_id IN "
    "(SELECT id FROM django_content_type WHERE app_label = 'procedures' AND model = 'procedurepage') "
    f"THEN EXISTS (SELECT 1 FROM {EVENTS} e WHERE e.page_id = CAST(OLD.object_id AS bigint)) ELSE {{no}} END"
)

REFUSALS = (
    Refusal("version_is_immutable_delete", VERSIONS, "delete", "a version is withdrawn, never deleted"),
    Refusal(
        "version_is_immutable_key", VERSIONS, "update", "a version cannot be changed",
        frozen=("id", "created_at"),
    ),
    Refusal(
        "product_line_is_immutable_name", "procedures_productline", "update", _NAMED,
        when=f"OLD.code <> NEW.code AND ({_LINE_USED})",
    ),
    Refusal(
        "model_is_immutable_name", "procedures_machinemodel", "update", _NAMED,
        when=f"{_IN_LINE.format('code')} AND EXISTS ({_MODEL_USED})",
    ),
    Refusal(
        "release_is_immutable_name", "procedures_softwarerelease", "update", _NAMED,
        when=f"{_IN_LINE.format('version')} AND EXISTS ({_RELEASE_USED})",
    ),
    Refusal(
        "error_code_is_immutable_name", "procedures_errorcode", "update", _NAMED,
        when=f"{_IN_LINE.format('code')} AND EXISTS ({_CODE_USED})",
    ),
    Refusal(
        "revision_is_immutable_delete", REVISIONS, "delete", "the revisions of a procedure are kept",
        when=_ON_RECORD.format(no="1 = 0"),
    ),
    NoReplacement(
        VERSIONS,
        (
            same("id"),
            same("page_id", "major", "minor"),
            "LOWER(other.number) = LOWER(NEW.number) AND " + same("major", "minor"),
            "NEW.status IN ('approved', 'effective') AND " + same("page_id", "status"),
        ),
    ),
    NoReplacement(ROWS, (same("id"),)),
    NoReplacement(CODES, (same("id"), same("procedureversion_id", "errorcode_id"))),
    NoReplacement(EVENTS, (same("sequence"), same("hash"))),
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0011_number_length"),
        ("wagtailcore", "0098_apitoken"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="seals",
            field=models.JSONField(
                default=dict,
                help_text='{"app.model:pk": "form:SHA-256 of the row:digests of its columns"}',
            ),
        ),
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS),
    ]
