"""In what order the found is shown, the same for every engine: BM25F over titles, codes and texts.

An engine's own score chooses the candidates; they are put in order here, by the terms that `search.analysis`
made of them; what has the question word for word stands before the rest.
BM25F: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

import heapq
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from search.analysis import MARK, SpacedCode, analyse, bigrams, lexemes, normalise, take_apart, unpadded
from search.as_meant import as_meant
from search.parsing import is_empty_word, is_function_pair, is_stop_word
from search.synonyms import Phrase

CANDIDATES = 100
"""How many of the engine's best are put in order here."""

_MOST_TERMS = 60
_MOST_PHRASES = 24  # that mean the same as one of them
_FEW = 12  # terms that are looked for one by one; for more, a text is taken apart
_SATURATION = 2.2  # k1: how soon one more occurrence of a term says nothing new
_TITLE, _CODES = 4.0, 6.0  # occurrences in the text that one in the title, or among the codes, is worth
_TITLE_LENGTH, _TEXT_LENGTH = 0.5, 0.8  # b: how far a long one is held against it, from 0 to 1
_VERBATIM = {
    2: 0.1,
    3: 1.0,
}  # words of a question side by side as asked -> of all it may score, what is added
_LONGEST_VERBATIM = 400  # characters of one that is looked at
_MOST_VERBATIM = 40  # words or characters of a question that is looked for as a whole
_SYNONYM = 0.8  # occurrences of a word that one of a word that means the same is worth
_WHOLE_CODE = (
    10.0  # BT-2032 is one thing: what has it stands before what only has its letters, or other words
)
_LEAST_DIGITS = 3  # that such a code has; utf8mb4 is a word
_FUNCTION_PAIR = 0.7  # a bigram with one character such as 的 or 在 says less than 轴承
_BESIDE = 0.25  # of its weight, what a term keeps that only names the machine
_NONE: Mapping[str, Sequence[Phrase]] = {}


class Candidate(NamedTuple):
    """A document's terms as the index holds them, with blanks between, and what the engine made of it.

    `exact` ones bear a code that was asked for; `score` is the engine's own, `weight` that of the source, `profile` a
    SearchProfile. Of a question of one term, an engine may tell its `occurrences`, as Totals.weigh has them, instead of
    all terms.
    """

    pk: int
    title: str
    codes: str
    text: str
    weight: float = 1.0
    score: float = 0.0
    exact: bool = False
    profile: int = 0
    occurrences: float | None = None


class Totals(NamedTuple):
    """How many documents an index has, and how many terms all titles and all texts have together."""

    documents: int
    titles: int
    texts: int

    def weigh(self, title: int, text: int) -> tuple[float, float, float]:
        """What an occurrence counts in the title, among the codes and in the text of a document whose title and text
        have so many terms: 1 in a text as long as they are.
        """
        count = max(1, self.documents)
        title_length, text_length = max(1, self.titles / count), max(1, self.texts / count)
        return (
            _TITLE / (1 - _TITLE_LENGTH + _TITLE_LENGTH * title / title_length),
            _CODES,
            1 / (1 - _TEXT_LENGTH + _TEXT_LENGTH * text / text_length),
        )


def saturated(occurrences: float) -> float:
    """What of its worth a term brings a document in which it stands so often."""
    return occurrences / (_SATURATION + occurrences)


class Statistics(Protocol):
    """What an index knows of its terms."""

    def totals(self) -> "Totals":
        """How much there is."""
        ...

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """In how many documents each term stands; a term that stands in none may be left out."""
        ...


class Known:
    """What an index answered once, for as long as one question is worked on."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self._totals: Totals | None = None
        self._frequencies: dict[str, int] = {}

    def assume(self, term: str, frequency: int) -> None:
        """What has been counted otherwise need not be asked."""
        self._frequencies.setdefault(term, frequency)

    def totals(self) -> "Totals":
        """See Statistics."""
        self._totals = self._totals or self._statistics.totals()
        return self._totals

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See Statistics; all that is known, perhaps of more terms."""
        if missing := [term for term in terms if term not in self._frequencies]:
            self._frequencies |= dict.fromkeys(missing, 0) | dict(self._statistics.frequencies(missing))
        return self._frequencies


