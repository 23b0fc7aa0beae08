"""Codes and versions as people write them: made plain, told apart, refused where no address or list can hold them."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s._/-]+(?=\d)")
_BETWEEN = re.compile(r"[\s._/-]+")


def plain_code(code: str) -> str:
    """The code in plain characters: full-width forms narrowed (NFKC), nothing invisible, no outer blanks."""
    text = unicodedata.normalize("NFKC", code)
    # Cf: zero-width blanks and joiners, the byte order mark, marks of direction, the soft hyphen.
    return "".join(
        "-" if unicodedata.category(character) == "Pd" or character == "\u2212" else character
        for character in text
        if unicodedata.category(character) != "Cf"
    ).strip()


def refuse_unprintable(field: str, text: str) -> None:
    """Raises ValidationError for what no address and no line of a list can hold: a line break inside, "." alone."""
    if not text.isprintable():
        raise ValidationError(
            {field: gettext("It has a line break, a tab or another character that cannot be printed.")}
        )
    if not {".", ".."}.isdisjoint(text.split("/")):
        raise ValidationError({field: gettext("A dot alone would lead to another address.")})


def same_key(code: str) -> str:
    """What codes that people would take for one another share: the code without case and separators.

    Between two digits a separator tells codes apart (1-12 is not 11-2), but which one it is does not.
    """
    return _BETWEEN.sub("", _BETWEEN_DIGITS.sub("+", plain_code(code).casefold()))


def twin_message(code: str) -> str:
    """Why a code is refused beside `code`."""
    return gettext(
        "There is “%(code)s” already, which differs only in capitals, separators or width; use that one."
    ) % {"code": code}
