"""The words that documents are written with, for whoever mistypes one. In Django's own database, for every engine."""

import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import CharField, F, Index, Max, Model
from django.utils.translation import gettext_lazy as _

from search.analysis import CJK, normalise

SHORTEST, LONGEST = 4, 24
"""Letters of a word that is kept."""
_LONG = 8  # letters from which two slips are forgiven
_FIRM = 3  # letters that such a word must begin with as typed
_MOST_ALIKE = 4_000  # words with the same beginning that are compared
_AT_ONCE = 500

_WORD = re.compile(f"[^\\W\\d_{CJK}]{{{SHORTEST},}}")
_ASCII_WORD = re.compile(f"[a-z]{{{SHORTEST},}}")


class Spelling(Model):
    """A word of some document, once as it is and once for every letter left out of it.

    Nothing here is unique: two processes that learn the same word at once must not wait for each other.
    """

    form = CharField(_("spelling"), max_length=LONGEST)
    word = CharField(_("word"), max_length=LONGEST)

    class Meta:
        verbose_name = _("spelling")
        verbose_name_plural = _("spellings")
        indexes = [Index(fields=["form", "word"], name="search_spelling_form")]

    def __str__(self) -> str:
        return f"{self.form}: {self.word}"


def words_of(text: str) -> set[str]:
    """The words of a text that are worth keeping, unstemmed, in small letters."""
    plain = normalise(text).casefold()
    found = (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)
    return {word for word in found if len(word) <= LONGEST}


def learn(texts: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    """Keep the words of these texts; those known already cost one look at an index."""
    words: set[str] = set()
    for text in texts:
        words |= words_of(text)
    new = sorted(words - _known(words, using))
    if new:
        with connections[using].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO search_spelling (form, word) VALUES (%s, %s)",
                [(form, word) for word in new for form in (word, *sorted(left_out(word)))],
            )


def last_learnt() -> int:
    """A mark of now, for `forget_others`."""
    return Spelling.objects.aggregate(last=Max("pk"))["last"] or 0


def forget_others(words: Set[str], until: int) -> None:
    """Forget what was learnt until that mark and is none of these words, and what was learnt twice."""
    everything = Spelling.objects.filter(pk__lte=until)
    seen: set[str] = set()
    for word in list(everything.filter(form=F("word")).values_list("word", flat=True)):
        if word not in words:
            everything.filter(word=word).delete()
        elif word in seen:
            everything.filter(word=word).delete()
            learn([word])
        seen.add(word)


def nearest(word: str, using: str = DEFAULT_DB_ALIAS) -> list[tuple[int, str]]:
    """(slips, known word) of those that `word` may have been meant for, the fewest slips first.

    One slip is a letter left out, added, changed, or changed places with the next. Long words may have two.
    """
    word = normalise(word).casefold()
    if not SHORTEST <= len(word) <= LONGEST + 2:
        return []
    spellings = Spelling.objects.using(using)
    candidates = set(spellings.filter(form__in={word, *left_out(word)}).values_list("word", flat=True))
    found = sorted((1, other) for other in candidates if slips(word, other, 1) == 1)
    if found or len(word) < _LONG:
        return found
    begin = word[:_FIRM]
    after = begin[:-1] + chr(ord(begin[-1]) + 1)
    alike = spellings.filter(form__gte=begin, form__lt=after, form=F("word")).values_list("word", flat=True)
    return sorted((2, other) for other in set(alike[:_MOST_ALIKE]) if slips(word, other, 2) == 2)


@lru_cache(maxsize=10_000)
def left_out(word: str) -> frozenset[str]:
    """The word with each of its letters left out in turn."""
    return frozenset(word[:at] + word[at + 1 :] for at in range(len(word)))


def slips(one: str, other: str, most: int) -> int:
    """How many slips apart two words are (optimal string alignment distance); more than `most` is `most` + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, row = row, [i]
        for j, across in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != across))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == across:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = last
    return min(row[-1], most + 1)


def _known(words: Set[str], using: str) -> set[str]:
    spellings = Spelling.objects.using(using).filter(form=F("word"))
    return {
        word
        for some in _in_parts(sorted(words))
        for word in spellings.filter(form__in=some).values_list("word", flat=True)
    }


def _in_parts(words: list[str]) -> Iterator[list[str]]:
    return (words[start : start + _AT_ONCE] for start in range(0, len(words), _AT_ONCE))
