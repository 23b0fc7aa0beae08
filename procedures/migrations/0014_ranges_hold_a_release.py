"""A version's range holds a release: what begins where it ends, or after, is for no machine.

Of rows that are added: a row of a version is never changed (0002), and no release passes the end of one (0013).
"""

from django.db import migrations

from procedures.migrations._triggers import Refusal

RELEASES = "procedures_softwarerelease"
EMPTY = Refusal(
    "range_is_immutable_empty", "procedures_versionapplicability", "insert",
    "what a version applies to holds a release",
    when=(
        f"EXISTS (SELECT 1 FROM {RELEASES} one, {RELEASES} other WHERE one.id = NEW.release_from_id "
        "AND other.id = NEW.release_before_id AND one.position >= other.position)"
    ),
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("procedures", "0013_ranges_revisions_head")]
    operations = [migrations.RunPython(EMPTY.install, EMPTY.remove)]
