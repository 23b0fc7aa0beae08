"""The search boxes of the CMS admin: every word that was typed must stand in some field, whatever its form.

Plain matching, which finds Chinese inside a sentence. Quotes are no letters; traditional characters find simplified
ones, and a code is found with any separators or none. Readers' search is another thing (`search.engine`).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from wagtail.snippets.views import snippets

from search.characters import latin, plain

MAX_WORDS = 20
MAX_WORD = 200
"""Characters of a word; what is longer is in no field."""
_NO_LETTERS = re.compile("[\\s\0\"'“”„‟‘’‚‛«»‹›「」『』〝〞＂＇`´]+")  # quotes of all kinds
_PIECES = re.compile(r"\d+|[a-z]+", re.IGNORECASE)
_CODE = re.compile(r"[a-z0-9]+(?:[-_./][a-z0-9]+)*", re.IGNORECASE)


def words(typed: str) -> list[str]:
    """The words that are sought; none where nothing but blanks and quotes was typed."""
    return [word[:MAX_WORD] for word in _NO_LETTERS.split(typed) if word][:MAX_WORDS]


def contains(fields: Iterable[str], word: str) -> Q:
    """Whether one of the fields contains the word, as it is typed or as it may be written."""
    several = dict.fromkeys([word, latin(plain(word))])
    code = _as_code(latin(plain(word)))
    found = Q()
    for name in fields:
        for form in several:
            found |= Q(**{f"{name}__icontains": form})
        if code:
            found |= Q(**{f"{name}__iregex": code})
    return found


def _as_code(word: str) -> str:
    """The regular expression for a code with other separators; "" for any other word."""
    pieces = _PIECES.findall(word) if _CODE.fullmatch(word) else []
    return "[-_./ ]?".join(pieces) if 1 < len(pieces) <= 8 else ""


class DeskIndexView(snippets.IndexView):
    """A list whose search box looks for every word that is typed."""

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        fields: Sequence[str] = self.search_fields or ()
        for word in words(self.search_query or "") if fields else ():
            queryset = queryset.filter(contains(fields, word))
        return queryset
