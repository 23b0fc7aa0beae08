from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    for verb in ("view", "add", "change", "delete"):
        give_new_permission(f"search.{verb}_termgroup", apps)


class Migration(migrations.Migration):
    """Documentation staff and administrators keep the search's term list."""

    dependencies = [("accounts", "0007_service_levels"), ("search", "0006_terms")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
