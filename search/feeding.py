"""Telling an engine outside the database, apart from anybody's request: the schedule, the command, a person's wish."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from search import outbox, switching
from search.engine import get_engine
from search.engines.fed import FedEngine, RebuildUnderWay

LATE = timedelta(minutes=1)
"""Whoever changes a document tells it at once; the schedule says only what had waited longer."""


def is_fed() -> bool:
    """Whether this site's engine is one that has to be told."""
    return isinstance(get_engine(), FedEngine)


def feed(now: datetime) -> Iterator[str]:
    """Tell all that waits, what was refused before as well; yields what was done if some of it is LATE.

    Where the site runs another engine or release than before, its index is made anew first. Raises Unreachable.
    """
    engine = get_engine()
    try:
        if switching.make_whole(engine):
            yield _("The search index was made anew: another engine or release was in use before.")
    except RebuildUnderWay:
        yield _("The search index is being made anew at this moment.")
        return
    if not isinstance(engine, FedEngine):
        return
    engine.prepare()
    since = outbox.waiting().since
    is_late = since is not None and since < timezone.now() - LATE
    if (told := outbox.tell(engine)) and is_late:
        said = ngettext(
            "%(count)d document told to the search engine",
            "%(count)d documents told to the search engine",
            told,
        )
        yield said % {"count": told}


def state() -> str:
    """What waits and since when, in a sentence or two; "" where nothing does."""
    waiting = outbox.waiting()
    said = []
    if waiting.since:
        said.append(
            ngettext(
                "%(count)d change waits for the search engine since %(since)s.",
                "%(count)d changes wait for the search engine, the first since %(since)s.",
                waiting.count,
            )
            % {"count": waiting.count, "since": f"{waiting.since:%Y-%m-%d %H:%M} UTC"}
        )
    if waiting.given_up:
        said.append(
            ngettext(
                "%(count)d was given up: the search engine refuses it.",
                "%(count)d were given up: the search engine refuses them.",
                waiting.given_up,
            )
            % {"count": waiting.given_up}
        )
    return " ".join(said)
