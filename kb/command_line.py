"""manage.py's commands: a database that is not fit for one is said in one line."""

import sys
from collections.abc import Sequence

from django.core.management import execute_from_command_line
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

# These meet a database as it is, and their own messages say what is wrong with it.
_MIGRATING = ("migrate", "makemigrations", "sqlmigrate", "showmigrations", "test")


def run(argv: Sequence[str]) -> None:
    """Carry the command out. Exits with 1 and a sentence where the database lacks tables, or is none."""
    try:
        execute_from_command_line(list(argv))
    except DatabaseError:
        reason = "" if argv[1] in _MIGRATING else _why_unfit()
        if not reason:
            raise
        sys.exit(reason)


def _why_unfit() -> str:
    """What is wrong with the database itself; "" where nothing is."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        name = connection.settings_dict["NAME"]
        return _("The database %(name)s cannot be used: %(reason)s") % {"name": name, "reason": error}
    return _("The database lacks tables of this release: run `manage.py migrate` first.") if behind else ""
