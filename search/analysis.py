"""Text to terms, the same for every engine: what is indexed and what is asked meet here.

A text becomes two lists of terms:

- the *stream*, in reading order, where phrases are looked for: stemmed English words, single CJK
  characters, and the parts of codes ("E-1042" is "e", "1042"; "CephOSDSlowOps" is "ceph", "osd", ...);
- the *extra* terms that make whole things cheap to find: CJK bigrams, and codes joined ("e1042"), so that
  E-1042, E1042, E_1042 and E 1042 are one code.

Before that `search.characters` makes what people take for one character one: widths, signs, traditional Chinese.

Every term is made of lower-case letters and digits, never of punctuation: a term can be put into an
engine's query language without any of its operators getting through. The one exception is the mark "_",
which only this module writes (see MARK): 1.8 is the one term "1_8", which no other number equals.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import NamedTuple

import snowballstemmer

from search.characters import latin, plain
from search.units import DASHES, DOTS, chinese_unit, glued, unit_of

TERMS_VERSION = 6
"""Grows with every change of the terms: an index of others is made anew before it is asked (search.switching)."""
MAX_TEXT = 60_000
"""Characters of one text that are analysed: what comes after them is not found, so that one text fills no index."""
MAX_TERM = 64
"""Characters of a term; anything longer (a hash, a pasted blob) is cut on both sides alike."""
MARK = "_"
"""Begins a term that stands for a whole code, and alone it keeps phrases from crossing two texts. Between digits it
is the point of a decimal."""

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""The characters of Chinese and its neighbours, as a regular expression's set."""
_ALNUM = f"[^\\W_{CJK}]+"
_SEPARATOR = f"[-_./\u2010\u2013\u2212{DOTS}]"  # NFKC has already made the other hyphens one of these
# What stands before is looked at last: a literal to begin with is told at once.
_DECIMAL_COMMA = r"0(?<![\d.,]0),\d+(?![\d,])"  # 0,5: nothing but a decimal begins with "0,"
_POINT_FIRST = f"\\.(?<![^\\W{CJK}]\\.)(?<!\\.\\.)\\d+(?!\\.?\\d)"  # .5 is 0.5
_LETTER = f"[^\\W\\d_{CJK}]"
# Two numbers and a point: 3.0.1 and 4.2.B are no decimals, and E-1042.5 a code with a number of its own behind it.
DECIMAL = re.compile(
    f"{_DECIMAL_COMMA}|{_POINT_FIRST}|(?<!\\d)(?<!\\d\\.)"
    f"(?:\\d{{1,3}}|(?<!{_LETTER})(?<!{_LETTER}{_SEPARATOR})\\d{{4,}})\\.\\d+(?!\\.?\\d|\\.{_LETTER})"
)
_LEXEME = re.compile(
    f"(?P<cjk>[{CJK}]+)|(?P<word>(?:{_DECIMAL_COMMA}(?:{_ALNUM})?|{_ALNUM}|{_POINT_FIRST}(?:{_ALNUM})?)"
    f"(?:{_SEPARATOR}{_ALNUM})*"
    f"|° ?[CFcf](?![^\\W_{CJK}]))(?:['’]s\\b)?"
)
_SEPARATORS = re.compile(_SEPARATOR)
_SPLIT_UNIT = re.compile(r"[/\d]")  # l/min, m3: found by their parts as well
_ASCII_PARTS = re.compile("[0-9]+(?:,[0-9]+)?|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_OTHER_PARTS = re.compile(r"\d+(?:,\d+)?|[^\W\d_]+")
_VERSION = re.compile(r"(?<![\d.])\d+\.\d+(?=\.\d)")  # 3.0.1 is found by 3.0 as well
_DOTTED = re.compile(r"[^\W\d_]\.\d+,\d")  # the points of such a code (LM.4.24) are separators
_DIGIT = re.compile(r"\d")
_PADDED = re.compile(r"([^\W\d_]{1,5})0+([1-9]\d+)")
_CODE_NUMBER = re.compile(r"[^\W\d_]{1,5}[-_./ ]?(?P<number>\d{3,})")
# Between the ends of a range; NFKC has made ～ a "~". The unit is behind the second end, if there is one.
_RANGE_DASH = re.compile(f"[{DASHES}](?= ?[-\u2212]?(\\d+(?:[.,]\\d+)*)[ °]{{0,2}}[^\\W\\d_])")
_LOWER_END = re.compile(r"(?<![\w.,])(?<![\w.,][-\u2010\u2013\u2212])(\d+(?:[.,]\d+)*) ?$")
_LONGEST_END = 16  # characters of a range's lower end, and what stands before it
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")

_MAX_JOINED_PARTS = 8  # a path such as /etc/ceph/ceph.conf is words, but no code has more parts
MIN_JOINED_DIGITS = 5  # "4022.455.12345" is a part number, "2.1" is not
_MAX_SPACED = 4  # words a code written with spaces has: LM4 24 0117
_MAX_SPACED_LETTERS = 5  # letters of such a word: SOP 1001
_MAX_OPENING = 8  # letters with separators that such a code begins with: SOP-UPS 1001

# Snowball keeps the word in the stemmer object, so two threads must not use it at once.
_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = threading.Lock()


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """The term of one word or code part: case-folded, English stemmed, at most MAX_TERM characters.

    Words of up to three letters stay as they are: Snowball makes "up" of UPS.
    """
    term = word.casefold()[:MAX_TERM]
    if len(term) > 3 and term.isascii() and term.isalpha():
        with _stemmer_lock:
            return _stemmer.stemWord(term)
    return term


def normalise(text: str) -> str:
    """At most MAX_TEXT characters, made plain: full-width forms, ligatures, ℃, traditional Chinese."""
    return plain(text[:MAX_TEXT])


class Lexeme(NamedTuple):
    """A run of CJK characters, or a word or code with its inner separators, as written."""

    text: str
    is_cjk: bool
    start: int
    end: int


def lexemes(normalised: str) -> Iterator[Lexeme]:
    """The runs of a normalised text in order; script borders split (报E-1042后 is three)."""
    for match in _LEXEME.finditer(normalised):
        cjk = match["cjk"]
        if cjk is not None:
            yield Lexeme(cjk, True, match.start(), match.end())
        else:
            yield Lexeme(match["word"], False, match.start(), match.end("word"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word or code taken apart.

    `parts` are its terms in order. `joined` is the term of the whole without separators, "" if it has one
    part only or is no code; `segments` are such terms of what stands between separators. `whole` is
    case-folded but not stemmed: what codes are compared by. A code written with spaces may begin with a
    word that `opens` one, and go on with words that `continue` it. A `unit` makes one with a number before it;
    a `quantity` is both.
    """

    parts: tuple[str, ...]
    joined: str
    segments: tuple[str, ...]
    whole: str
    opens: bool
    continues: bool
    unit: str = ""
    quantity: bool = False


@lru_cache(maxsize=50_000)
def take_apart(text: str) -> Word:
    """Split a word at separators, at borders of letters and digits, and at camel-case humps; units stay whole."""
    series = None
    if _DIGIT.search(text):
        text = latin(text)
        series = _VERSION.search(text)
        text = DECIMAL.sub(_with_comma, text)
    if (unit := unit_of(text)) and not _SPLIT_UNIT.search(text):
        short = text.isalpha()
        return Word((fold(unit),), "", (), unit, short, short and text.isupper(), unit)
    if quantity := glued(text):
        numbers = tuple(_pointed(number)[:MAX_TERM] for number in _SEPARATORS.split(quantity[0]))
        units = take_apart(quantity[1]).parts
        whole = ((2 * MARK).join(numbers) + "".join(map(str.casefold, units)))[:MAX_TERM]
        return Word((*numbers, *units), whole, (), whole, opens=True, continues=True, quantity=True)
    segments = [_parts(segment) for segment in _SEPARATORS.split(text)]
    parts = [_pointed(part) for segment in segments for part in segment]
    whole = "".join(parts)
    digits = sum(map(str.isdigit, whole))
    short = text.isalpha() and len(text) <= _MAX_SPACED_LETTERS
    opens = short or bool(digits) or (len(segments) > 1 and len(whole) <= _MAX_OPENING)
    continues = whole[0].isdigit() or (short and text.isupper())
    joined = ""
    several: tuple[str, ...] = ()
    if is_figures(whole):
        is_code = MARK not in whole and digits >= MIN_JOINED_DIGITS
        # 20-25, 3.0.1: none is the number that its digits make together.
        whole = whole if is_code else (2 * MARK).join(parts)
    else:
        is_code = True
        if digits >= MIN_JOINED_DIGITS or _DOTTED.search(text):
            whole = whole.replace(MARK, "")
    if len(parts) > 1:
        joined = fold(whole) if is_code and len(parts) <= _MAX_JOINED_PARTS else ""
    if len(segments) > 1:
        several = tuple(fold(_pointed("".join(segment))) for segment in segments if len(segment) > 1)
        if series:
            several = (*several, series[0].replace(".", MARK)[:MAX_TERM])
    # A short word may be the letters of a code written with spaces.
    compared = (latin(whole) if short else whole).casefold()[:MAX_TERM]
    return Word(tuple(map(fold, parts)), joined, several, compared, opens, continues, unit)


def _with_comma(decimal: re.Match[str]) -> str:
    """A decimal without the point, at which words are split."""
    written = decimal[0].replace(".", ",")
    return "0" + written if written[0] == "," else written


def _pointed(number: str) -> str:
    return number.replace(",", MARK)


def is_figures(whole: str) -> bool:
    """Whether a Word.whole is of numbers alone: one, a decimal, a range."""
    return whole.isdigit() or whole.replace(MARK, "").isdigit()


def _parts(segment: str) -> list[str]:
    if segment.isalpha() and (segment.islower() or segment.isupper() or segment[1:].islower()):
        return [segment]
    found = (_ASCII_PARTS if segment.isascii() else _OTHER_PARTS).findall(segment)
    return found or [segment]


class SpacedCode:
    """Notices codes written with spaces (E 1042, LM4 24 0117, 4022 636 12345, 24V DC) while words go by.

    In what is `typed`, capitals are not to be counted on.
    """

    def __init__(self, *, typed: bool = False) -> None:
        self._typed = typed
        self._members: list[str] = []
        self._end = -2

    def feed(self, word: Word, start: int, end: int) -> list[tuple[str, int]]:
        """(joined form, how many words) of every code, or number with its unit, that may end with this word.

        `start` and `end` are the word's place in the text, in characters.
        """
        gap = start - self._end
        self._end = end
        # 45°C has nothing between.
        measured = bool(word.unit and gap in (0, 1) and self._members and is_figures(self._members[-1]))
        goes_on = word.continues or (self._typed and word.opens)
        if not (measured or (gap == 1 and self._members and goes_on)):
            self._members = [word.whole] if word.opens else []
            return []
        self._members = [*self._members, word.whole][-_MAX_SPACED:]
        windows = (self._members[-size:] for size in range(2, len(self._members) + 1))
        if not goes_on:
            windows = (window for window in windows if _is_number(window[:-1]))
        codes = [(_spaced(members), len(members)) for members in windows if _is_code(members)]
        return codes + [(found, size) for code, size in codes if (found := unpadded(code))]


def _spaced(members: list[str]) -> str:
    whole = "".join(members)
    if MARK in whole and whole[0].isalpha() and sum(map(str.isdigit, whole)) >= MIN_JOINED_DIGITS:
        whole = whole.replace(MARK, "")  # E 1042.5, as with a hyphen
    return whole[:MAX_TERM]


def _is_code(members: list[str]) -> bool:
    """Whether words side by side may be one code, or one number in groups of three (1 000)."""
    whole = "".join(members)
    if is_figures(whole):
        if MARK in whole:
            return False
        grouped = len(members[0]) <= 3 and all(len(member) == 3 for member in members[1:])
        return grouped or len(whole) >= MIN_JOINED_DIGITS
    return bool(_DIGIT.search(whole))


def _is_number(members: list[str]) -> bool:
    """Whether words are one number, in groups of three where there are several."""
    return is_figures(members[0]) if len(members) == 1 else "".join(members).isdigit() and _is_code(members)


def unpadded(code: str) -> str:
    """A joined code without zeros before its number (e1042 for e01042); "" where there are none."""
    found = _PADDED.fullmatch(code)
    return found[1] + found[2] if found else ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text is indexed by; see the module's docstring."""

    stream: list[str]
    extra: list[str]


def analyse(text: str) -> Terms:
    """The terms of a text of any kind; empty lists where it has no letter or digit."""
    stream: list[str] = []
    extra: list[str] = []
    spaced = SpacedCode()
    normalised = normalise(text)
    for match in _LEXEME.finditer(normalised):
        run, written = match.groups()
        if run:
            stream.extend(run)
            extra.extend(map(add, run, run[1:]))
            continue
        word = take_apart(written)
        stream.extend(word.parts)
        if word.joined:
            extra.append(word.joined)
            if found := unpadded(word.joined):
                extra.append(found)
        if word.segments:
            extra.extend(word.segments)
        if codes := spaced.feed(word, match.start(), match.end("word")):
            extra.extend(code for code, _words in codes)
    extra.extend(_ends_of_ranges(normalised))
    return Terms(stream, extra)


def _ends_of_ranges(normalised: str) -> Iterator[str]:
    """Both ends of ranges with a unit as quantities, 44ohm and 50ohm for 44-50 Ω: each is asked for by itself."""
    for dash in _RANGE_DASH.finditer(normalised):
        # Looked for from the dash, of which a text has fewer than of numbers.
        lower = _LOWER_END.search(normalised, max(0, dash.start() - _LONGEST_END), dash.start())
        if lower is None or not (unit := unit_at(normalised, dash.end(1))):
            continue
        for end in (lower[1], dash[1]):
            grouped = end.replace(",", "") if _THOUSANDS.fullmatch(end) else end
            yield (take_apart(grouped).whole + unit)[:MAX_TERM]


def unit_at(normalised: str, place: int) -> str:
    """The term of the unit that stands here, or behind one blank; "" if none does."""
    place += normalised.startswith(" ", place)
    if (found := _LEXEME.match(normalised, place)) is None:
        return ""
    run, written = found.groups()
    return chinese_unit(run)[1] if run else "".join(take_apart(written).parts) if unit_of(written) else ""


def bigrams(run: str) -> list[str]:
    """Each pair of neighbouring characters: 轴承座 gives 轴承, 承座; one character gives none."""
    return list(map(add, run, run[1:]))


def raw_words(text: str) -> list[str]:
    """The words of a short text unstemmed, for completing what is being typed ("calibrati")."""
    return [
        lexeme.text.casefold()[:MAX_TERM]
        for lexeme in lexemes(normalise(text))
        if not lexeme.is_cjk and lexeme.text.isalpha()
    ]


def code_term(code: str) -> str:
    """The term by which a whole code is found exactly, whatever its separators; "" for no code at all."""
    whole = "".join(
        lexeme.text if lexeme.is_cjk else take_apart(lexeme.text).whole for lexeme in lexemes(normalise(code))
    )
    return code_mark(whole) if whole else ""


def code_mark(whole: str) -> str:
    """The term of the code that has this Word.whole; a long number keeps no points: 4022.636 begins 4022.636.12345."""
    if MARK in whole and sum(map(str.isdigit, whole)) >= MIN_JOINED_DIGITS and is_figures(whole):
        whole = whole.replace(MARK, "")
    return MARK + whole[:MAX_TERM]


def unpadded_term(code: str) -> str:
    """The same for the code without zeros before its number; "" where there are none."""
    whole = unpadded(code_term(code).removeprefix(MARK))
    return MARK + whole if whole else ""


def number_term(code: str) -> str:
    """The term by which a code is found by its number alone (1042 for E-1042); "" where it has no such number."""
    found = _CODE_NUMBER.fullmatch(latin(normalise(code).strip()))
    return number_mark(found["number"]) if found else ""


def number_mark(number: str) -> str:
    """The term of a code's number; zeros before it say nothing."""
    return 2 * MARK + (number.lstrip("0") or "0")[:MAX_TERM]