def weights_of(text: str) -> Mapping[str, float]:
    """The terms of a question and what each counts: 1 for a word, more for a whole code, less for what says little."""
    return next(iter(_tiers_of(text)), {})


@lru_cache(maxsize=16)
def _tiers_of(text: str) -> Sequence[Mapping[str, float]]:
    """The same; then what counts only where there is nothing of them: a Chinese character that stands alone (上 between
    two English words), and words that every question has.
    """
    weights: dict[str, float] = {}
    lone: dict[str, float] = {}
    empty: dict[str, float] = {}
    spaced = SpacedCode(typed=True)
    for lexeme in lexemes(as_meant(normalise(text))):
        if lexeme.is_cjk:
            if len(lexeme.text) == 1:
                lone[lexeme.text] = 1.0
            for term in bigrams(lexeme.text):
                functions = is_function_pair(term)
                (empty if functions == len(term) else weights)[term] = _FUNCTION_PAIR if functions else 1.0
            continue
        word = take_apart(lexeme.text)
        codes = [code for code, _words in spaced.feed(word, lexeme.start, lexeme.end)]
        found = filter(None, (*word.parts, word.joined, unpadded(word.joined)))
        (empty if is_stop_word(lexeme.text) else weights).update(dict.fromkeys(found, 1.0))
        for code in filter(None, (word.joined, *codes)):
            is_telling = sum(map(str.isdigit, code)) >= _LEAST_DIGITS
            weights[code] = _WHOLE_CODE if is_telling else weights.get(code, 1.0)
    return [tier for tier in (weights, lone, empty) if tier]


def only_term(text: str) -> str:
    """The term of a question that has just one; else ""."""
    weights = weights_of(text)
    return next(iter(weights)) if len(weights) == 1 else ""


def rarity(
    weights: Mapping[str, float], statistics: Statistics, synonyms: Mapping[str, Sequence[Phrase]] = _NONE
) -> dict[str, float]:
    """What each term tells documents apart by: more, the fewer have it. Terms that no document has are left out.

    A document that has what means the same has the term.
    """
    count = statistics.totals().documents
    same = {term: synonyms[term] for term in weights.keys() & synonyms.keys()}
    known = statistics.frequencies({*weights, *(t for phrases in same.values() for p in phrases for t in p)})
    found: dict[str, float] = {}
    for term, weight in weights.items():
        # A phrase stands in no more documents than the rarest of its terms.
        others = (min(known.get(part, 0) for part in phrase) for phrase in same.get(term, ()))
        if frequency := min(count, known.get(term, 0) + sum(others)):
            found[term] = weight * math.log(1 + (count - frequency + 0.5) / (frequency + 0.5))
    return found


