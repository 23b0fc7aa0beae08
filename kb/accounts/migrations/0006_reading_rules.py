from django.db import migrations


def give(apps, schema_editor):
    from kb.bootstrap import give_new_permission

    for verb in ("view", "add", "change", "delete"):
        give_new_permission(f"review.{verb}_readingrule", apps)


class Migration(migrations.Migration):
    """Whoever sets up review plans also says who is asked to read."""

    dependencies = [("accounts", "0005_review_plans"), ("review", "0005_duties")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
