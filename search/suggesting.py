"""In what order suggestions stand, whatever engine found them: codes as one counts, titles by what begins them."""

import re
from collections.abc import Iterator, Sequence

from search.analysis import MARK, code_term
from search.parsing import Clause, ParsedQuery
from search.ranking import Candidate
from search.readings import Reading

LOOKED_AT = 60
"""Documents found of which the first are chosen."""
_LONGEST = 24  # characters of a code or word that is being typed
_SHORTEST = 4  # letters of a word that is
_DIGITS = re.compile(r"(\d+)")


def is_code(typed: str) -> bool:
    """Whether this may be the beginning of a code or number: it has a digit, and little else."""
    return len(typed) <= _LONGEST and any(map(str.isdigit, typed))


def is_word(typed: str) -> bool:
    """Whether this may be the beginning of an English word."""
    return typed.isascii() and typed.isalpha() and _SHORTEST <= len(typed) <= _LONGEST


def beginning(typed: str) -> Reading:
    """What has a code or number that begins so; asks for nothing where that is none. Of many that have such a word
    besides, the engine's best need not be these: LM-600 stands in every guide for it.
    """
    starts = _starts(typed)
    return Reading(
        (Clause(tuple((start,) for start in starts), prefix=True),) if starts else (), headings=True
    )


def in_order(typed: str, parsed: ParsedQuery, found: Sequence[Candidate]) -> list[Candidate]:
    """Documents whose code or number begins so first, E-1002 before E-1010; then those whose title does."""
    starts = _starts(typed)
    codes = {one.pk: min(_beginning(one, starts), default=None) for one in found}
    begins = tuple("".join(phrase) for clause in parsed.clauses[:1] for phrase in clause.alternatives)

    def place(one: Candidate) -> tuple[object, ...]:
        if code := codes[one.pk]:
            return (0, *code, -one.weight, one.pk)
        title = one.title.partition(f" {MARK} ")[0]
        return (1, -one.weight, not title.replace(" ", "").startswith(begins), title.count(" "), one.pk)

    return sorted(found, key=place)


def _starts(typed: str) -> tuple[str, ...]:
    begin = code_term(typed) if len(typed) <= _LONGEST else ""
    # E-1042 is typed by its number as well.
    return tuple(filter(None, (begin, MARK + begin if begin[1:].isdigit() else "")))


def _beginning(one: Candidate, starts: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """The document's codes that begin so, as keys in natural order."""
    for term in one.codes.split() if starts else ():
        if term.startswith(starts):
            # Letters and digits take turns, so that numbers are compared with numbers.
            parts = _DIGITS.split(term.lstrip(MARK))
            yield tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts), term
