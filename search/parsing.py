"""What a person typed to what an engine is asked. Any input parses; only quotes in it are operators."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from search.analysis import (
    MARK,
    MAX_TERM,
    Lexeme,
    SpacedCode,
    Word,
    analyse,
    bigrams,
    code_mark,
    code_term,
    fold,
    is_figures,
    lexemes,
    normalise,
    number_mark,
    take_apart,
    unpadded,
    unpadded_term,
)
from search.as_meant import FAULT_WORDS, LEAST_DIGITS, as_meant
from search.synonyms import NO_TERMS, Phrase, Recognised, TermList
from search.units import chinese_unit, in_chinese, in_english, leading_unit
from search.written_out import written_out

MAX_CLAUSES = 40
"""Clauses of one query. A whole ticket may be pasted: its codes are kept first, then words as they come."""
MAX_PHRASE = 24
"""Terms of one quoted phrase."""
MAX_SPACED = 24
"""Codes written with spaces that are looked for in one query."""
_LONGEST_VERBATIM = 200  # characters of a question that is looked for word for word

_QUOTED = re.compile('["“”„＂]([^"“”„＂]*)["“”„＂]')
# Asking for all words should not fail on these; inside quotes they count.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do does for from has have how i in is it my not of on or our that the then"
        " there this to was what when where which why will with you your",
    )
)
_FAULT_CHARACTERS = frozenset("报警错障码")
_BESIDE = 2  # words before
_FEW_WORDS = 4  # of a question in which two may be one
_SHORTEST = 2  # letters of such a word
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


def is_empty_word(term: str) -> bool:
    """Whether a word or single Chinese character says nothing of what is sought."""
    return term in _FUNCTION_CHARACTERS or is_stop_word(term)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing asked for: any of its alternatives. A `prefix` clause's last term is still being typed."""

    alternatives: tuple[Phrase, ...]
    quoted: bool = False
    is_code: bool = False
    prefix: bool = False

    @property
    def is_number_like(self) -> bool:
        """Whether it is a number or code with some digits: a part, a serial number, an alarm."""
        digits = sum(map(str.isdigit, "".join(self.alternatives[0])))
        return digits >= LEAST_DIGITS and (self.is_code or "".join(self.alternatives[0]).isdigit())


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """Clauses to hold together, and the terms of whole codes whose documents come first.

    `synonyms` has what may stand for a term of the question; it is among the alternatives of the clauses as well.
    `verbatim` is the question word for word, but for empty words around it; empty where it is long.
    """

    clauses: tuple[Clause, ...] = ()
    codes: tuple[str, ...] = ()
    synonyms: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    verbatim: Phrase = ()


def parse(text: str, *, prefix: bool = False, terms: TermList = NO_TERMS) -> ParsedQuery:
    """The query in a text of any length and kind; no clauses where it has no letter or digit.

    With `prefix` the last word is taken as unfinished, unless a blank or a quote follows it. What `terms` knows
    of the words is asked for as well, but for those in quotes: quotes ask for these very words.
    """
    normalised = as_meant(normalise(text))
    quoted = [match[1] for match in _QUOTED.finditer(normalised)]
    bare = _QUOTED.sub(" \n ", normalised)
    synonyms = _Synonyms(bare, terms)
    clauses, codes = _bare_clauses(bare, synonyms, all_words=prefix)
    phrases = [
        Clause((tuple(stream[:MAX_PHRASE]),), quoted=True)
        for stream in (analyse(part).stream for part in quoted)
        if stream
    ]
    if prefix and clauses and bare[-1:].isalnum():
        clauses[-1] = _unfinished(clauses[-1], bare)
    kept = _capped([*phrases, *clauses])
    # A code is itself in quotes as well; of several words these very words are meant.
    codes += [code_term(part) for part in quoted if _CODE_IN_QUOTES.fullmatch(part.strip())]
    unique = tuple(dict.fromkeys(filter(None, codes)))[:MAX_CLAUSES]
    stream = analyse(normalised).stream if len(normalised) <= _LONGEST_VERBATIM else []
    return ParsedQuery(kept, unique, synonyms.by_term, telling(stream))


