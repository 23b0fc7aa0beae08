"""A question as the engines are asked it: ever wider, until enough is found. The same for every engine."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from search.analysis import CJK, MARK
from search.parsing import Clause, ParsedQuery, is_stop_word
from search.synonyms import Phrase

ENOUGH = 3
"""Documents that have all that was asked for; where there are fewer, those that have some come as well."""
MOST = 20_000
"""Documents that the words of a wide reading may stand in together, so that what stands everywhere is not counted."""

# Letters of each of the words that are all of a question, joined by a sign: LM-XL may be a code that nobody bears.
_LEAST_ALONE = 4
_VERSION = 3  # numbers of a version, and digits of each; the first two name the series it belongs to
_CHINESE = re.compile(f"[{CJK}]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document must have: every clause of `all` and one of `some`, or else bear one of the `codes`.

    Empty `some` asks for nothing; empty `all` and `some` together are answered by the codes alone. With `headings`
    only titles and codes are looked at. `enough` documents stop the search from going on to a wider reading.
    """

    all: tuple[Clause, ...] = ()
    some: tuple[Clause, ...] = ()
    codes: tuple[str, ...] = ()
    headings: bool = False
    enough: int = 0


def readings(
    parsed: ParsedQuery, frequencies: Callable[[Collection[str]], Mapping[str, int]]
) -> Iterator[Reading]:
    """The readings of a question, the narrowest first.

    `frequencies` says in how many documents each of some terms stands, if in any; it is asked of no more than matters.

    First everything; then the same with words that a sign joins (fan-noise) apart; then what was quoted, and any of the
    rest; then any word at all. Beside each stands whatever bears a code that the query names, and before all else:
    somebody who types "E-1042 alarm" wants every guide of E-1042. The other words rank them, they must not leave a single
    guide standing that is for another machine.
    """
    codes = tuple(filter(frequencies(parsed.codes).get, parsed.codes)) if parsed.codes else ()
    quoted = tuple(clause for clause in parsed.clauses if clause.quoted)
    meant = len(parsed.clauses) in (1, len(quoted))
    enough = 1 if meant else ENOUGH
    yield Reading(parsed.clauses, codes=codes, enough=enough)
    if (several := apart(parsed.clauses)) != parsed.clauses:
        yield Reading(several, codes=codes, enough=enough)
    if quoted and len(quoted) < len(parsed.clauses):
        yield Reading(quoted, parsed.clauses, codes=codes, enough=1)
    loose = loosened(parsed.clauses)
    yield Reading(some=rarest(loose, frequencies(terms_of(loose))), codes=codes)


def apart(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses with words that were typed as one each by itself."""
    several: list[Clause] = []
    for clause in clauses:
        words = [Clause(((word,),)) for word in _joined_words(clause) if not is_stop_word(word)]
        several += words or [clause]
    return tuple(dict.fromkeys(several))


def loosened(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses with every quoted phrase taken for its words, words that a sign joins for each of them as well, and a
    version such as 2.4.1 for its series.

    A single letter or digit, or character of what was quoted, stands nearly everywhere: it is left out where there is
    more.
    """
    loose: list[Clause] = []
    least = _LEAST_ALONE if len(clauses) == 1 else 0
    for clause in clauses:
        phrases = clause.alternatives
        joined = (word for word in _joined_words(clause) if len(word) >= least and not is_stop_word(word))
        loose += [Clause(((word,),)) for word in joined]
        if clause.quoted:
            (terms,) = phrases
            loose += [Clause(((term,),)) for term in terms if not _CHINESE.match(term)]
            pairs = (one + other for one, other in pairwise(terms) if _CHINESE.match(one))
            loose += [Clause(((pair,),)) for pair in pairs if _CHINESE.match(pair[1:])]
        else:
            phrases = (*phrases, *((f"{p[0]}{MARK}{p[1]}",) for p in phrases if _is_version(p)))
            loose.append(replace(clause, alternatives=phrases))
    telling = [(clause, tuple(p for p in clause.alternatives if not _is_single(p))) for clause in loose]
    kept = [replace(clause, alternatives=phrases) for clause, phrases in telling if phrases]
    return tuple(dict.fromkeys(kept or loose or clauses))


def _joined_words(clause: Clause) -> Phrase:
    """The words that were typed as one, and are no code: letters alone, and several each."""
    _whole, words, *_others = (*clause.alternatives, (), ())
    are_words = len(words) > 1 and all(word.isalpha() and len(word) > 1 for word in words)
    return words if clause.is_code and are_words else ()


def _is_single(phrase: Phrase) -> bool:
    return len(phrase) == len(phrase[0]) == 1 and phrase[0].isascii()


def _is_version(phrase: Phrase) -> bool:
    """Whether it is 2.4.1, as a software release is told: no address of a network, nor a date or a part."""
    return len(phrase) == _VERSION and all(part.isdigit() and len(part) <= _VERSION for part in phrase)


def words_of(reading: Reading) -> Reading:
    """The same without what comes along for its code: to bear one of several things asked for is not to have all."""
    return replace(reading, codes=()) if len(reading.all) > 1 else reading


def rarest(clauses: Sequence[Clause], frequencies: Mapping[str, int], most: int = MOST) -> tuple[Clause, ...]:
    """The clauses that the fewest documents answer: those that `most` do together, but at least one."""

    def answering(clause: Clause) -> int:
        return sum(min(frequencies.get(term, 0) for term in phrase) for phrase in clause.alternatives)

    kept: list[Clause] = []
    together = 0
    for clause in sorted(clauses, key=answering):
        together += answering(clause)
        if together > most and kept:
            break
        kept.append(clause)
    return tuple(kept)


def terms_of(clauses: Iterable[Clause]) -> set[str]:
    """Every term that answers one of them."""
    return {term for clause in clauses for phrase in clause.alternatives for term in phrase}


def heading(parsed: ParsedQuery) -> Reading:
    """All of it, in titles and codes only."""
    return Reading(parsed.clauses, codes=parsed.codes, headings=True)
