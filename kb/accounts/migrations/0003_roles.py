from django.db import migrations


def create_roles(apps, schema_editor):
    from kb.bootstrap import apply_roles

    apply_roles(apps)


class Migration(migrations.Migration):
    """Create the roles' groups with their permissions; kb.accounts.roles says which."""

    dependencies = [
        ("accounts", "0002_machines"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("procedures", "0001_initial"),
        ("review", "0001_initial"),
        ("tickets", "0001_initial"),
        ("wagtailadmin", "0005_editingsession_is_editing"),
        ("wagtailcore", "0098_apitoken"),
        ("wagtailimages", "0027_image_description"),
    ]
    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
