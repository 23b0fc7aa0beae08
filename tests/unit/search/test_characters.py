"""Characters that mean the same, looked for as they are written."""

import re
import unicodedata

import pytest

from search.analysis import CJK
from search.characters import plain, signs, variants
from search.highlight import Highlighter
from search.parsing import parse


def test_whatever_becomes_chinese_is_known_by_what_it_becomes() -> None:
    """What marks look for in a text as it stands: nothing else may become the character."""
    is_chinese = re.compile(f"[{CJK}]")
    everything = (chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000)
    written = [char for char in everything if is_chinese.search(plain(char)) and plain(char) != char]
    assert len(written) > 4_000
    for char in written:
        form = plain(char)
        if len(form) == 1:
            assert char in variants()[form]
        else:
            assert all(char in signs()[part] for part in form)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("电池", "更換電池。", "更換<mark>電池</mark>。"),
        ("电池", "电\u200b池与电池", "<mark>电\u200b池</mark>与<mark>电池</mark>"),
        ("电池", "电\U000e0100池", "<mark>电\U000e0100池</mark>"),
        ("風扇", "⻛扇和风扇", "<mark>⻛扇</mark>和<mark>风扇</mark>"),
        ("会社", "㍿的风扇", "<mark>㍿</mark>的风扇"),
        ("电池", "电与池", "电与池"),
    ],
)
def test_a_word_is_marked_in_all_its_forms(query: str, text: str, marked: str) -> None:
    assert Highlighter(parse(query)).title(unicodedata.normalize("NFC", text)) == marked
