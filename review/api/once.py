"""A request under an `Idempotency-Key` is carried out once, however often a connection makes its sender repeat it."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.access import may_read_internal
from review.models import ApiAnswer

HEADER = "Idempotency-Key"
KEPT = timedelta(days=1)
_SHAPE = re.compile(r"[\x21-\x7e]{1,255}")
Answer = tuple[int, dict[str, Any]]


class KeyRefused(Exception):
    """`status`, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def once(request: HttpRequest, answer: Callable[[], Answer]) -> Answer:
    """What `answer` gives; under a key that this person used for the same request before, what it gave then.

    What raises is not kept: it did nothing, and may be tried again. Raises KeyRefused.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method in ("GET", "HEAD", "OPTIONS") or not request.user.is_authenticated:
        return answer()
    if not _SHAPE.fullmatch(key):
        raise KeyRefused(400, _("A key is 1 to 255 characters of ASCII without spaces."))
    digest = _digest(request)
    if digest is None:
        return answer()
    now = timezone.now()
    with transaction.atomic():
        ApiAnswer.objects.filter(at__lt=now - KEPT).delete()
        # One that comes at the same moment waits here until this one is through, or undone.
        kept, is_new = ApiAnswer.objects.get_or_create(
            person=request.user, key=key, defaults={"digest": digest, "at": now}
        )
        if is_new:
            kept.status, kept.body = answer()
            kept.save()
        elif kept.digest != digest:
            raise KeyRefused(
                422, _("This key was used for another request: each request has a key of its own.")
            )
        elif not may_read_internal(request.user):
            return answer()  # lost that right since: refused as whoever never had it
    return kept.status, kept.body


def _digest(request: HttpRequest) -> str | None:
    """None where it is too much to be read, which is refused anyway."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()} {request.content_type}\n".encode())
    if request.content_type == "multipart/form-data":
        digest.update(json.dumps(sorted(request.POST.lists())).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                digest.update(json.dumps([name, file.name, file.size]).encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        try:
            digest.update(request.body)
        except RequestDataTooBig:
            return None
    return digest.hexdigest()
