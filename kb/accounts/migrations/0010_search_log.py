from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    for name in ("search.view_search_reports", "search.view_single_searches"):
        give_new_permission(name, apps)


class Migration(migrations.Migration):
    """Documentation staff reads what people search for, administrators also what single customers did."""

    dependencies = [("accounts", "0009_search_engine"), ("search", "0007_log")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
