"""What the API answered under a key of the sender's: asked again, it answers the same and does nothing."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


class ApiAnswer(models.Model):
    """Made in the transaction of what it answers: there is one if, and only if, that was carried out."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the address and of what was sent.")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=200)
    body = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["person", "key"], name="api_answer_once_a_key"),
            models.CheckConstraint(condition=Q(status__range=(200, 299)), name="api_answer_of_what_was_done"),
        ]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.person_id} {self.key}"
