"""A number belongs to one procedure for good, and what a version was released for is as frozen as its text."""

import django.db.models.functions.text
from django.db import migrations, models

from procedures.migrations._triggers import Refusal

VERSIONS = "procedures_procedureversion"
ROWS = "procedures_versionapplicability"
CODES = "procedures_procedureversion_error_codes"
_LOGGED = "EXISTS (SELECT 1 FROM procedures_auditevent e WHERE e.version_id = NEW.{})"
_FROZEN = "what a version applies to cannot be changed"
_CODES_FROZEN = "the error codes of a version cannot be changed"

REFUSALS = (
    Refusal(
        "version_number_is_immutable", VERSIONS, "insert", "this number belongs to another procedure",
        when=f"EXISTS (SELECT 1 FROM {VERSIONS} v WHERE LOWER(v.number) = LOWER(NEW.number) "
        "AND v.page_id <> NEW.page_id)",
    ),
    # Rows are inserted with their version: once the log knows the version, it is complete.
    Refusal("applicability_is_immutable_insert", ROWS, "insert", _FROZEN, when=_LOGGED.format("version_id")),
    Refusal("applicability_is_immutable_update", ROWS, "update", _FROZEN),
    Refusal("applicability_is_immutable_delete", ROWS, "delete", _FROZEN),
    Refusal(
        "version_codes_are_immutable_insert", CODES, "insert", _CODES_FROZEN,
        when=_LOGGED.format("procedureversion_id"),
    ),
    Refusal("version_codes_are_immutable_update", CODES, "update", _CODES_FROZEN),
    Refusal("version_codes_are_immutable_delete", CODES, "delete", _CODES_FROZEN),
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("procedures", "0009_status_follows_the_table")]
    operations = [
        migrations.AddConstraint(
            model_name="procedureversion",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("number"),
                models.F("major"),
                models.F("minor"),
                name="version_address_once",
            ),
        ),
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS),
    ]
