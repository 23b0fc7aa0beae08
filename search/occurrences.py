"""Where in a text, as it is written, stands what was asked for."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import ClassVar, NamedTuple

from search.analysis import CJK, DECIMAL, MARK, MIN_JOINED_DIGITS, fold, take_apart
from search.characters import plain, signs, unseen, variants
from search.parsing import Phrase
from search.units import DASHES, DOTS, glued, in_chinese

Span = tuple[int, int]

_FEW = 3  # Chinese words that are looked for one by one
_CHINESE = re.compile(f"[{CJK}]+")
_MOST = 400  # looked at of one phrase in one text
_BETWEEN = f"[-_./, \u2010\u2013\u2212{DOTS}]?°?"  # what may stand between the characters of a code
_DECIMAL_TERM = re.compile(f"\\d+{MARK}\\d+")
_POINT = re.compile(r"[.,]")
_APART = 3  # characters that may stand between the terms of a phrase, none of them a letter or digit


class _PlainForms(dict[str, str]):
    """Character -> its plain form, worked out once each."""

    def __missing__(self, char: str) -> str:
        form = self[char] = plain(char).lower()
        if len(form) != 1:
            self.unequal.add(char)
        return form

    unequal: ClassVar[set[str]] = set()
    """Characters whose plain form is none, or several."""


_plain = _PlainForms()


class Found(NamedTuple):
    """A place in a text, and what of the asked stands there: bit n for the n-th thing."""

    start: int
    end: int
    things: int


class Finder:
    """Finds any of several things, each in any of its phrasings, in any number of texts."""

    def __init__(self, wanted: Iterable[Iterable[Phrase]]) -> None:
        self._wanted: dict[Phrase, int] = {}
        for number, phrases in enumerate(wanted):
            for phrase in phrases:
                self._wanted[phrase] = self._wanted.get(phrase, 0) | 1 << number
        is_direct = len(self._wanted) <= _FEW and all(
            len(phrase) == 1 and _CHINESE.fullmatch(phrase[0]) for phrase in self._wanted
        )
        self._direct = [(_Chinese(phrase[0]), bits) for phrase, bits in self._wanted.items() if is_direct]
        letters = [phrase for phrase in self._wanted if all(map(_is_letters, phrase))]
        self._plain = [(phrase, self._wanted[phrase], _beginning(phrase[0])) for phrase in letters]
        others = sorted(self._wanted.keys() - set(letters))
        self._patterns = [
            (phrase, self._wanted[phrase], re.compile(_pattern(phrase)), _may_hold_decimals(phrase))
            for phrase in others
        ]

    def spans(self, text: str) -> list[Span]:
        """In order and apart; what touches is one."""
        return [(one.start, one.end) for one in joined(self.places(text))]

    def places(self, text: str) -> list[Found]:
        """In order; they may touch and overlap."""
        if not self._wanted:
            return []
        # To look for a few Chinese words in a text as it is written takes a fifth of making it plain.
        if self._direct and not any(word.is_in_signs(text) for word, _bits in self._direct):
            return sorted(Found(*span, bits) for word, bits in self._direct for span in word.spans(text))
        # A character such as ℃ is two in its plain form: map plain offsets back to the original's.
        origin: list[int] | None = None
        if text.isascii():
            form = text.lower()
        else:
            forms = list(map(_plain.__getitem__, text))
            form = "".join(forms)
            if not _plain.unequal.isdisjoint(text):
                origin = [index for index, several in enumerate(forms) for _ in several] + [len(text)]
        found = sorted(self._found(form))
        if origin:
            return [Found(origin[start], origin[end - 1] + 1, things) for start, end, things in found]
        return found

    def _found(self, text: str) -> Iterator[Found]:
        for phrase, bits, beginning in self._plain:
            for start, end in _occurrences(phrase, beginning, text) if beginning in text else ():
                if self._is_term(text[start:end], phrase):
                    yield Found(start, end, bits)
        decimals: list[Span] | None = None
        for phrase, bits, pattern, may_hold in self._patterns:
            for count, match in enumerate(pattern.finditer(text)):
                if count == _MOST:
                    break
                start, end = match.span()
                asked = match.start("upper") if match.re.groups and match["upper"] else end
                if _POINT.search(text, max(0, start - 1), end + 1):
                    if decimals is None:
                        decimals = [decimal.span() for decimal in DECIMAL.finditer(text)]
                    if _cuts(text, (start, asked), decimals, may_hold=may_hold):
                        continue
                if self._is_term(match[0], phrase):
                    yield Found(start, end, bits)

    def _is_term(self, found: str, phrase: Phrase) -> bool:
        """Whether a word that begins like a term has its stem ("station" begins like "state")."""
        if not (found.isascii() and found.isalpha()):
            return True
        return fold(found) == phrase[-1] or take_apart(found).parts in self._wanted


def joined(places: Iterable[Found]) -> list[Found]:
    """What touches or overlaps made one, in order."""
    apart: list[Found] = []
    for one in places:
        if apart and one.start <= apart[-1].end:
            last = apart.pop()
            one = Found(last.start, max(one.end, last.end), last.things | one.things)
        apart.append(one)
    return apart


class _Chinese:
    """A Chinese word, found in any of its forms, and with what is unseen between its characters."""

    def __init__(self, term: str) -> None:
        self._first, *self._rest = (char + variants().get(char, "") for char in term)
        self._signs = "".join(signs().get(char, "") for char in term)

    def is_in_signs(self, text: str) -> bool:
        """Whether the text has signs that are made of its characters and others: these are no places of their own."""
        return any(map(text.__contains__, self._signs))

    def spans(self, text: str) -> list[Span]:
        """In order and apart, at most _MOST."""
        found: list[Span] = []
        for start in sorted(start for char in self._first if char in text for start in _starts(char, text)):
            if not (found and start < found[-1][1]) and (end := self._end(text, start + 1)):
                found.append((start, end))
                if len(found) == _MOST:
                    break
        return found

    def _end(self, text: str, at: int) -> int:
        """Where it ends whose second character may stand here; 0 if it does not."""
        for forms in self._rest:
            while (char := text[at : at + 1]) in unseen():
                at += 1
            if not char or char not in forms:
                return 0
            at += 1
        return at


def _starts(char: str, text: str) -> Iterator[int]:
    at = text.find(char)
    while at >= 0:
        yield at
        at = text.find(char, at + 1)


def _may_hold_decimals(phrase: Phrase) -> bool:
    """Whether it is found with a decimal in it: 1.8 Nm, or a long code that is as well written LM4.24-0117."""
    return any(
        MARK in term or (term[0].isalpha() and sum(map(str.isdigit, term)) >= MIN_JOINED_DIGITS)
        for term in phrase
    )


def _cuts(text: str, span: Span, decimals: list[Span], *, may_hold: bool) -> bool:
    """Whether a decimal reaches beyond this place, or is in it without being asked for: 8 Nm is not in 1.8 Nm."""
    start, end = span
    for first, last in decimals[bisect_right(decimals, start, key=_end_of) :]:
        if first >= end:
            return False
        # The points of a code such as LM.4.24 are separators.
        may_stand = may_hold or (first - 1 > start and text[first - 1] == ".")
        if not may_stand or first < start or last > end:
            return True
    return False


def _end_of(span: Span) -> int:
    return span[1]


def _is_letters(term: str) -> bool:
    return not term.isascii() or term.isalpha()


def _beginning(term: str) -> str:
    """Snowball ends "battery" and "batteries" alike in "batteri", and "calibrate" in "calibr"."""
    return term[:-1] if term.isascii() and term.endswith("i") and len(term) > 3 else term


def _occurrences(phrase: Phrase, first: str, text: str) -> Iterator[Span]:
    """Where the terms, of letters alone, stand beside each other; a regular expression would take ten times as long."""
    end = -1
    start = text.find(first)
    for _count in range(_MOST):
        if start < 0:
            return
        if (end := _end(phrase, text, start)) > 0:
            yield start, end
        start = text.find(first, max(end, start + 1))


def _end(phrase: Phrase, text: str, at: int) -> int:
    """Where the phrase ends that begins here; -1 if none does."""
    for number, term in enumerate(phrase):
        if number:
            apart = at
            while at - apart < _APART and at < len(text) and not text[at].isalnum():
                at += 1
        beginning = _beginning(term)
        if not text.startswith(beginning, at):
            return -1
        if term.isascii():
            if at and _is_latin(text[at - 1]):
                return -1
            at += len(beginning)
            while at < len(text) and _is_latin(text[at]):
                at += 1
        else:
            at += len(beginning)
    return at


def _is_latin(char: str) -> bool:
    return "a" <= char <= "z"


@lru_cache(maxsize=1_000)
def _pattern(phrase: Phrase) -> str:
    """A regular expression for a phrase as people write it: separators between, endings after a stem."""
    *firsts, last = phrase
    pieces = [_piece(term) for term in firsts] + [_piece(last, open_end=True)]
    return rf"[\W_]{{0,{_APART}}}".join(pieces)


def _piece(term: str, *, open_end: bool = False) -> str:
    if not term.isascii():
        return re.escape(term)
    if term.isdigit():
        return rf"(?<!\d){_digits(term)}(?!\d)"
    written_out = term.replace(2 * MARK, "-").replace(MARK, ",")
    # 12nm, 1_8nm, 20__25mm; of the units of one letter, a term does not say whether it was a capital.
    if quantity := glued(written_out) or glued(written_out[:-1] + written_out[-1].upper()):
        number, unit = quantity[0], quantity[1].lower()
        figures = f"{_BETWEEN}{_BETWEEN}".join(map(_digits, number.split("-")))
        # The unit may stand behind the upper end of a range.
        upper = f"(?P<upper> ?[{DASHES}] ?[-\u2212]?\\d+(?:[.,]\\d+)*)?" if open_end else ""
        written = _BETWEEN.join(unit) + ("(?![a-z0-9])" if open_end else "")
        written = f"(?:{'|'.join([written, *in_chinese(unit)])})"
        return rf"(?<![a-z0-9]){figures}{upper}{_BETWEEN}{written}"
    if _DECIMAL_TERM.fullmatch(term):
        return rf"(?<!\d){_digits(term.replace(MARK, ','))}(?!\d)"
    if not term.isalpha():  # a joined code: any separator may stand between its letters and digits
        return (
            r"(?<![a-z0-9])"
            + _BETWEEN.join(term).replace(_BETWEEN + MARK + _BETWEEN, "[.,]")
            + ("(?![a-z0-9])" if open_end else "")
        )
    # No word becomes a single letter: "to 20" is no T20.
    return rf"(?<![a-z]){_beginning(term)}" + ("[a-z]*" if len(term) > 1 else "(?![a-z])")


def _digits(number: str) -> str:
    """A number, also in groups: 1,000 and 4022.636.12345; a decimal has one comma."""
    if "," in number:
        before, after = number.split(",", 1)
        return ("0?" if before == "0" else before) + "[.,]" + after
    if len(number) == 4:
        return f"{number[0]}[, ]?{number[1:]}"
    return (_BETWEEN if len(number) > 4 else "").join(number)
