"""A text as the log keeps it: without what somebody pasted by mistake, and in the one form by which it is counted."""

import re
import unicodedata

from search.log.models import MAX_NORMALISED

MASK = "•••"
_ENDS = " \t?!.,;:。？！，；：…"
_NAMED = re.compile(
    r"(?i)((?<![a-z])(?:pass(?:word|wort|wd|phrase|code)|pwd|pw|token|secret|api[ _-]?key)|密码|口令|密钥)"
    r"(\s*(?:[:=：]|\bis\b|为|是)\s*)\S+"
)
# With a blank only what has no separator and no capital of an error code: "password reset", "password E-1042" stay.
_NAMED_BARE = re.compile(
    r"((?i:(?<![a-z])(?:pass(?:word|wort|wd|phrase|code)|pwd)\s+)|(?:密码|口令|密钥)\s*)"
    r"(?=\S{6})(?=\S*\d)(?![A-Z]+\d+(?!\S))[A-Za-z0-9!@#$%^&*?]+(?=[,;.!?，；。！？]*(?:[\s\u4e00-\u9fff]|$))"
)
_CALLED = re.compile(
    r"((?i:(?<![a-z])(?:tel|telephone|phone|mobile|cell ?phone|fax)\b\.?(?:\s*(?:number|no)\b\.?)?)"
    r"|(?:电话|手机|座机|传真)(?:号码|号)?)"
    r"(\s*(?:[:=：]|\bis\b|为|是)?\s*)\+?\(?\d(?:[ ()/-]{0,2}\d){5,}(?![\w.-]*[A-Za-z])"
)
# Names have no digit, so no code is taken for one. Capitals tell them from words, but where a title is nothing else.
_TITLED = re.compile(
    r"\b((?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau)\b\.?\s+)[A-ZÀ-Þ][a-zß-ÿ'’-]+(?:\s+[A-ZÀ-Þ][a-zß-ÿ'’-]+){0,2}(?![\w-])"
    r"|\b((?:(?i:mrs?|herr|frau))\b\.?\s+)[A-Za-zÀ-ÿ'’-]+(?:\s+[A-Za-zÀ-ÿ'’-]+)?(?![\w-])"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔"
    "钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_TITLED_CHINESE = re.compile(f"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?=先生|女士|小姐|太太|师傅|老师)")
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
    """The text with addresses, telephone and card numbers, passwords, keys, and names with a title masked, and
    without what cannot be printed.

    By their shape, so it is a net and no promise. A number of eleven digits or more goes even where it is a part.
    """
    text = _printable(text)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    text = _NAMED_BARE.sub(rf"\1{MASK}", text)
    text = _CALLED.sub(rf"\1\2{MASK}", text)
    text = _TITLED.sub(lambda found: (found[1] or found[2]) + MASK, text)
    text = _TITLED_CHINESE.sub(MASK, text)
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


def _printable(text: str) -> str:
    """Without control characters, marks of direction, surrogates and what else no page shows and no database takes."""
    return "".join(map(_shown, text)) if not text.isprintable() else text


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    # Blanks and ends of lines of any kind part words; the rest is nothing.
    return " " if character.isspace() else ""


def _is_key(run: str) -> bool:
    """Letters and digits without an end: a key, a token, a hash. Names of errors have few digits."""
    return sum(map(str.isdigit, run)) >= 5 and sum(map(str.isalpha, run)) >= 5
