from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    give_new_permission("search.change_pendingchange", apps)


class Migration(migrations.Migration):
    """Administrators have sent again what the search engine refused."""

    dependencies = [("accounts", "0007_service_levels"), ("search", "0005_profiles_and_outbox")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
