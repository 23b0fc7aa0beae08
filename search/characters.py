"""Characters that mean the same, made one: widths, ligatures, signs of units, traditional and simplified Chinese."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

_BEFORE = {ord("º"): "°"}  # typed for the sign of degrees; NFKC would make it the letter o
# The sign of multiplication, and "micro", are typed with letters as often: 5x10, 2 um.
_SIGNS = {"×": "x", "μ": "u", "Ω": "ohm"}
# Radicals that stand in texts copied from PDFs for the characters they are drawn like, which NFKC does not know of
# (Unicode's EquivalentUnifiedIdeograph.txt).
_RADICALS = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙",
        strict=True,
    )
)
# Letters of other alphabets that look like Latin ones, as capitals.
_LOOKALIKES = dict(zip("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYXABEZHIKMNOPTYX", strict=True))
_LATIN = str.maketrans(_LOOKALIKES | {one.lower(): other.lower() for one, other in _LOOKALIKES.items()})
# Radicals that stand for their characters, signs made of characters (㊤, ㈱), narrow forms, and characters that other
# standards had twice.
_COMPATIBLE = (
    (0x2E80, 0x30FF),
    (0x3130, 0x33FF),
    (0xF900, 0xFAFF),
    (0xFF65, 0xFFDC),
    (0x1F200, 0x1F2FF),
    (0x2F800, 0x2FA1F),
)
# What a copied text brings along unseen: soft hyphens, zero-width blanks and joiners, marks of direction, variants.
_UNSEEN = (
    *((code, code) for code in (0x00AD, 0x061C, 0x180E, 0xFEFF)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)),
)


def plain(text: str) -> str:
    """NFKC, simplified Chinese, and nothing unseen. A text made plain stays as it is."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.translate(_BEFORE) if "º" in text else text)
    table = _table()
    # Most texts hold none of these, and looking is five times as fast as translating.
    return text if table.keys().isdisjoint(text) else text.translate(_translation())


@cache
def variants() -> Mapping[str, str]:
    """Chinese character -> the others that are made this one: traditional forms, and those that only NFKC knows."""
    found: dict[str, str] = {}
    for char in (*_table(), *_compatible()):
        form = plain(char)
        if len(form) == 1 and form != char:
            found[form] = found.get(form, "") + char
    return found


@cache
def unseen() -> frozenset[str]:
    """Characters that nobody sees, and that may stand within a word."""
    return frozenset(_characters(_UNSEEN))


@cache
def signs() -> Mapping[str, str]:
    """Character -> the single signs that are made of it and others: ㈱, ㍿."""
    found: dict[str, str] = {}
    for sign in _compatible():
        if len(form := plain(sign)) > 1:
            for char in set(form):
                found[char] = found.get(char, "") + sign
    return found


def _compatible() -> Iterator[str]:
    return _characters(_COMPATIBLE)


def _characters(ranges: Iterable[tuple[int, int]]) -> Iterator[str]:
    return (chr(code) for first, last in ranges for code in range(first, last + 1))


def latin(word: str) -> str:
    """A word whose every letter is Latin or looks so, in Latin letters (Е-1042 typed in Cyrillic); else as it is."""
    if word.isascii():
        return word
    read = word.translate(_LATIN)
    return read if all(letter.isascii() for letter in read if letter.isalpha()) else word


@cache
def _table() -> dict[str, str]:
    """Character -> what it becomes. Traditional ones by OpenCC's TSCharacters, the first of several."""
    lines = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8").split("\n")
    pairs = (line.split() for line in lines if line)
    simplified = {pair[0]: pair[1] for pair in pairs if pair[0] != pair[1]}
    simplified = {written: simplified.get(found, found) for written, found in simplified.items()}
    return simplified | _SIGNS | _RADICALS | dict.fromkeys(unseen(), "")


@cache
def _translation() -> dict[int, str]:
    return str.maketrans(_table())
