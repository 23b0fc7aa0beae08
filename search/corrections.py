"""What a question may have been meant for, where it has a word or a code that no document has."""

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

from search import spelling
from search.analysis import Lexeme, code_term, fold, is_figures, lexemes, normalise, take_apart, unpadded
from search.parsing import is_stop_word
from search.ranking import Statistics

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
_CODE = range(4, 25)  # letters and digits of a code that is looked at


def corrected(text: str, statistics: Statistics, is_found: Callable[[str], bool], using: str) -> str:
    """The question with its unknown words put right; "" where none is unknown, or nothing known is near.

    Known is what `is_found` says that the asker finds something by: a word that stands in others' documents alone is
    put right as any unknown one, and never put in.
    """
    normalised = normalise(text)
    if len(text) > MAX_TEXT:
        return ""
    asked = [lexeme for lexeme in lexemes(normalised) if _is_word(lexeme) or _is_code(lexeme)]
    terms = {lexeme: _terms(lexeme) for lexeme in asked}
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
    """(code, its term) of those that documents bear, or have as one word, and that are likely slips: letters that
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
        yield from sorted(found, key=lambda one: -known[one[1]])


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
