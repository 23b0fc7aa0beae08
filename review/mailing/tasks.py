"""What a worker does: one mail a task. With django-tasks' immediate backend whoever enqueues it does it."""

from datetime import datetime

from django.utils import timezone
from django_tasks import task

from review.mailing.sending import give_up_on_the_dead, send
from review.models import Mail


@task()
def send_mail(pk: int, at: str = "") -> None:
    """`at` (ISO 8601): the time that it is to whoever enqueues it, "" for when it is done."""
    send(pk, datetime.fromisoformat(at) if at else timezone.now())


def enqueue_due(now: datetime) -> None:
    """Mails whose time has come, for the first time or again."""
    give_up_on_the_dead(now)
    for pk in Mail.objects.due(now).order_by("due_at").values_list("pk", flat=True):
        send_mail.enqueue(pk, now.isoformat())
