"""What a signed range counts in or out stays what and where it is; a revision stays whose it is and what it says; the
log's head only moves on."""

from importlib import import_module

from django.db import migrations

from procedures.migrations._triggers import NoReplacement, Refusal, same

before = import_module("procedures.migrations.0012_nothing_in_anothers_place")

RELEASES = "procedures_softwarerelease"
HEAD = "procedures_audithead"
FOLDER = "(SELECT id FROM django_content_type WHERE app_label = 'procedures' AND model = 'procedureindexpage')"
PROCEDURE = "(SELECT id FROM django_content_type WHERE app_label = 'procedures' AND model = 'procedurepage')"


def _ends(release: str) -> str:
    """Whether a range of a version begins or ends with the release."""
    return (
        f"EXISTS (SELECT 1 FROM {before.ROWS} used "
        f"WHERE used.release_from_id = {release} OR used.release_before_id = {release})"
    )


_LINE_HAS_RANGES = (
    f"EXISTS (SELECT 1 FROM {RELEASES} one WHERE one.product_line_id = OLD.product_line_id AND {_ends('one.id')})"
)
# Both sides of the comparison are about another release of the line, one of the two being the end of a range.
_CHANGES_SIDES = (
    f"OLD.position <> NEW.position AND EXISTS (SELECT 1 FROM {RELEASES} one "
    "WHERE one.product_line_id = OLD.product_line_id AND one.id <> OLD.id "
    "AND (OLD.position < one.position) <> (NEW.position < one.position) "
    f"AND ({_ends('one.id')} OR {_ends('OLD.id')}))"
)
_IS_LAST = (
    f"(EXISTS (SELECT 1 FROM {before.EVENTS} e WHERE e.sequence = NEW.sequence AND e.hash = NEW.hash) "
    f"AND NOT EXISTS (SELECT 1 FROM {before.EVENTS} e WHERE e.sequence > NEW.sequence))"
)
# Autosave writes the newest revision anew, as long as no version was minted from it.
_SETTLED = (
    f"EXISTS (SELECT 1 FROM {before.VERSIONS} used WHERE used.revision_id = OLD.id) OR "
    f"EXISTS (SELECT 1 FROM {before.REVISIONS} later WHERE later.base_content_type_id = OLD.base_content_type_id "
    "AND later.object_id = OLD.object_id AND later.id > OLD.id)"
)
# Procedures have no children and treebeard's step is four characters, so that the parent's path is what is left.
_OUTSIDE = (
    f"NEW.content_type_id IN {PROCEDURE} AND EXISTS (SELECT 1 FROM wagtailcore_page parent "
    f"WHERE parent.path = substr(NEW.path, 1, length(NEW.path) - 4) AND parent.content_type_id NOT IN {FOLDER})"
)


def _differs(vendor: str, *columns: str) -> str:
    template = {
        "sqlite": "OLD.{0} IS NOT NEW.{0}",
        "postgresql": "OLD.{0}::text IS DISTINCT FROM NEW.{0}::text",
    }
    return " OR ".join(template[vendor].format(column) for column in columns)


def freeze_when(name: str, table: str, message: str, columns: tuple[str, ...], when: str) -> migrations.RunPython:
    """Refuses an update of these columns where the condition holds."""

    def refusal(vendor: str) -> Refusal:
        return Refusal(name, table, "update", message, when=f"({_differs(vendor, *columns)}) AND ({when})")

    def install(apps, schema_editor):
        refusal(schema_editor.connection.vendor).install(apps, schema_editor)

    def remove(apps, schema_editor):
        refusal(schema_editor.connection.vendor).remove(apps, schema_editor)

    return migrations.RunPython(install, remove)


