"""In what order suggestions stand: those of a code or number that is being typed, as one counts."""

import re
from collections.abc import Sequence

from search.analysis import MARK, code_term
from search.engine import Hit

LOOKED_AT = 100
"""Suggestions of which the first are chosen, where they are to be in order."""
_DIGITS = re.compile(r"(\d+)")


def is_code(typed: str) -> bool:
    """Whether this may be the beginning of a code or number: it has a digit, and little else."""
    return len(typed) <= 24 and any(map(str.isdigit, typed))


def in_order(typed: str, hits: Sequence[Hit]) -> list[Hit]:
    """Documents whose code or number begins so first, E-1002 before E-1010; the others by rank, as they come."""
    begin = code_term(typed)
    if not begin or not is_code(typed):
        return list(hits)
    keys = {hit.document.pk: key for hit in hits if (key := _key(hit, begin)) is not None}
    counted = sorted((hit for hit in hits if hit.document.pk in keys), key=lambda hit: keys[hit.document.pk])
    return [*counted, *(hit for hit in hits if hit.document.pk not in keys)]


def _key(hit: Hit, begin: str) -> tuple[object, ...] | None:
    """The least of the document's codes that begin so, in natural order; None where none does."""
    document = hit.document
    terms = map(code_term, filter(None, (document.number, *document.codes)))
    keys = [_natural(term.removeprefix(MARK)) for term in terms if term.startswith(begin)]
    return (*min(keys), document.source, document.object_id) if keys else None


def _natural(code: str) -> tuple[tuple[tuple[int, str], ...], str]:
    # Letters and digits take turns, so that numbers are compared with numbers.
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(code)), code
