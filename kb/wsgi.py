"""The WSGI application, for gunicorn, whose settings are kb.gunicorn."""

import gc
import json
import os
from collections.abc import Callable, Iterable
from email.message import Message
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
django_application = get_wsgi_application()
# What is loaded by now stays for good: to look through it again costs a full collection a tenth of a second.
gc.collect()
gc.freeze()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's application, for requests in UTF-8.

    Django decodes an address and a form by whatever codec the Content-Type names, also by those of Python's
    that are no text, and falls over before any middleware runs. Browsers send UTF-8; the rest is answered here.
    """
    content_type = Message()
    content_type["Content-Type"] = environ.get("CONTENT_TYPE") or "text/plain"
    charset = str(content_type.get_param("charset", "utf-8")).lower()
    if charset in ("utf-8", "utf8", "us-ascii"):
        return django_application(environ, start_response)
    reason = "Requests are read as UTF-8 only. 本站只接受 UTF-8 编码的请求。"
    if environ.get("PATH_INFO", "").startswith("/api/"):
        start_response("400 Bad Request", [("Content-Type", "application/json")])
        return [json.dumps({"message": reason}).encode()]
    start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{reason}\n".encode()]
