"""Keeping a search, and what was opened of it. Never in the way: all is written when the answer has been sent.

That a filter, a further page or the way back from a result belongs to a search already logged is told by a cookie
of the browser with the keys of the last searches: each key is random and of one search, so searches of one browser
are not tied together in the log. Without cookies each of them counts.
"""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from search.engine import Hit, Results, SearchQuery
from search.log.masking import as_kept, normalised
from search.log.models import Channel, SearchLog, SearchOpening
from search.log.roles import role_of

logger = logging.getLogger(__name__)

COOKIE = "searched"
VISIT = 30 * 60
"""Seconds in which the same text is the same search."""
REMEMBERED = 5
COUNTED = 24 * 3600
"""Seconds after which a link to a result still leads there, but is no longer counted: it was handed on."""
MAX_FILTER = 200
UNLOGGED = "unlogged"
"""The parameter of a search that is not to be logged."""
PARAMETER = "from-search"
"""The parameter by which a link to a result says so."""
_SALT = "search.log.opening"
_ENTRY = re.compile(r"([\w-]{16})\.([0-9a-f]{16})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a link to a result says beside the address: of which search, which document, in which place."""

    key: str
    source: str
    object_id: str
    rank: int

    def added_to(self, url: str) -> str:
        """The address with this in it; what comes after # stays there."""
        address, hash_sign, place = url.partition("#")
        token = signing.dumps([self.key, self.source, self.object_id, self.rank], salt=_SALT)
        return f"{address}{'&' if '?' in address else '?'}{PARAMETER}={token}{hash_sign}{place}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A search to be kept: `row` is None where it is part of one that was."""

    key: str
    row: SearchLog | None
    page_size: int
    cookie: str = ""

    def linked(self, found: Results) -> Results:
        """The same with links that tell what was opened, in the place of the documents' own."""
        return replace(found, hits=tuple(self._linked(hit, found, n) for n, hit in enumerate(found.hits, 1)))

    def _linked(self, hit: Hit, found: Results, n: int) -> Hit:
        rank = (found.page - 1) * self.page_size + n
        opening = Opening(self.key, hit.document.source, hit.document.object_id, rank)
        return replace(hit, url=opening.added_to(hit.url))

    def keep(self, response: HttpResponse) -> None:
        """Write it once this response has been sent."""
        if self.cookie:
            response.set_cookie(
                COOKIE,
                self.cookie,
                max_age=VISIT,
                path=reverse("search:results"),
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        if (row := self.row) is not None:
            after_answer(response, lambda: row.save(force_insert=True))


def begin(
    request: HttpRequest, query: SearchQuery, found: Results, channel: str = Channel.PAGE
) -> Asked | None:
    """What is to be kept of a search that was answered; None where nothing is.

    A further page makes no search by itself, nor does what a browser fetches ahead, nor who follows a report with
    UNLOGGED in the address, to see what others saw. What has no letter and no digit asks nothing: it would stand
    among what was not found, as if something were missing.
    """
    text = as_kept(query.text)
    same = normalised(text)
    is_asking = any(map(str.isalnum, same))
    if not settings.REDLINE_SEARCH_LOG_DAYS or not is_asking or UNLOGGED in request.GET:
        return None
    if request.method != "GET" or is_ahead(request) or found.degraded:
        return None
    digest = salted_hmac("search.log", same).hexdigest()[:16]
    known = {same_as: key for key, same_as in reversed(_entries(request))}
    if channel == Channel.PAGE and digest in known:
        return Asked(known[digest], None, query.page_size)
    if query.page > 1:
        return None
    key = secrets.token_urlsafe(12)
    row = SearchLog(
        key=key,
        asked_at=timezone.now().replace(microsecond=0),
        text=text,
        normalised=same,
        filters={facet: as_kept(value[:MAX_FILTER]) for facet, value in query.filters.items()},
        # Where the results are of what may have been meant, there is nothing of what was typed.
        found=0 if found.is_corrected else found.total,
        whole=0 if found.is_corrected else min(found.whole, found.total),
        language=(get_language() or settings.LANGUAGE_CODE)[:20],
        role=role_of(request.user)[:20],
        channel=channel,
    )
    latest = [(key, digest), *_entries(request)][:REMEMBERED]
    cookie = "~".join(map(".".join, latest)) if channel == Channel.PAGE else ""
    return Asked(key, row, query.page_size, cookie)


def read(token: str) -> tuple[Opening, bool]:
    """The link as it was made, and whether it still counts. Raises BadSignature for any other."""
    try:
        try:
            fields, counts = signing.loads(token, salt=_SALT, max_age=COUNTED), True
        except signing.SignatureExpired:
            fields, counts = signing.loads(token, salt=_SALT), False
    except ValueError as error:  # no text, no base64: nothing that was ever signed
        raise signing.BadSignature(str(error)) from error
    return Opening(*fields), counts


def note_opening(opening: Opening, response: HttpResponse) -> None:
    """Write that this was opened once the response has been sent; nothing where the search is not in the log."""

    def write() -> None:
        search = SearchLog.objects.filter(key=opening.key).values_list("pk", flat=True).first()
        if search is not None:
            row = SearchOpening(
                search_id=search, source=opening.source, object_id=opening.object_id, rank=opening.rank
            )
            SearchOpening.objects.bulk_create([row], ignore_conflicts=True)

    if settings.REDLINE_SEARCH_LOG_DAYS:
        after_answer(response, write)


def is_ahead(request: HttpRequest) -> bool:
    """Whether a browser fetches this before anybody asked for it."""
    return "prefetch" in f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"


def after_answer(response: HttpResponse, write: Callable[[], Any]) -> None:
    """Do it when the server has sent the response. What fails is logged: nobody waits for it."""
    close = response.close

    def then() -> None:
        try:
            with transaction.atomic():
                write()
        except Exception:  # whatever it is, the page was answered, and the server goes on
            logger.exception("a search could not be logged")
        finally:
            close()

    response.close = then  # type: ignore[method-assign]  # WSGI calls it after the last byte


def _entries(request: HttpRequest) -> list[tuple[str, str]]:
    """(key, digest) of the cookie's searches, the latest first; whatever else stands there counts as nothing."""
    entries = map(_ENTRY.fullmatch, request.COOKIES.get(COOKIE, "").split("~")[:REMEMBERED])
    return [(found[1], found[2]) for found in entries if found]
