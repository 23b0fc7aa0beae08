"""What a question may have been meant for, where it has a word or a code that no document has."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

from search import spelling
from search.analysis import Lexeme, code_term, fold, is_figures, lexemes, normalise, take_apart, unpadded
from search.parsing import in_one, is_stop_word
from search.ranking import Statistics
from search.term_groups import term_list

MAX_TEXT = 300
"""Characters of a question that is looked through; nobody mistypes a pasted ticket."""
MAX_WORDS = 4
"""Unknown words of one question that are put right."""
_MOST_CANDIDATES = 40
_MANY = 1_000
"""Documents above which a word is taken to be known to everybody: no slip is made so often."""
_MOST_ASKED = 12
"""Words of one question, the rarest, for which it is asked whether the asker finds something by them."""
_MOST_LOOKALIKES = 6  # characters of a code that may be letters for digits, or the other way round
_LOOKALIKES = {"O": "0", "o": "0", "I": "1", "i": "1", "l": "1", "L": "1", "0": "O"}
_SHORTEST_SURE = 5  # letters of a word that is put right with hardly a doubt
_SHORTEST_REPLACED = 6  # and of one that has another letter in the place of the right one, or one more
_LONG = 8  # and of one that may have another ending
_SHORTEST_PART = 3  # letters of each of the two words that one may be made of
_ENDINGS = ("er", "est")
_SHORTEST_BASE = 3  # letters of a word before its ending
# Everyday words that a guide need not have, near others that it may.
_EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        "came comes done gets goes gone here keeps left like made more most near same seen went were",
    )
)
# Letters that are taken for one another: vowels, what sounds alike, and neighbours on a QWERTY keyboard.
_VOWELS = frozenset("aeiouy")
_ALIKE = "lr vw il cs ck sz gj dt bp fv qw we er rt ty yu ui io op as sd df fg gh hj jk kl zx xc cv vb bn nm"
_BELOW = "qa wa ws es ed rd rf tf tg yg yh uh uj ij ik ok ol pl az sz sx dx dc fc fv gv gb hb hn jn jm km"
_TAKEN_FOR = frozenset(map(frozenset, f"{_ALIKE} {_BELOW}".split()))
_CODE = range(4, 25)  # letters and digits of a code that is looked at


def corrected(text: str, statistics: Statistics, is_found: Callable[[str], bool], using: str) -> str:
    """The question with its unknown words put right; "" where none is unknown, or nothing known is near.

    Known is what `is_found` says that the asker finds something by: a word that stands in others' documents alone is
    put right as any unknown one, and never put in. The words of the term list are words, whoever documents them or not.
    """
    normalised = normalise(text)
    if len(text) > MAX_TEXT:
        return ""
    asked = [lexeme for lexeme in lexemes(normalised) if _is_word(lexeme) or _is_code(lexeme)]
    together = in_one(list(lexemes(normalised)), normalised)
    terms = {
        lexeme: _terms(lexeme) | {term for (term,) in together.get(lexeme.start, ())} for lexeme in asked
    }
    known = statistics.frequencies({term for several in terms.values() for term in several}) if terms else {}
    met = {lexeme: [term for term in terms[lexeme] if known.get(term)] for lexeme in asked}
    # What stands in few documents may stand in others' alone; of what many have, nobody need be asked.
    rare = sorted(met, key=lambda lexeme: sum(known[term] for term in met[lexeme]))
    doubtful = set([lexeme for lexeme in rare if met[lexeme]][:_MOST_ASKED])
    unknown = [
        lexeme
        for lexeme in asked
        if not met[lexeme]
        or (
            lexeme in doubtful
            and max(known[t] for t in met[lexeme]) <= _MANY
            and not any(map(is_found, met[lexeme]))
        )
    ]
    listed = term_list(using).words if unknown else ()
    found: list[tuple[Lexeme, str]] = []
    # Written over the text as typed where places agree with those of its plain form.
    whole = text if len(text) == len(normalised) else normalised
    for lexeme in [lexeme for lexeme in unknown if fold(lexeme.text) not in listed][:MAX_WORDS]:
        known_words = _words(lexeme, statistics, using) if _is_word(lexeme) else _codes(lexeme, statistics)
        right = next((written for written, terms in known_words if all(map(is_found, terms))), "")
        word = lexeme.text.casefold()
        if not _is_sure_word(word, right.casefold()) and any(map(is_found, _bases(word))):
            continue  # older is a word where old is one
        if right and normalise(whole[lexeme.start : lexeme.end]) == lexeme.text:
            found.append((lexeme, right))
    if len(found) > 1:
        # Two changed words of four letters make another question.
        found = [(lexeme, right) for lexeme, right in found if len(lexeme.text) >= _SHORTEST_SURE]
    for lexeme, right in reversed(found):
        whole = whole[: lexeme.start] + right + whole[lexeme.end :]
    return whole if found else ""


def is_sure(typed: str, meant: str) -> bool:
    """Whether what is `corrected` is near certain, so that its results may be shown at once where there are no others.

    Every word must be made of two of four letters and more, or begin and end as typed, with one slip between:
    a beginning is seldom mistyped, and another ending is another word (modem, mode). Words of four letters are all
    near some other word (dust, just); a letter for another one needs six, since of words of five it makes new ones
    (valve, value), and must be one that is taken for it. From eight on the end may be wrong. Of codes only letters taken
    for digits: E-1024 is another fault than E-1042.
    """
    right = [lexeme.text for lexeme in lexemes(normalise(meant))]
    at = 0
    for lexeme in lexemes(normalise(typed)):
        one, other = lexeme.text, "".join(right[at : at + 1])
        pair = right[at : at + 2]
        if (
            one != other
            and one.casefold() == "".join(pair).casefold()
            and len(min(pair, key=len)) > _SHORTEST_PART
        ):
            at += 2
            continue
        at += 1
        if one != other and not (
            _is_sure_word(one.casefold(), other.casefold()) if one.isalpha() else other in _lookalikes(one)
        ):
            return False
    return at == len(right)


def _is_sure_word(typed: str, meant: str) -> bool:
    if len(typed) < _SHORTEST_SURE or not meant.isalpha() or typed[0] != meant[0]:
        return False
    if spelling.slips(typed, meant, 1) != 1 or (typed[-1] != meant[-1] and len(typed) < _LONG):
        return False
    is_same = sorted(typed) == sorted(meant) or {*typed} == {*meant}  # transposed, doubled, or not doubled
    if is_same or len(meant) != len(typed):
        return is_same or len(meant) > len(typed) or len(typed) >= _SHORTEST_REPLACED
    return len(typed) >= _SHORTEST_REPLACED and _is_near(typed, meant)


def _is_near(typed: str, meant: str) -> bool:
    """Whether the letter that was replaced is one that is taken for the right one: internal is no slip for interval."""
    pair = next({one, other} for one, other in zip(typed, meant, strict=True) if one != other)
    return pair <= _VOWELS or pair in _TAKEN_FOR


def _is_word(lexeme: Lexeme) -> bool:
    return (
        not lexeme.is_cjk
        and lexeme.text.isalpha()
        and len(lexeme.text) >= spelling.SHORTEST
        and not (is_stop_word(lexeme.text) or lexeme.text.casefold() in _EVERYDAY)
    )


def _bases(word: str) -> Iterator[str]:
    """The terms of what a word may be a form of that stemming does not know."""
    for ending in _ENDINGS:
        base = word.removesuffix(ending)
        if base != word and len(base) >= _SHORTEST_BASE:
            yield fold(base)


def _is_code(lexeme: Lexeme) -> bool:
    """Whether it is a code of letters and digits: among bare numbers, the next one is as likely."""
    if lexeme.is_cjk:
        return False
    word = take_apart(lexeme.text)
    whole = word.whole
    return len(whole) in _CODE and not (word.quantity or is_figures(whole) or whole.isalpha())


def _terms(lexeme: Lexeme) -> set[str]:
    """The terms any of which a document has that has the word."""
    word = take_apart(lexeme.text)
    if not _is_code(lexeme):
        return {fold(lexeme.text), word.joined} - {""}
    return {word.joined, unpadded(word.joined), code_term(lexeme.text)} - {""}


def _words(lexeme: Lexeme, statistics: Statistics, using: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(word as it would be written, its terms): those that are near certain, then the two words that it may be made
    of, then the others; the fewest slips and then the most frequent first.
    """
    near = spelling.nearest(lexeme.text, using)[:_MOST_CANDIDATES]
    known = statistics.frequencies({fold(word) for _slips, word in near}) if near else {}
    best = sorted((slips, -known[fold(word)], word) for slips, word in near if known.get(fold(word)))
    typed = lexeme.text.casefold()
    sure = [word for _slips, _known, word in best if _is_sure_word(typed, word)]
    split = [] if sure else _split(typed, statistics)
    for word in (*sure, *split, *(word for _slips, _known, word in best if word not in sure)):
        written = word.upper() if lexeme.text.isupper() else word
        yield written.capitalize() if lexeme.text.istitle() else written, tuple(map(fold, word.split()))