_CODE_IN_QUOTES = re.compile(r"(?=[^\d]*\d)[\w\-./]+(?: \d[\w\-./]*)?")
# ALARM_E-1042, E-1042-1: a code that something stands before or behind.
_INNER_CODE = re.compile(
    rf"(?<![^\W_])[A-Za-z]{{1,5}}(?:[-_./]?\d{{{LEAST_DIGITS},}}|\d{{0,2}}(?:[-.]\d{{2,}}){{2,3}})(?![^\W_])"
)
# 2.4 %, 2.4 seconds, 2.4:1 measure something, and name no release.
_MEASURED = re.compile(
    r" ?(?:[%‰°倍]|:\d|毫?秒|分钟|小时|伏|瓦|欧|"
    r"(?:seconds?|minutes?|hours?|days?|times|percent|volts?|amps?|degrees)\b)",
    re.IGNORECASE,
)


def _capped(clauses: list[Clause]) -> tuple[Clause, ...]:
    unique = list(dict.fromkeys(clauses))
    if len(unique) <= MAX_CLAUSES:
        return tuple(unique)
    return tuple(sorted(unique, key=lambda clause: not (clause.is_code or clause.quoted))[:MAX_CLAUSES])


class _Synonyms:
    """What means the same as the words and characters of a text, by their place in it."""

    def __init__(self, text: str, terms: TermList) -> None:
        self.by_term: dict[str, tuple[Phrase, ...]] = {}
        self._places: dict[int, tuple[Phrase, ...]] = {}  # start of a word, or place of a character
        if not terms.others:
            return
        stream: list[tuple[str, int, Lexeme]] = []
        for lexeme in lexemes(text):
            if lexeme.is_cjk:
                stream += [(character, lexeme.start + at, lexeme) for at, character in enumerate(lexeme.text)]
            else:
                stream += [(part, lexeme.start, lexeme) for part in take_apart(lexeme.text).parts]
        lone = [at for at, (_term, _place, lexeme) in enumerate(stream) if len(lexeme.text) == 1]
        for found in terms.recognised([term for term, _place, _lexeme in stream], lone):
            self._note(found, stream[found.start : found.end])

    def _note(self, found: Recognised, stream: Sequence[tuple[str, int, Lexeme]]) -> None:
        for at, (term, place, lexeme) in enumerate(stream):
            self._places[place] = found.others
            after = stream[at + 1][0] if at + 1 < len(stream) else ""
            if not lexeme.is_cjk or len(lexeme.text) == 1:
                self.by_term[term] = found.others
            elif after and stream[at + 1][2] is lexeme:
                self.by_term[term + after] = found.others

    def at(self, start: int, size: int = 1) -> tuple[Phrase, ...]:
        """What means the same as a term that reaches into these places."""
        return next(filter(None, (self._places.get(start + at) for at in range(size))), ())


