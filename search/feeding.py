"""Telling an engine outside the database, apart from anybody's request: the schedule, the command, a person's wish."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from search import outbox, switching
from search.engine import Engine, get_engine
from search.engines.fed import FedEngine, RebuildUnderWay

LATE = timedelta(minutes=1)
"""Whoever changes a document tells it at once; the schedule says only what had waited longer."""

_ANEW = gettext_lazy("The search index was made anew: %(reason)s.")

logger = logging.getLogger(__name__)


def is_fed() -> bool:
    """Whether this site's engine is one that has to be told."""
    return isinstance(get_engine(), FedEngine)


def feed(now: datetime, *, all_said: bool = False) -> Iterator[str]:
    """Tell all that waits, what was refused before as well; yields what was done if some of it is LATE, or `all_said`.

    An index that is of another engine, release or state of the database is made anew first; one that has otherwise
    than the database after that, too. Raises Unreachable.
    """
    engine = get_engine()
    try:
        yield from _made_whole(engine)
        if not isinstance(engine, FedEngine):
            return
        if why := engine.prepare():
            yield _ANEW % {"reason": why.rstrip(".")}
        since = outbox.waiting().since
        is_late = all_said or (since is not None and since < timezone.now() - LATE)
        try:
            told = outbox.tell(engine)
        except outbox.Ahead as error:
            logger.error("The search index is not that of this database any more: %s", error)
            switching.doubt()
            yield from _made_whole(engine)
            return
        if told and is_late:
            said = ngettext(
                "%(count)d document told to the search engine",
                "%(count)d documents told to the search engine",
                told,
            )
            yield said % {"count": told}
        if why := engine.disagreement():
            logger.error("The search index is not that of this database: %s", why)
            engine.refill()
            yield _ANEW % {"reason": why.rstrip(".")}
    except RebuildUnderWay:
        yield _("The search index is being made anew at this moment.")


def _made_whole(engine: Engine) -> Iterator[str]:
    if switching.make_whole(engine):
        yield _(
            "The search index was made anew: another engine or release, or a later state of the database,"
            " was in use before."
        )


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
