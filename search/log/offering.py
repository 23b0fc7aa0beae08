"""Which past searches may be offered to others: words only, each of which stands in a document they led to.

Anybody can search, so anybody could write into others' suggestions. What is offered is therefore made of nothing
that the site's own documents do not say.
"""

import re
import unicodedata

from search.analysis import CJK, bigrams, code_mark, lexemes, normalise, take_apart
from search.documents import entry_of
from search.log.masking import as_kept
from search.models import SearchDocument

MOST_TEXT = 80
MOST_WORDS = 10
_LETTERS = f"(?:[^\\W_]|[{CJK}])+"
_WORD = f"{_LETTERS}(?:[-_./]{_LETTERS})*"
_WORDS = re.compile(f"{_WORD}(?: {_WORD}){{0,{MOST_WORDS - 1}}}")
_ADDRESS = re.compile(r"(?i)(?<![^\W_])www\.")
# A telephone number can be written in any way; a part number of figures alone is not worth the risk.
_NUMBER = re.compile(r"(?<![^\W_])\d(?:[-./ ]?\d){6,}")


def is_of_words(text: str) -> bool:
    """Whether it is letters, digits and Chinese, with the separators of codes inside words; no address, no number
    that may be a telephone's."""
    return (
        len(text) <= MOST_TEXT
        and text == unicodedata.normalize("NFKC", text)
        and bool(_WORDS.fullmatch(text))
        and not _ADDRESS.search(text)
        and not _NUMBER.search(text)
        and as_kept(text) == text
    )


def terms_of(document: SearchDocument) -> frozenset[str]:
    """What stands in a document, as the index has it."""
    entry = entry_of(document)
    return frozenset(f"{entry.title_terms} {entry.code_terms} {entry.text_terms}".split())


def stands_in(text: str, terms: frozenset[str]) -> bool:
    """Whether each word of the text stands there; of Chinese, each two characters side by side."""
    return all(_stands(lexeme.text, lexeme.is_cjk, terms) for lexeme in lexemes(normalise(text)))


def _stands(written: str, is_cjk: bool, terms: frozenset[str]) -> bool:
    if is_cjk:
        return terms.issuperset(bigrams(written) or [written])
    word = take_apart(written)
    if word.joined:  # its parts may stand anywhere
        return not terms.isdisjoint((word.joined, code_mark(word.whole)))
    return terms.issuperset(word.parts)
