"""What a question may have been meant for, where it has a word or a code that no document has."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from search import spelling
from search.analysis import Lexeme, code_term, fold, lexemes, normalise, take_apart, unpadded
from search.parsing import is_stop_word
from search.ranking import Statistics

MAX_TEXT = 300
"""Characters of a question that is looked through; nobody mistypes a pasted ticket."""
MAX_WORDS = 4
"""Unknown words of one question that are put right."""
_MOST_CANDIDATES = 40
_CODE = range(4, 25)  # letters and digits of a code that is looked at


def corrected(text: str, statistics: Statistics, is_found: Callable[[str], bool], using: str) -> str:
    """The question with its unknown words put right; "" where none is unknown, or nothing known is near.

    Only what `is_found` says the asker can find by is put in: a word of others' documents is not theirs to read.
    """
    normalised = normalise(text)
    if len(text) > MAX_TEXT:
        return ""
    asked = [lexeme for lexeme in lexemes(normalised) if _is_word(lexeme) or _is_code(lexeme)]
    terms = {lexeme: _terms(lexeme) for lexeme in asked}
    known = statistics.frequencies({term for several in terms.values() for term in several}) if terms else {}
    unknown = [lexeme for lexeme in asked if not any(known.get(term) for term in terms[lexeme])]
    pieces: list[str] = []
    at = 0
    # Written over the text as typed where places agree with those of its plain form.
    whole = text if len(text) == len(normalised) else normalised
    for lexeme in unknown[:MAX_WORDS]:
        known_words = _words(lexeme, statistics, using) if _is_word(lexeme) else _codes(lexeme, statistics)
        right = next((written for written, term in known_words if is_found(term)), "")
        if right and normalise(whole[lexeme.start : lexeme.end]) == lexeme.text:
            pieces += [whole[at : lexeme.start], right]
            at = lexeme.end
    return "".join([*pieces, whole[at:]]) if pieces else ""


def _is_word(lexeme: Lexeme) -> bool:
    return (
        not lexeme.is_cjk
        and lexeme.text.isalpha()
        and len(lexeme.text) >= spelling.SHORTEST
        and not is_stop_word(lexeme.text)
    )


def _is_code(lexeme: Lexeme) -> bool:
    """Whether it is a code of letters and digits: among bare numbers, the next one is as likely."""
    whole = take_apart(lexeme.text).whole if not lexeme.is_cjk else ""
    return len(whole) in _CODE and not whole.isdigit() and not whole.isalpha()


def _terms(lexeme: Lexeme) -> set[str]:
    """The terms any of which a document has that has the word."""
    word = take_apart(lexeme.text)
    if not _is_code(lexeme):
        return {fold(lexeme.text), word.joined} - {""}
    return {word.joined, unpadded(word.joined), code_term(lexeme.text)} - {""}


def _words(lexeme: Lexeme, statistics: Statistics, using: str) -> Iterator[tuple[str, str]]:
    """(word as it would be written, its term), the fewest slips and then the most frequent first."""
    near = spelling.nearest(lexeme.text, using)[:_MOST_CANDIDATES]
    known = statistics.frequencies({fold(word) for _slips, word in near}) if near else {}
    best = sorted(near, key=lambda one: (one[0], -known.get(fold(one[1]), 0), one[1]))
    for _slips, word in best:
        if known.get(fold(word)):
            written = word.upper() if lexeme.text.isupper() else word
            yield (written.capitalize() if lexeme.text.istitle() else written), fold(word)


def _codes(lexeme: Lexeme, statistics: Statistics) -> Iterator[tuple[str, str]]:
    """(code, its term) of those that documents bear and that have two neighbours the other way round."""
    text = lexeme.text
    places = [at for at, character in enumerate(text) if character.isalnum()]
    swapped: dict[str, str] = {}
    for one, other in pairwise(places):
        letters = list(text)
        letters[one], letters[other] = text[other], text[one]
        swapped["".join(letters)] = code_term("".join(letters))
    known = statistics.frequencies(set(swapped.values()))
    best = sorted(
        (code for code in swapped if known.get(swapped[code])), key=lambda code: -known[swapped[code]]
    )
    return ((code, swapped[code]) for code in best)
