"""What stands in titles and among codes is found by itself: the embedded index has tables of another form.

`search.apps` has it filled when the migrations are through, or, where that is cut short, with the next `migrate`: the
record names older tables. PostgreSQL's sidecar file knows by its version.
"""

from django.db import migrations
from django.utils import timezone

from search.engine import engine_name
from search.engines.schema import create, drop


def anew(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for statement in [*drop(), *create()]:
        schema_editor.execute(statement)
    using = schema_editor.connection.alias  # it may be a database of its own, as evaluate_search has
    states = apps.get_model("search", "IndexState").objects.using(using)
    documents = apps.get_model("search", "SearchDocument").objects.using(using)
    if engine_name() == "sqlite" and documents.exists():
        states.get_or_create(pk=1, defaults={"engine": "sqlite", "since": timezone.now(), "is_whole": False})
    states.filter(engine__startswith="sqlite").update(is_whole=False)


class Migration(migrations.Migration):
    dependencies = [("search", "0013_occurrences")]
    operations = [migrations.RunPython(anew, migrations.RunPython.noop)]
