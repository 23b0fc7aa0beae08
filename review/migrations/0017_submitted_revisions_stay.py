"""A revision that was submitted for release stays as it was saved, whether a version was minted from it or not; and
what is released here goes into force with a signature on its very bytes."""

from importlib import import_module

from django.db import migrations

from procedures.migrations._triggers import Refusal

VERSIONS = "procedures_procedureversion"
_SIGNED = (
    "EXISTS (SELECT 1 FROM review_signature s JOIN review_release r ON r.id = s.release_id "
    "WHERE r.version_id = NEW.id AND r.sha256 = NEW.sha256 AND s.sha256 = NEW.sha256 AND s.voided_at IS NULL)"
)
UNSIGNED = (
    Refusal(
        "version_is_immutable_unsigned", VERSIONS, "update", "only what was signed goes into force",
        when=(
            f"NEW.status = 'effective' AND OLD.status <> NEW.status AND NEW.origin = 'released' AND NOT {_SIGNED}"
        ),
    ),
    Refusal(
        "version_is_immutable_unsigned_new", VERSIONS, "insert", "only what was signed goes into force",
        when="NEW.status <> 'approved' AND NEW.origin = 'released'",
    ),
)  # fmt: skip
ranges = import_module("procedures.migrations.0013_ranges_revisions_head")


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0016_answered_proposals"),
        ("procedures", "0013_ranges_revisions_head"),
    ]
    operations = [
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in UNSIGNED),
        ranges.freeze_when(
            "revision_is_immutable_submitted", "wagtailcore_revision", "a revision stays as it was saved", ranges.SAID,
            "EXISTS (SELECT 1 FROM review_release used WHERE used.revision_id = OLD.id)",
        ),
    ]  # fmt: skip
