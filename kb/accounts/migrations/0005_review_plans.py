from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import apply_roles

    apply_roles(apps)


class Migration(migrations.Migration):
    """The roles' permissions on review plans and delegations."""

    dependencies = [("accounts", "0004_accept_overlap"), ("review", "0004_remove_approvals")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
