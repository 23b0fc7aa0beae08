"""A revision that was submitted for release stays as it was saved, whether a version was minted from it or not."""

from importlib import import_module

from django.db import migrations

ranges = import_module("procedures.migrations.0013_ranges_revisions_head")


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0016_answered_proposals"),
        ("procedures", "0013_ranges_revisions_head"),
    ]
    operations = [
        ranges.freeze_when(
            "revision_is_immutable_submitted", "wagtailcore_revision", "a revision stays as it was saved", ranges.SAID,
            "EXISTS (SELECT 1 FROM review_release used WHERE used.revision_id = OLD.id)",
        ),
    ]  # fmt: skip
