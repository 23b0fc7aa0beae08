"""Words that mean the same, as questions are read with them; `search.term_groups` keeps the site's list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from search.analysis import analyse

Phrase = tuple[str, ...]

MAX_OTHERS = 12
"""Other terms that one term leads to, however many groups it stands in."""
MAX_RECOGNISED = 8
"""Terms that are recognised in one question."""
_MAX_READ = 400  # terms of a question in which they are looked for


class Recognised(NamedTuple):
    """A term in a question: from and to which of its terms it reaches, and what means the same."""

    start: int
    end: int
    others: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class TermList:
    """Term, taken apart -> what means the same, as phrases to look for."""

    others: Mapping[Phrase, tuple[Phrase, ...]] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)  # first part -> parts of the longest such term
    words: frozenset[str] = frozenset()  # every part of every term

    def recognised(self, stream: Sequence[str], lone: Iterable[int] = ()) -> list[Recognised]:
        """The terms in a question's stream, the longest first at each place, none over another.

        A term of one Chinese character counts only at the places `lone`: 轴 in 轴承 is another word.
        """
        found: list[Recognised] = []
        alone = set(lone)
        at = 0
        while self.others and at < min(len(stream), _MAX_READ) and len(found) < MAX_RECOGNISED:
            for size in range(self.longest.get(stream[at], 0), 0, -1):
                others = self.others.get(tuple(stream[at : at + size]))
                if others and (size > 1 or stream[at].isascii() or at in alone):
                    found.append(Recognised(at, at + size, others))
                    at += size - 1
                    break
            at += 1
        return found


NO_TERMS = TermList()


def compiled(groups: Iterable[tuple[Iterable[str], Iterable[str]]]) -> TermList:
    """The list of groups of terms that mean the same, each with those that only lead to the others.

    One step only: what a term leads to leads nowhere from there. Terms without letter or digit are passed over.
    """
    others: dict[Phrase, dict[Phrase, None]] = {}
    for mutual, one_way in groups:
        same = dict.fromkeys(filter(None, map(phrase_of, mutual)))
        short = dict.fromkeys(filter(None, map(phrase_of, one_way)))
        for phrase in (*same, *short):
            known = others.setdefault(phrase, {})
            for other in same:
                if other != phrase and len(known) < MAX_OTHERS:
                    known[_to_look_for(other)] = None
    longest: dict[str, int] = {}
    for phrase in others:
        longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    words = frozenset(part for phrase in others for part in phrase)
    return TermList({phrase: tuple(found) for phrase, found in others.items() if found}, longest, words)


def phrase_of(term: str) -> Phrase:
    """The term taken apart as questions are; empty where there is no letter or digit in it."""
    return tuple(analyse(term).stream)


def _to_look_for(phrase: Phrase) -> Phrase:
    """Two Chinese characters are in every index as a pair, which is found faster than side by side."""
    pair = analyse("".join(phrase)).extra if len(phrase) == 2 else []
    return tuple(pair) if len(pair) == 1 and len(pair[0]) == 2 and not pair[0].isascii() else phrase
