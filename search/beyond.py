"""Codes in what is cut off a long text: a pasted log often ends with the one that matters."""

import re
from collections.abc import Iterator

from search.analysis import code_term, normalise

MOST = 5
"""Codes that are asked for besides."""
MAX_LOOKED_AT = 60_000
LONGEST = 40
"""Characters of a code: one that the cut goes through is looked for as a whole."""
_SEPARATOR = "[-_./]"
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][-_.])"
    rf"(?:[A-Za-z]{{1,6}}{_SEPARATOR}?|[A-Z]{{1,4}} )\d{{3,8}}(?:{_SEPARATOR}[A-Za-z0-9]{{1,8}}){{0,3}}"
    r"(?![-_.]?[A-Za-z0-9])"
)
_PART = re.compile(
    rf"(?<![A-Za-z0-9])(?<!{_SEPARATOR})\d{{2,6}}(?:{_SEPARATOR}\d{{2,6}}){{2,3}}(?![A-Za-z0-9])(?!{_SEPARATOR}\d)"
)
# A date, or an address of a network: a log has one in each line.
_NO_PART = re.compile(
    r"(?:19|20)\d\d[-./]\d\d?[-./]\d\d?.*|\d\d?[-./]\d\d?[-./](?:19|20)?\d\d|(?:\d{1,3}\.)+\d{1,3}"
)


def codes_beyond(text: str, end: int) -> tuple[str, ...]:
    """The first codes and part numbers after so many characters that do not stand before, those in capitals first."""
    seen = set(map(code_term, _codes(text[:end])))
    found: dict[str, str] = {}
    begin = max(0, end - LONGEST)
    while begin and text[begin - 1].isascii() and not text[begin - 1].isspace() and end - begin < 2 * LONGEST:
        begin -= 1
    rest = text[begin : end + MAX_LOOKED_AT]
    for code in sorted(_codes(rest), key=lambda code: code != code.upper()):
        if (term := code_term(code)) not in seen:
            found.setdefault(term, code)
    return tuple(found.values())[:MOST]


def _codes(text: str) -> Iterator[str]:
    plain = normalise(text)
    matches = [
        *_CODE.finditer(plain),
        *(found for found in _PART.finditer(plain) if not _NO_PART.fullmatch(found[0])),
    ]
    return (found[0] for found in sorted(matches, key=re.Match.start))