def _bare_clauses(text: str, synonyms: _Synonyms, *, all_words: bool) -> tuple[list[Clause], list[str]]:
    everything = list(lexemes(text))
    # Where there is nothing but stop words, they are what is asked for.
    words = [lexeme for lexeme in everything if all_words or not is_stop_word(lexeme.text)] or everything
    clauses: list[Clause] = []
    empty: list[Clause] = []
    codes = [code_term(text)]  # a code may mix scripts, or be the number that is all of the query
    spaced_codes = _spaced_codes(everything)
    tight = _spaced_codes(everything, typed=False)
    quantities = {} if all_words else _quantities(everything)
    together = {} if all_words else in_one(everything, text) | written_out(everything)
    for lexeme in words:
        if lexeme.is_cjk:
            unit = "".join(quantities.get(lexeme.start, ()))  # its own characters ask for nothing more
            rest = lexeme.text[len(unit) :]
            pairs = bigrams(rest) or ([rest] if rest else [])
            by_sign = [] if unit or all_words else _leading_quantity(everything, lexeme)
            if by_sign:
                synonyms.by_term[pairs[0]] = (*synonyms.by_term.get(pairs[0], ()), by_sign[0])
            for at, term in enumerate(pairs, lexeme.start + len(unit)):
                says_nothing = not all_words and is_function_pair(term) == len(term)
                alternatives = (
                    (term,),
                    *(by_sign if at == lexeme.start else ()),
                    *synonyms.at(at, len(term)),
                )
                (empty if says_nothing else clauses).append(Clause(alternatives))
            codes.append(MARK + lexeme.text[:MAX_TERM])
            continue
        word = take_apart(lexeme.text)
        spaced = spaced_codes.get(lexeme.start, [])
        if lexeme.start in quantities:
            if found := quantities[lexeme.start]:
                whole, *_parts = found
                clauses.append(_quantity_clause(found, spaced, synonyms.at(lexeme.start)))
                codes.append(MARK + whole)
            continue
        inner = [found[0] for found in _INNER_CODE.finditer(lexeme.text)]
        same = synonyms.at(lexeme.start)
        if both := together.get(lexeme.start, ()):
            same = (*same, *both)
            synonyms.by_term[word.parts[0]] = same
        clauses.append(_word_clause(word, spaced, inner, lexeme.start in tight, same))
        if not (is_figures(word.whole) and _MEASURED.match(text, lexeme.end)):
            codes.append(code_mark(word.whole))
        if bare := unpadded(word.whole):
            codes.append(MARK + bare)
        codes += [form(code) for code in inner for form in (code_term, unpadded_term)]
        if "/" in lexeme.text:  # E-1042/E-1043 names two
            codes += [code_term(part) for part in lexeme.text.split("/")]
    # Those that chance may have put side by side come last: only so many are asked for.
    codes += [
        MARK + code for found in (tight, spaced_codes) for several in found.values() for code in several
    ]
    measured = {
        word.start for word in everything if word.start in quantities or _MEASURED.match(text, word.end)
    }
    codes += [number_mark(number) for number in _numbers_of_codes(everything, measured)]
    return clauses or empty, codes


def in_one(words: Sequence[Lexeme], text: str) -> dict[int, tuple[Phrase, ...]]:
    """Start of each of two words side by side -> both in one (overcurrent for over current), in a question of few."""
    found: dict[int, tuple[Phrase, ...]] = {}
    if len(words) > _FEW_WORDS:
        return found
    for one, other in pairwise(words):
        is_pair = text[one.end : other.start] == " " and not (
            is_stop_word(one.text) or is_stop_word(other.text)
        )
        both = one.text + other.text
        if is_pair and both.isascii() and both.isalpha() and min(len(one.text), len(other.text)) >= _SHORTEST:
            for start in (one.start, other.start):
                found[start] = (*found.get(start, ()), (fold(both),))
    return found


def _numbers_of_codes(words: Sequence[Lexeme], measured: Collection[int]) -> Iterator[str]:
    """Numbers of three digits and more beside a word such as "error", and those that are told with one: codes that
    somebody names by their number. What begins where something is `measured` is none.
    """
    last = -_BESIDE - 1
    for at, lexeme in enumerate(words):
        numbers = lexeme.text.split("/")
        if lexeme.start in measured or not all(n.isdigit() and len(n) >= LEAST_DIGITS for n in numbers):
            continue
        beside = [*words[max(0, at - _BESIDE) : at], *words[at + 1 : at + 2]]
        if at - last <= _BESIDE or any(
            not _FAULT_CHARACTERS.isdisjoint(word.text)
            if word.is_cjk
            else word.text.casefold() in FAULT_WORDS
            for word in beside
        ):
            last = at
            yield from numbers


def _quantities(words: Sequence[Lexeme]) -> dict[int, Phrase]:
    """Start of each number with a unit -> the whole and its parts, however the blank stands; start of a unit apart ->
    none, or its name in Chinese.
    """
    found: dict[int, Phrase] = {}
    for at, lexeme in enumerate(words):
        if lexeme.is_cjk:
            name, unit = chinese_unit(lexeme.text) if at and not words[at - 1].is_cjk else ("", "")
            if name and _measures(words, at):
                number = take_apart(words[at - 1].text)
                found[words[at - 1].start] = ((number.whole + unit)[:MAX_TERM], *number.parts, unit)
                found[lexeme.start] = (name,)
            continue
        word = take_apart(lexeme.text)
        if word.quantity:
            found[lexeme.start] = (word.whole, *word.parts)
        elif word.unit and at and _measures(words, at):
            number = take_apart(words[at - 1].text)
            whole = (number.whole + "".join(word.parts))[:MAX_TERM]
            found[words[at - 1].start] = (whole, *number.parts, *word.parts)
            found[lexeme.start] = ()
    return found


