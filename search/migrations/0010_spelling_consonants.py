"""Every known word is found by its consonants as well."""

from django.db import migrations

from search.spelling import bones

AT_ONCE = 1_000


def add(apps, schema_editor):
    spellings = apps.get_model("search", "Spelling").objects.using(schema_editor.connection.alias)
    words = sorted(set(spellings.values_list("word", flat=True)))
    for start in range(0, len(words), AT_ONCE):
        spellings.bulk_create(
            [spellings.model(form=bones(word), word=word) for word in words[start : start + AT_ONCE]]
        )


def remove(apps, schema_editor):
    spellings = apps.get_model("search", "Spelling").objects.using(schema_editor.connection.alias)
    spellings.filter(form__startswith="~").delete()
    spellings.filter(form="").delete()


class Migration(migrations.Migration):
    dependencies = [("search", "0009_places")]
    operations = [migrations.RunPython(add, remove)]