def _split(word: str, statistics: Statistics) -> list[str]:
    """The word as two that documents have (heat sink), those first of which the rarer one is the most frequent."""
    places = range(_SHORTEST_PART, min(len(word), spelling.LONGEST) - _SHORTEST_PART + 1)
    pairs = [(word[:at], word[at:]) for at in places]
    pairs = [pair for pair in pairs if not any(map(is_stop_word, pair))]
    known = statistics.frequencies({fold(part) for pair in pairs for part in pair}) if pairs else {}
    least = {" ".join(pair): min(known.get(fold(part), 0) for part in pair) for pair in pairs}
    return sorted((pair for pair in least if least[pair]), key=lambda pair: -least[pair])


def _codes(lexeme: Lexeme, statistics: Statistics) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(code, its terms) of those that documents bear, or have as one word, and that are likely slips: letters that
    look like digits (E-1O42), or two neighbours the other way round.
    """
    for written in (_lookalikes(lexeme.text), _swapped(lexeme.text)):
        forms = {code: (code_term(code), take_apart(code).joined) for code in written if code != lexeme.text}
        known = (
            statistics.frequencies({term for terms in forms.values() for term in terms if term})
            if forms
            else {}
        )
        found = [(code, term) for code, terms in forms.items() for term in terms if known.get(term)]
        for code, term in sorted(found, key=lambda one: -known[one[1]]):
            yield code, (term,)


def _swapped(text: str) -> Iterator[str]:
    """A code with each two neighbours the other way round."""
    places = [at for at, character in enumerate(text) if character.isalnum()]
    for one, other in pairwise(places):
        letters = list(text)
        letters[one], letters[other] = text[other], text[one]
        yield "".join(letters)


def _lookalikes(text: str) -> Iterator[str]:
    """A code with some of its letters taken for digits that look alike, the fewest first."""
    places = [at for at, character in enumerate(text) if character in _LOOKALIKES][:_MOST_LOOKALIKES]
    for size in range(1, len(places) + 1):
        for some in combinations(places, size):
            letters = list(text)
            for at in some:
                letters[at] = _LOOKALIKES[text[at]]
            yield "".join(letters)