# Their triggers ask which rows are procedures by these two names.
_NAMED = "OLD.app_label = 'procedures' AND OLD.model IN ('procedurepage', 'procedureindexpage')"
# Whose words a text holds is told by the order of its revisions. To SQLite a key that it is yet to give is -1.
_EARLIER = (
    f"NEW.id <> -1 AND NEW.content_type_id IN {PROCEDURE} AND EXISTS (SELECT 1 FROM {before.REVISIONS} later "
    "WHERE later.base_content_type_id = NEW.base_content_type_id AND later.object_id = NEW.object_id "
    "AND later.id > NEW.id)"
)
RELEASE_NAME = next(refusal for refusal in before.REFUSALS if getattr(refusal, "name", "") == "release_is_immutable_name")
REFUSALS = (
    Refusal(
        RELEASE_NAME.name, RELEASES, "update", RELEASE_NAME.message,
        when=f"(OLD.version <> NEW.version OR OLD.product_line_id <> NEW.product_line_id) AND {_LINE_HAS_RANGES}",
    ),
    Refusal(
        "release_is_immutable_place", RELEASES, "update", "what a version applies to keeps its order",
        when=_CHANGES_SIDES,
    ),
    Refusal(
        "audit_head_is_immutable_update", HEAD, "update", "the log only goes on",
        when=(
            "(OLD.id <> NEW.id OR OLD.sequence <> NEW.sequence OR OLD.hash <> NEW.hash) AND NOT "
            f"(NEW.id = OLD.id AND NEW.sequence > OLD.sequence AND {_IS_LAST} AND EXISTS (SELECT 1 "
            f"FROM {before.EVENTS} e WHERE e.sequence = OLD.sequence + 1 AND e.previous_hash = OLD.hash))"
        ),
    ),
    Refusal("audit_head_is_immutable_delete", HEAD, "delete", "the log only goes on"),
    Refusal(
        "audit_head_is_immutable_insert", HEAD, "insert", "the log only goes on",
        when=f"NOT ((NEW.sequence = 0 AND NOT EXISTS (SELECT 1 FROM {before.EVENTS})) OR {_IS_LAST})",
    ),
    Refusal(
        "page_is_immutable_place", "wagtailcore_page", "update", "a procedure stays in its folder",
        when=f"OLD.path <> NEW.path AND {_OUTSIDE}",
    ),
    Refusal(
        "page_is_immutable_new_place", "wagtailcore_page", "insert", "a procedure stays in its folder", when=_OUTSIDE
    ),
    Refusal(
        "content_type_is_immutable_update", "django_content_type", "update", "procedures keep their name",
        when=f"{_NAMED} AND (OLD.id <> NEW.id OR OLD.app_label <> NEW.app_label OR OLD.model <> NEW.model)",
    ),
    Refusal(
        "content_type_is_immutable_delete", "django_content_type", "delete", "procedures keep their name", when=_NAMED
    ),
    Refusal(
        "revision_is_immutable_earlier", before.REVISIONS, "insert", "a revision follows those there are", when=_EARLIER
    ),
    NoReplacement("django_content_type", (same("id"), same("app_label", "model"))),
    NoReplacement(HEAD, (same("id"),)),
    NoReplacement("procedures_productline", (same("id"), same("code"))),
    NoReplacement("procedures_machinemodel", (same("id"), same("code"))),
    NoReplacement(RELEASES, (same("id"), same("product_line_id", "version"), same("product_line_id", "position"))),
    NoReplacement("procedures_errorcode", (same("id"), same("product_line_id", "code"))),
    NoReplacement(before.REVISIONS, (same("id"),)),
)  # fmt: skip


# What readers are told of a version that is no longer in force; both states are the end of its life.
ENDED = ("superseded_at", "withdrawn_at", "withdrawn_by_id", "withdrawn_reason", "replaced_by_id")
WHOSE = ("id", "user_id", "object_id", "content_type_id", "base_content_type_id")
SAID = ("created_at", "content")


class Migration(migrations.Migration):
    dependencies = [("procedures", "0012_nothing_in_anothers_place")]
    operations = [
        migrations.RunPython(RELEASE_NAME.remove, RELEASE_NAME.install),
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS),
        freeze_when(
            "version_is_immutable_end",
            before.VERSIONS,
            "a version cannot be changed",
            ENDED,
            "OLD.status IN ('superseded', 'withdrawn')",
        ),
        freeze_when(
            "revision_is_immutable_whose", before.REVISIONS, "a revision stays whose it is", WHOSE,
            f"OLD.content_type_id IN {PROCEDURE}",
        ),
        freeze_when(
            "revision_is_immutable_said", before.REVISIONS, "a revision stays as it was saved", SAID,
            f"OLD.content_type_id IN {PROCEDURE} AND ({_SETTLED})",
        ),
    ]  # fmt: skip