def rank(
    text: str,
    candidates: Sequence[Candidate],
    statistics: Statistics,
    synonyms: Mapping[str, Sequence[Phrase]] = _NONE,
    beside: Collection[str] = (),
) -> list[tuple[int, float]]:
    """(pk, score) of the candidates, the best first; those that score alike stay in the order given.

    `synonyms` are phrases that mean the same as a term of the text (ParsedQuery.synonyms); terms that stand `beside`
    what is asked count a quarter.
    """
    totals = statistics.totals()
    worths: dict[str, float] = {}
    for tier in _tiers_of(text):
        weights = dict(tier)
        whole = [term for term, weight in weights.items() if weight == _WHOLE_CODE]
        borne = statistics.frequencies([MARK + code for code in whole]) if whole else {}
        # What bears a code stands first anyway; others need not be about it for naming it.
        weights |= {code: 1.0 for code in whole if borne.get(MARK + code)}
        weights |= {term: weights[term] * _BESIDE for term in beside if term in weights}
        rare = rarity(weights, statistics, synonyms).items()
        # A whole ticket may be asked: what is rare in it tells documents apart.
        if worths := dict(heapq.nlargest(_MOST_TERMS, rare, key=lambda term: term[1])):
            break
    counted = [(one, one.occurrences) for one in candidates if one.occurrences is not None]
    if len(counted) == len(candidates):
        worth = sum(worths.values())
        scores = [(one.pk, worth * saturated(often) * one.weight) for one, often in counted]
        return sorted(scores, key=lambda scored: -scored[1])
    known = statistics.frequencies({t for phrases in synonyms.values() for phrase in phrases for t in phrase})
    same = {
        term: [" ".join(phrase) for phrase in synonyms[term] if all(map(known.get, phrase))]
        for term in worths
        if term in synonyms
    }
    several = list(dict.fromkeys(phrase for phrases in same.values() for phrase in phrases))[:_MOST_PHRASES]
    phrases = {phrase: f" {phrase} " for phrase in several}
    terms = {term: f" {term} " for term in worths}
    verbatim, share = _verbatim(text)
    bonus = share * sum(worths.values())
    scores = []
    for one in candidates:
        title, _codes, body = fields = [f" {field} " for field in (one.title, one.codes, one.text)]
        of_field = totals.weigh(_length(title), _length(body))
        times = (_times if len(terms) <= _FEW else _times_of_many)(fields, of_field, terms)
        if phrases:
            others = _times(fields, of_field, phrases)
            for term, phrases_ in same.items():
                times[term] = times.get(term, 0.0) + _SYNONYM * sum(others.get(p, 0.0) for p in phrases_)
        score = sum(worths[term] * saturated(often) for term, often in times.items())
        if bonus and (_stands_in(verbatim, title) or _stands_in(verbatim, body)):
            score += bonus
        scores.append((one.pk, score * one.weight))
    return sorted(scores, key=lambda scored: -scored[1])


def _verbatim(text: str) -> tuple[str, float]:
    """The question's words in order but for empty ones around them, and of all that it may score, what it is worth
    to have them just so: two words stand together by chance, three hardly.
    """
    stream = analyse(as_meant(normalise(text))).stream if len(text) < _LONGEST_VERBATIM else []
    empty = list(map(is_empty_word, stream))
    if len(stream) > _MOST_VERBATIM or all(empty):
        return "", 0.0
    first, last = empty.index(False), len(empty) - empty[::-1].index(False)
    # A Chinese word has two characters.
    words = sum(
        1 if term.isascii() else 0.5 for term, is_empty in zip(stream, empty, strict=True) if not is_empty
    )
    share = max((share for least, share in _VERBATIM.items() if words >= least), default=0.0)
    return f" {' '.join(stream[first:last])} ", share


# Fields have blanks around them, and so has what is looked for.


def _stands_in(verbatim: str, field: str) -> bool:
    """Whether the words stand side by side in what is the field's stream: that goes as far as the mark."""
    at = field.find(verbatim)
    return at >= 0 and field.find(f" {MARK} ", 0, at + 1) < 0


def _times(fields: Sequence[str], weights: Sequence[float], written: Mapping[str, str]) -> dict[str, float]:
    """How often terms or phrases stand in the fields, each time counted as the field's weight; `written` are {one: the
    same between blanks}. Of what follows itself at once, every other one is passed over.
    """
    title, codes, body = fields
    in_title, in_codes, in_body = weights
    return {
        one: in_title * title.count(between) + in_codes * codes.count(between) + in_body * body.count(between)
        for one, between in written.items()
    }


def _times_of_many(
    fields: Sequence[str], weights: Sequence[float], terms: Mapping[str, str]
) -> dict[str, float]:
    """The same of more than a few terms, those that stand there."""
    times: dict[str, float] = {}
    for field, weight in zip(fields, weights, strict=True):
        for term, count in Counter(filter(terms.__contains__, field.split())).items():
            times[term] = times.get(term, 0.0) + weight * count
    return times


def _length(field: str) -> int:
    """How many terms a field has."""
    return field.count(" ") - 1
