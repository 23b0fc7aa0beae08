"""Whom a text names, as @username: also where Chinese, which has no spaces, stands before or behind it."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from procedures.people import staff

_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
# A word before the @ makes it an e-mail address, but for Chinese and a number that Chinese counts with.
_BEFORE = re.compile(rf"(?:^|[^\w@]|[{_CJK}]\d*)\Z")
_NAME = re.compile(r"[\w.+-]{1,150}")
_IS_CJK = re.compile(f"[{_CJK}]")
_LONGEST_BEFORE = 12


def mentioned(text: str) -> list[Any]:
    """The people who may read internal procedures whom the text names."""
    named = list(_named(unicodedata.normalize("NFKC", text).casefold()))  # a full-width ＠ counts
    if not named:
        return []
    people = {person.username.casefold(): person for person in staff()}
    found = [next((people[name] for name in names if name in people), None) for names in named]
    return list(dict.fromkeys(person for person in found if person is not None))


def _named(text: str) -> Iterator[list[str]]:
    """Of each mention the names that it can mean, the longest first: Chinese may be the name or follow it."""
    for sign in re.finditer("@", text):
        before = text[max(0, sign.start() - _LONGEST_BEFORE) : sign.start()]
        name = _NAME.match(text, sign.end())
        if name is None or not _BEFORE.search(before):
            continue
        run = name[0].rstrip(".")
        ends = [i for i in range(1, len(run)) if _IS_CJK.match(run[i]) or _IS_CJK.match(run[i - 1])]
        yield [run, *(run[:end].rstrip(".") for end in reversed(ends))]
