"""The words that documents are written with, for whoever mistypes one. In Django's own database, for every engine."""

import re
import secrets
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import CharField, F, Index, Max, Model
from django.utils.translation import gettext_lazy as _

from search.analysis import CJK, normalise

SHORTEST, LONGEST = 4, 24
"""Letters of a word that is kept."""
_MEDIUM = 6  # letters from which two slips are forgiven that leave consonants, or all letters, as they were
_LONG = 8  # letters from which any two are, and three that leave the consonants
_FIRM = 3  # letters that a word with two wrong letters must begin with as typed
_TURNED = 16  # letters of a word up to which neighbours are tried the other way round
_MOST_ALIKE = 4_000  # words with the same beginning that are compared
_AT_ONCE = 500
_BONES = "~"  # begins the form of a word's consonants, which no word does
_MOST_KEPT = 500_000  # words that a process remembers to be known

_WORD = re.compile(f"[^\\W\\d_{CJK}]{{{SHORTEST},}}")
_ASCII_WORD = re.compile(f"[a-z]{{{SHORTEST},}}")
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile("[aeiouy]+")

# Database -> (its mark, words known there). Only what was committed gets in; see `learn`.
_remembered: dict[str, tuple[str, set[str]]] = {}


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
    """Keep the words of these texts; what this process knows to be kept costs nothing more.

    A word counts as known once a transaction that saw or wrote it has been committed, and as long as the table's
    mark is the same: whoever forgets words draws another.
    """
    words: set[str] = set()
    for text in texts:
        words |= words_of(text)
    mark = _mark(using)
    at, known = _remembered.get(using, ("", set()))
    unsure = words - known if at == mark else words
    if not unsure:
        return
    new = sorted(unsure - _known(unsure, using))
    if new:
        with connections[using].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO search_spelling (form, word) VALUES (%s, %s)",
                [(form, word) for word in new for form in forms_of(word)],
            )
    transaction.on_commit(lambda: _remember(using, mark, unsure), using=using)


def forms_of(word: str) -> list[str]:
    """By what a word is found: itself, itself without each of its letters, its consonants."""
    return [word, *sorted(left_out(word)), bones(word)]


def bones(word: str) -> str:
    """A word's consonants in order, doubled ones once: what is left where vowels and doublings are mistaken."""
    consonants = _VOWELS.sub("", _DOUBLED.sub(r"\1", word))
    return _BONES + _DOUBLED.sub(r"\1", consonants)[: LONGEST - len(_BONES)]


def _remember(using: str, mark: str, words: set[str]) -> None:
    at, known = _remembered.get(using, ("", set()))
    if at == mark and len(known) + len(words) <= _MOST_KEPT:
        known |= words
    else:
        _remembered[using] = (mark, set(words))


def _mark(using: str) -> str:
    """What tells that nothing was forgotten since: the words of the rows without a form."""
    marks = Spelling.objects.using(using).filter(form="").order_by("word").values_list("word", flat=True)
    return ",".join(marks) or _draw_mark(using)


def _draw_mark(using: str = DEFAULT_DB_ALIAS) -> str:
    spellings = Spelling.objects.using(using)
    mark = spellings.create(form="", word=secrets.token_hex(8))
    spellings.filter(form="").exclude(pk=mark.pk).delete()
    return mark.word


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
            everything.bulk_create([Spelling(form=form, word=word) for form in forms_of(word)])
        seen.add(word)
    _draw_mark()


def nearest(word: str, using: str = DEFAULT_DB_ALIAS) -> list[tuple[int, str]]:
    """(slips, known word) of those that `word` may have been meant for, the fewest slips first.

    One slip is a letter left out, added, changed, or changed places with the next. Longer words may have two, long
    ones three if the consonants are right (_MEDIUM, _LONG).
    """
    word = normalise(word).casefold()
    if not SHORTEST <= len(word) <= LONGEST + 2:
        return []
    spellings = Spelling.objects.using(using)
    long_enough = len(word) >= _MEDIUM
    forms = {form for one in (_turned(word) if long_enough else [word]) for form in (one, *left_out(one))}
    forms |= {bones(word)} if long_enough else set()
    candidates: set[str] = set()
    for some in _in_parts(sorted(forms - {""})):
        candidates |= set(spellings.filter(form__in=some).values_list("word", flat=True)[:_MOST_ALIKE])
    found = sorted((1, other) for other in candidates if slips(word, other, 1) == 1)
    if found or not long_enough:
        return found
    if len(word) >= _LONG:
        begin = word[:_FIRM]
        after = begin[:-1] + chr(ord(begin[-1]) + 1)
        alike = spellings.filter(form__gte=begin, form__lt=after, form=F("word"))
        candidates |= set(alike.values_list("word", flat=True)[:_MOST_ALIKE])
    far = ((_many_slips(word, other), other) for other in candidates)
    return sorted((count, other) for count, other in far if count)


def _many_slips(word: str, other: str) -> int:
    """Two or three, where the word may have been meant for the other; else 0."""
    # Two slips change four letters at most; to count letters is far cheaper than to count slips.
    if other == word or len(set(word) ^ set(other)) > 4 or abs(len(word) - len(other)) > 3:
        return 0
    same_bones = bones(word) == bones(other)
    is_long = len(word) >= _LONG
    count = slips(word, other, 3 if same_bones and is_long else 2)
    if count == 2 and (is_long or same_bones or sorted(word) == sorted(other)):
        return 2
    return 3 if count == 3 and same_bones and is_long else 0


def _turned(word: str) -> list[str]:
    """The word, and with each two neighbours the other way round."""
    if len(word) > _TURNED:
        return [word]
    turned = (word[:at] + word[at : at + 2][::-1] + word[at + 2 :] for at in range(len(word) - 1))
    return [word, *dict.fromkeys(turned)]


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
