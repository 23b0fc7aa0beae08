"""What a person typed to what an engine is asked. Any input parses; only quotes in it are operators."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from search.analysis import (
    MARK,
    MAX_TERM,
    Lexeme,
    SpacedCode,
    Word,
    analyse,
    bigrams,
    code_term,
    lexemes,
    normalise,
    take_apart,
)

MAX_CLAUSES = 40
"""Clauses of one query. A whole ticket may be pasted: its codes are kept first, then words as they come."""
MAX_PHRASE = 24
"""Terms of one quoted phrase."""
MAX_SPACED = 24
"""Codes written with spaces that are looked for in one query."""

Phrase = tuple[str, ...]
"""Terms that must stand next to each other; mostly just one."""

_QUOTED = re.compile('["“”„＂]([^"“”„＂]*)["“”„＂]')
# Asking for all words should not fail on these; inside quotes they count.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do does for from has have how i in is it my not of on or our that the then"
        " there this to was what when where which why will with you your",
    )
)
# The same of Chinese: characters that carry grammar, and those that questions are asked with.
_FUNCTION_CHARACTERS = frozenset(
    "的了是在和与及或吗呢么什如何怎样为哪些有没否能会可以要应该请问我你它这那个不将被把从到对于用使时后前中"
)


def is_stop_word(word: str) -> bool:
    """Whether a word stands in any question, so that to ask for it narrows nothing."""
    return word.casefold() in _STOP_WORDS


def is_function_pair(bigram: str) -> int:
    """How many of the characters carry grammar only."""
    return sum(character in _FUNCTION_CHARACTERS for character in bigram)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing asked for: any of its alternatives. A `prefix` clause's last term is still being typed."""

    alternatives: tuple[Phrase, ...]
    quoted: bool = False
    is_code: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """Clauses to hold together, and the terms of whole codes whose documents come first."""

    clauses: tuple[Clause, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def loosened(self) -> tuple[Clause, ...]:
        """The clauses with every quoted phrase taken for its words."""
        loose: list[Clause] = []
        for clause in self.clauses:
            loose += [Clause(((term,),)) for term in clause.alternatives[0]] if clause.quoted else [clause]
        return tuple(dict.fromkeys(loose))


def parse(text: str, *, prefix: bool = False) -> ParsedQuery:
    """The query in a text of any length and kind; no clauses where it has no letter or digit.

    With `prefix` the last word is taken as unfinished, unless a blank or a quote follows it.
    """
    normalised = normalise(text)
    quoted = [match[1] for match in _QUOTED.finditer(normalised)]
    bare = _QUOTED.sub(" \n ", normalised)
    clauses, codes = _bare_clauses(bare, all_words=prefix)
    phrases = [
        Clause((tuple(stream[:MAX_PHRASE]),), quoted=True)
        for stream in (analyse(part).stream for part in quoted)
        if stream
    ]
    if prefix and clauses and bare[-1:].isalnum():
        clauses[-1] = _unfinished(clauses[-1], bare)
    kept = _capped([*phrases, *clauses])
    return ParsedQuery(kept, tuple(dict.fromkeys(filter(None, codes)))[:MAX_CLAUSES])


def _capped(clauses: list[Clause]) -> tuple[Clause, ...]:
    unique = list(dict.fromkeys(clauses))
    if len(unique) <= MAX_CLAUSES:
        return tuple(unique)
    return tuple(sorted(unique, key=lambda clause: not (clause.is_code or clause.quoted))[:MAX_CLAUSES])


def _bare_clauses(text: str, *, all_words: bool) -> tuple[list[Clause], list[str]]:
    everything = list(lexemes(text))
    # Where there is nothing but stop words, they are what is asked for.
    words = [lexeme for lexeme in everything if all_words or not is_stop_word(lexeme.text)] or everything
    clauses: list[Clause] = []
    empty: list[Clause] = []
    codes = [code_term(text)]  # a code may mix scripts, or be the number that is all of the query
    spaced_codes = _spaced_codes(everything)
    tight = _spaced_codes(everything, typed=False)
    for lexeme in words:
        if lexeme.is_cjk:
            for term in bigrams(lexeme.text) or [lexeme.text]:
                says_nothing = not all_words and is_function_pair(term) == len(term)
                (empty if says_nothing else clauses).append(Clause(((term,),)))
            codes.append(MARK + lexeme.text[:MAX_TERM])
            continue
        word = take_apart(lexeme.text)
        spaced = spaced_codes.get(lexeme.start, [])
        clauses.append(_word_clause(word, spaced, lexeme.start in tight))
        codes.append(MARK + word.whole)
        if "/" in lexeme.text:  # E-1042/E-1043 names two
            codes += [code_term(part) for part in lexeme.text.split("/")]
    # Those that chance may have put side by side come last: only so many are asked for.
    codes += [MARK + code for found in (tight, spaced_codes) for several in found.values() for code in several]
    return clauses or empty, codes


def _word_clause(word: Word, spaced: Sequence[str], is_tight: bool) -> Clause:
    alternatives: list[Phrase] = [(word.joined,)] if word.joined else []
    alternatives.append(word.parts[:MAX_PHRASE])
    # Each word of a code written with spaces is answered by the whole code as well.
    alternatives += [(code,) for code in spaced]
    return Clause(tuple(dict.fromkeys(alternatives)), is_code=len(word.parts) > 1 or is_tight)


def _spaced_codes(words: list[Lexeme], *, typed: bool = True) -> dict[int, list[str]]:
    """Start of each word that may belong to a code written with spaces -> those codes, joined."""
    found: dict[int, list[str]] = {}
    starts: list[int] = []
    spaced = SpacedCode(typed=typed)
    left = MAX_SPACED
    for lexeme in words:
        if lexeme.is_cjk:
            continue
        starts.append(lexeme.start)
        for code, size in spaced.feed(take_apart(lexeme.text), lexeme.start, lexeme.end):
            if left := max(0, left - 1):
                for start in starts[-size:]:
                    found.setdefault(start, []).append(code)
    return found


def _unfinished(clause: Clause, text: str) -> Clause:
    """The clause for a word whose end is not typed yet: its stem may differ from what is there."""
    *_, last = lexemes(text)
    alternatives = [*clause.alternatives]
    if not last.is_cjk:
        alternatives.append((take_apart(last.text).whole,))
    return Clause(tuple(dict.fromkeys(alternatives)), prefix=True)


def phrases(query: ParsedQuery) -> Iterator[Phrase]:
    """Every phrase that answers some part of the query, for highlighting."""
    for clause in query.clauses:
        yield from clause.alternatives
