"""A text as the log keeps it: without what somebody pasted by mistake, and in the one form by which it is counted."""

import re
import unicodedata

from search.log.models import MAX_NORMALISED

MASK = "•••"
_ENDS = " \t?!.,;:。？！，；：…"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # no database takes these
_NAMED = re.compile(
    r"(?i)((?<![a-z])(?:pass(?:word|wort|wd|phrase|code)|pwd|pw|token|secret|api[ _-]?key)|密码|口令|密钥)"
    r"(\s*(?:[:=：]|\bis\b|为|是)\s*)\S+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic) [A-Za-z0-9+/=_.~-]{8,}")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_BLOB = re.compile(r"[A-Za-z0-9+/=_.~-]{24,}")
_NUMBERS = re.compile(
    r"\d{11,}[Xx]?"  # telephone, identity card, bank card, account
    r"|\+\d(?:[ ./-]?\d){7,}"
    r"|\(0\d{1,5}\)[ ./-]?\d(?:[ ./-]?\d){4,}"
    r"|(?<!\d)1[3-9]\d[ -]\d{4}[ -]\d{4}(?!\d)"
    r"|(?<!\d)\d{4}(?:[ -]\d{4}){3}(?!\d)"
)


def as_kept(text: str) -> str:
    """The text with addresses, telephone and card numbers, passwords and keys masked.

    By their shape, so it is a net and no promise. A number of eleven digits or more goes even where it is a part.
    """
    text = _NO_TEXT.sub("\ufffd", text)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _MAIL.sub(MASK, text)
    text = _BLOB.sub(lambda found: MASK if _is_key(found[0]) else found[0], text)
    return _NUMBERS.sub(MASK, text)


def normalised(kept: str) -> str:
    """What makes two searches the same: letters' case and width, blanks and final punctuation do not count.

    "" of a text that asks nothing.
    """
    folded = " ".join(unicodedata.normalize("NFKC", kept).casefold().split())
    return (folded.strip(_ENDS) or folded)[:MAX_NORMALISED].strip()


def _is_key(run: str) -> bool:
    """Letters and digits without an end: a key, a token, a hash. Names of errors have few digits."""
    return sum(map(str.isdigit, run)) >= 5 and sum(map(str.isalpha, run)) >= 5
