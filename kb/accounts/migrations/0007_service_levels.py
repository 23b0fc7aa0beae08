from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    for verb in ("view", "add", "change", "delete"):
        give_new_permission(f"review.{verb}_servicelevel", apps)


class Migration(migrations.Migration):
    """Whoever sets up review plans also says how soon marks are answered and decided on."""

    dependencies = [("accounts", "0006_reading_rules"), ("review", "0015_service_levels")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
