from django.db import migrations
from django.db.models import F, Q


def answer(apps, schema_editor):
    """That somebody answered a proposal is told by its thread from now on; what was answered before is answered."""
    Thread, Past = apps.get_model("review", "Thread"), apps.get_model("review", "HistoricalThread")
    User = apps.get_model("accounts", "User")
    staff = User.objects.filter(
        groups__permissions__codename="decide_any_suggestion",
        groups__permissions__content_type__app_label="review",
    )
    comments = apps.get_model("review", "Comment").objects.filter(
        Q(author__in=staff.values("pk")) | Q(author=F("thread__version__page__procedure_owner")),
        thread__suggestion__isnull=False,
        thread__status="open",
    )
    comments = comments.exclude(author=F("thread__suggestion__author")).order_by("-written_at", "-pk")
    first = {comment.thread_id: comment for comment in comments}
    names = [field.attname for field in Thread._meta.concrete_fields]
    for pk, comment in first.items():
        Thread.objects.filter(pk=pk).update(status="answered")
        values = Thread.objects.values(*names).get(pk=pk)
        Past.objects.create(
            **values, history_date=comment.written_at, history_type="~", history_user_id=comment.author_id
        )


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
        ("review", "0015_service_levels"),
    ]

    operations = [migrations.RunPython(answer, migrations.RunPython.noop)]
