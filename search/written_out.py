"""Quantities whose unit is written out: 24 volts, 24-volt and 10 minutes are 24 V and 10 min as well."""

import re
from collections.abc import Sequence

from search.analysis import MAX_TERM, Lexeme, is_figures, take_apart
from search.synonyms import Phrase
from search.units import english_unit, in_chinese

_IN_ONE = re.compile(r"(\d+(?:[.,]\d+)*)-?([A-Za-z]{3,})")


def written_out(words: Sequence[Lexeme]) -> dict[int, tuple[Phrase, ...]]:
    """Start of each number, and of the English name of its unit -> the quantity's term, and its name in Chinese.

    The words themselves stay asked for: in "fault 1042 meter reading" there is no quantity.
    """
    found: dict[int, tuple[Phrase, ...]] = {}
    for at, lexeme in enumerate(words):
        number, unit, starts = "", "", [lexeme.start]
        if in_one := _IN_ONE.fullmatch(lexeme.text):
            number, unit = in_one[1], english_unit(in_one[2])
        elif at and lexeme.start - words[at - 1].end == 1:
            number, unit = words[at - 1].text, english_unit(lexeme.text)
            starts.append(words[at - 1].start)
        whole = take_apart(number).whole if unit else ""
        if whole and is_figures(whole):
            quantity = ((whole + unit)[:MAX_TERM],)
            found |= dict.fromkeys(starts, (quantity, *((whole, *name) for name in in_chinese(unit))))
    return found
