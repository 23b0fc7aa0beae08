"""The way to an Elasticsearch cluster: every failure there is Unreachable here, and waited for once, not each time."""

import logging
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from search.outbox import Unreachable

PAUSE = 30.0
"""Seconds in which a cluster that did not answer is not asked again: a visitor waits for it once in a while only."""
PATIENCE = 60.0
"""Seconds that one request of a rebuild may take; nobody waits for a page meanwhile."""
WRITING = 3.0
"""Seconds that telling of a change may take, where questions are not given more: what timed out is told again."""

logger = logging.getLogger(__name__)


class Cluster:
    """The cluster that the settings name. Connections are shared by threads."""

    def __init__(self) -> None:
        self.addresses = [url.strip() for url in settings.REDLINE_ELASTICSEARCH_URL.split(",") if url.strip()]
        if not self.addresses:
            raise ImproperlyConfigured(
                "REDLINE_SEARCH_ENGINE is elasticsearch: set REDLINE_ELASTICSEARCH_URL, e.g. "
                "https://USER:PASSWORD@search.example:9200"
            )
        certificates = settings.REDLINE_ELASTICSEARCH_CA
        if certificates:
            try:
                ssl.create_default_context(cafile=certificates)  # else it is only read with the first request
            except OSError as error:  # of ssl as well
                raise ImproperlyConfigured(
                    f"REDLINE_ELASTICSEARCH_CA: {certificates} is no file of certificates in PEM: "
                    f"{error.strerror or error}"
                ) from None
        try:
            self._client = Elasticsearch(
                self.addresses,
                request_timeout=settings.REDLINE_ELASTICSEARCH_TIMEOUT,
                max_retries=0,  # a second try would be a second wait
                **({"ca_certs": certificates} if certificates else {}),
            )
        except (ValueError, OSError) as error:
            names = "REDLINE_ELASTICSEARCH_URL" + (" or REDLINE_ELASTICSEARCH_CA" if certificates else "")
            raise ImproperlyConfigured(f"{names}: {error}") from None
        self._lock = threading.Lock()
        self.returns = 0
        """How often it answered again after it had not."""
        self._paused_until = 0.0  # of time.monotonic(); 0: it answered last time

    @contextmanager
    def asked(self, *, patient: bool = False, writing: bool = False) -> Iterator[Elasticsearch]:
        """The client, for one request or a few. Raises Unreachable for whatever goes wrong but NotFoundError.

        After a request that was not answered, others fail at once for PAUSE seconds; then one tries for all.
        A `patient` one waits longest, and tries whatever befell others; one that is `writing` WRITING at least.
        """
        if not patient:
            self._wait_or_try()
        try:
            most = PATIENCE if patient else max(WRITING, settings.REDLINE_ELASTICSEARCH_TIMEOUT)
            yield self._client.options(request_timeout=most) if patient or writing else self._client
        except TransportError as error:
            with self._lock:
                self._paused_until = time.monotonic() + PAUSE
            logger.warning("Elasticsearch does not answer: %s", error)
            raise Unreachable(f"Elasticsearch does not answer: {type(error).__name__}") from error
        except NotFoundError:
            self._paused_until = 0.0
            raise
        except ApiError as error:
            self._paused_until = 0.0
            logger.warning("Elasticsearch refuses: %s", error)
            raise Unreachable(f"Elasticsearch refuses: {error}") from error
        if self._paused_until:
            self.returns += 1
            self._paused_until = 0.0

    def _wait_or_try(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._paused_until:
                raise Unreachable("Elasticsearch did not answer a moment ago.")
            if self._paused_until:
                self._paused_until = now + PAUSE  # this one tries; the others need not wait with it