def _leading_quantity(words: Sequence[Lexeme], run: Lexeme) -> list[Phrase]:
    """What else may stand for the first two characters of 伏电源 in 24伏电源: 24 V, or nothing where it is no unit."""
    at = words.index(run)
    if not (at and (unit := leading_unit(run.text)) and not words[at - 1].is_cjk and _measures(words, at)):
        return []
    number = take_apart(words[at - 1].text)
    return [((number.whole + unit)[:MAX_TERM],), (*number.parts, unit)]


def _measures(words: Sequence[Lexeme], at: int) -> bool:
    """Whether this unit belongs to the number before it: E 1042 A may be a code, and 1,000 V has two numbers."""
    number, unit = words[at - 1], words[at]
    if not is_figures(take_apart(number.text).whole) or unit.start - number.end > 1:
        return False
    before = words[at - 2] if at > 1 and number.start - words[at - 2].end == 1 else None
    if before is None or before.is_cjk:
        return True
    is_letters = before.text.isalpha() and before.text.isupper()
    return not before.text.isdigit() and not (is_letters and len(unit.text) == 1)


def _quantity_clause(quantity: Phrase, spaced: Sequence[str], same: Sequence[Phrase]) -> Clause:
    whole, *several = quantity
    parts = tuple(several)
    names = [*in_chinese(parts[-1]), *((fold(name),) for name in in_english(parts[-1]))]
    same = [*((*parts[:-1], *name) for name in names), *same]
    return Clause(tuple(dict.fromkeys([(whole,), parts, *((code,) for code in spaced), *same])), is_code=True)


def _word_clause(
    word: Word, spaced: Sequence[str], inner: Sequence[str], is_tight: bool, same: Sequence[Phrase]
) -> Clause:
    alternatives: list[Phrase] = [(word.joined,)] if word.joined else []
    alternatives.append(word.parts[:MAX_PHRASE])
    if _is_version(word):  # v3.1 finds 3.1
        alternatives.append(word.parts[1:MAX_PHRASE])
    if word.joined and any(MARK in part for part in word.parts):  # v3.0 finds v3.0.1
        alternatives.append(tuple(term for part in word.parts for term in part.split(MARK))[:MAX_PHRASE])
    if found := unpadded(word.joined):
        alternatives.append((found,))
    # RP-0112-A, PN-RP-0112: what is known without the rest.
    alternatives += [(take_apart(code).joined,) for code in inner if take_apart(code).joined]
    # Each word of a code written with spaces is answered by the whole code as well.
    alternatives += [*((code,) for code in spaced), *same]
    return Clause(tuple(dict.fromkeys(alternatives)), is_code=len(word.parts) > 1 or is_tight)


def _is_version(word: Word) -> bool:
    """Whether it is v3.1 or V3.0.1: with v alone, it would be any number."""
    first, *numbers = word.parts
    return first == "v" and (len(numbers) > 1 or MARK in "".join(numbers)) and all(map(is_figures, numbers))


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
    return Clause(tuple(dict.fromkeys(alternatives)), is_code=clause.is_code, prefix=True)


def asked(query: ParsedQuery) -> list[tuple[Phrase, ...]]:
    """Each thing that the query asks for, in all its phrasings, for highlighting."""
    return [clause.alternatives for clause in query.clauses]


def telling(stream: Sequence[str]) -> Phrase:
    """The terms without the empty words before and behind."""
    empty = [is_empty_word(term) for term in stream]
    if all(empty):
        return tuple(stream)
    return tuple(stream[empty.index(False) : len(empty) - empty[::-1].index(False)])
