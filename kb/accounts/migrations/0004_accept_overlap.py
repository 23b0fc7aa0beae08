from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    give_new_permission("procedures.accept_overlap", apps)


class Migration(migrations.Migration):
    """Whoever releases also says why two guides may overlap, on sites that have the roles already."""

    dependencies = [
        ("accounts", "0003_roles"),
        ("procedures", "0005_accepted_overlap"),
    ]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
